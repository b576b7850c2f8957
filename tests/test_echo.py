"""The echo engine on real sockets: delay, loss, duplicates, reordering, and what the network throws at it."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest

from exporter.model import Cause, EchoOrder, Failure, ProbeError
from exporter.net.echo import EchoEngine
from exporter.net.exchange import AT_ONCE, MOST_CALLS, Exchange
from exporter.net.flight import Flight, State
from exporter.net.stamps import SO_TIMESTAMPNS, Steps
from tests.engines import Driven, number
from tests.icmp import refuse, reply
from tests.lab.namespace import command
from tests.networks import in_own_network, needs_namespaces, run_inside, stamping

T = TypeVar("T")
pytestmark = needs_namespaces
DEAF = "icmp type echo-request drop"
IPV4 = Path("/proc/sys/net/ipv4")


@pytest.fixture(autouse=True)
def close() -> Iterator[None]:
    yield
    Driven.close_all()


@pytest.fixture(scope="module", autouse=True)
def stamped() -> Iterator[None]:
    """Have the kernel stamp packets already when a test sends its first one."""
    with stamping():
        yield


def allow_everyone() -> None:
    (IPV4 / "ping_group_range").write_text("0 2147483647")


def unprivileged(what: Callable[[], T]) -> Callable[[], T]:
    """Use datagram sockets, which a new network forbids at first."""

    def inside() -> T:
        allow_everyone()
        return what()

    return inside


def echoing(*addresses: str, interval: float = 0.1, timeout: float = 0.1, size: int = 56) -> Driven:
    """Send echoes to these addresses, each under the number of its place."""
    driven = Driven(partial(EchoEngine, hold=0.0))
    for job, address in enumerate(addresses):
        driven.engine.add(EchoOrder(job=job, interval=interval, timeout=timeout, size=size))
        driven.engine.locate(job, [address], None)
    return driven


def send_one(driven: Driven) -> None:
    """Let an echo leave whose reply is not taken in yet."""
    assert isinstance(driven.engine, EchoEngine)
    while not driven.engine._exchanges[4]._flights:
        driven.engine.tick(time.monotonic())


def answers(readings: list[tuple[int, Any]]) -> list[Any]:
    """Every answer by itself: when it was sent, delay, variation, whether it was overtaken, clocks."""
    found = []
    for _, reading in readings:
        if isinstance(reading, tuple):
            started, rtts, variations, overtaken, departure, arrival = reading
            for place, rtt in enumerate(rtts):
                variation = variations[place - len(rtts)] if len(rtts) - place <= len(variations) else None
                found.append(
                    (started, rtt, variation, int(place >= len(rtts) - overtaken), departure, arrival)
                )
    return found


def others(readings: list[tuple[int, Any]]) -> list[Any]:
    """Everything but answers, without the times."""
    return [
        {key: value for key, value in reading.items() if key != "started"}
        for _, reading in readings
        if isinstance(reading, dict)
    ]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("privileged", [False, True], ids=["datagram", "raw"])
@pytest.mark.parametrize("size", [8, 9, 56, 3001])
def test_an_echo_is_answered(address: str, privileged: bool, size: int) -> None:
    """Over both families, with and without privileges, stamped by the kernel; the variation begins later."""

    def what() -> list[Any]:
        # On a busy machine an answer takes its time, and two of them may be told in one reading.
        return echoing(address, size=size, timeout=10.0).until(lambda readings: len(answers(readings)) >= 3)

    readings = in_own_network(what if privileged else unprivileged(what))
    # Who is kept from running between two looks at the clocks doubts them: such an answer has no delay.
    assert all(other == {"sent": 1, "reordered": 0} for other in others(readings))
    seen = answers(readings)[:3]
    delays = [rtt for _, rtt, *_ in seen]
    assert all(0 < delay < 10.0 for delay in delays)
    assert min(delays) < 0.1
    variations = [variation for _, _, variation, *_ in seen]
    assert variations == [
        None, pytest.approx(abs(delays[1] - delays[0])), pytest.approx(abs(delays[2] - delays[1])),
    ]  # fmt: skip
    assert all(clocks == [True, True] for _, _, _, _, *clocks in seen)


def test_one_socket_serves_all() -> None:
    """A thousand targets of both families: two sockets, and every target is asked in each interval."""

    def what() -> tuple[int, set[int]]:
        addresses = [f"127.1.{index // 200}.{index % 200 + 1}" for index in range(999)]
        driven = echoing("::1", *addresses, interval=0.5, timeout=0.5)
        readings = driven.until(number(2000))
        assert not others(readings)
        assert isinstance(driven.engine, EchoEngine)
        return len(driven.engine._exchanges), {job for job, _ in readings}

    assert in_own_network(what) == (2, set(range(1000)))


def test_an_echo_in_flight_is_neither_lost_nor_answered() -> None:
    """It is lost once its time is up, and not before."""

    def what() -> tuple[list[Any], list[Any]]:
        driven = echoing("127.0.0.1", interval=0.3, timeout=0.3)
        driven.drive(0.25)
        return list(driven.readings), others(driven.until(number(1)))

    assert in_own_network(what, DEAF) == ([], [{"sent": 1, "lost": 1, "failure": None}])


class ByHand:
    """A host whose answers the test makes itself; the kernel's own are switched off."""

    def __init__(self) -> None:
        (IPV4 / "icmp_echo_ignore_all").write_text("1")
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self.socket.settimeout(5)

    def request(self) -> bytes:
        """Wait for a request and give its ICMP message."""
        while True:
            packet = self.socket.recv(4096)[20:]
            if packet[0] == 8:
                return packet


def by_hand(
    host: Callable[[ByHand], None], *, enough: int, allowed: bool = False, **settings: Any
) -> tuple[list[Any], list[Any]]:
    """Let `host` answer; give the answers and all else that the engine made of it."""

    def what() -> tuple[list[Any], list[Any]]:
        hand = ByHand()
        thread = threading.Thread(target=host, args=(hand,))
        thread.start()
        readings = echoing("127.0.0.1", **settings).until(
            lambda readings: len(answers(readings)) + len(others(readings)) >= enough
        )
        thread.join()
        hand.socket.close()
        return answers(readings), others(readings)

    return in_own_network(unprivileged(what) if allowed else what)


def test_further_replies_are_duplicates() -> None:
    def host(hand: ByHand) -> None:
        request = hand.request()
        for _ in range(3):
            reply(request)

    answered, further = by_hand(host, enough=3, interval=5.0, timeout=5.0)
    assert len(answered) == 1
    assert further == [{"duplicates": 1}] * 2


def test_a_late_reply_is_no_duplicate_and_no_answer() -> None:
    """The echo stays lost."""

    def host(hand: ByHand) -> None:
        request = hand.request()
        hand.request()
        reply(request)

    answered, further = by_hand(host, enough=2, interval=0.3, timeout=0.2)
    assert not answered
    assert further == [{"sent": 1, "lost": 1, "failure": None}, {"late": 1}]


def test_a_reply_that_was_overtaken_is_no_loss() -> None:
    def host(hand: ByHand) -> None:
        first, second = hand.request(), hand.request()
        reply(second)
        reply(first)

    answered, further = by_hand(host, enough=2, interval=0.2, timeout=2.0)
    assert [overtaken for _, _, _, overtaken, *_ in answered] == [0, 1]
    assert [variation for _, _, variation, *_ in answered] == [None, None]
    assert not further


def test_what_is_not_our_reply_is_nothing() -> None:
    """Another key, another number, another source, another identifier, another type, a stump."""

    def host(hand: ByHand) -> None:
        request = hand.request()
        for place in (4, 7, 9, 15):  # a byte of identifier, sequence number, key, number
            forged = bytearray(request)
            forged[place] ^= 1
            reply(bytes(forged))
        reply(request, source="127.0.0.2")
        reply(request[:12])

    answered, further = by_hand(host, enough=1, interval=0.5, timeout=0.5)
    assert not answered
    assert further == [{"sent": 1, "lost": 1, "failure": None}]


@pytest.mark.parametrize("privileged", [False, True], ids=["datagram", "raw"])
def test_a_refusal_names_who_refuses(privileged: bool) -> None:
    """An ICMP error decides the echo at once; it is a loss with a cause."""

    def what() -> list[Any]:
        return others(echoing("127.0.0.1", interval=5.0, timeout=5.0).until(number(1)))

    reject = "icmp type echo-request reject with icmp type host-unreachable"
    (seen,) = in_own_network(what if privileged else unprivileged(what), reject)
    assert seen["lost"]
    assert seen["failure"].cause is Cause.NET_UNREACHABLE
    assert seen["failure"].detail == "127.0.0.1: 127.0.0.1 says: host unreachable"


def test_an_echo_that_cannot_be_sent_is_a_failure_and_no_loss() -> None:
    """No route: nothing left this host."""
    (seen,) = others(in_own_network(lambda: echoing("192.0.2.1").until(number(1))))
    assert "sent" not in seen
    assert seen["failure"].cause is Cause.CLIENT_LOCAL_NETWORK
    assert seen["failure"].code == "ENETUNREACH"


def test_a_refused_send_does_not_mix_up_the_stamps() -> None:
    """The kernel numbers departures; between refused ones each answer still has its own."""

    def what() -> list[Any]:
        driven = echoing("127.0.0.1", "192.0.2.1", "127.0.0.2", "192.0.2.2", "127.0.0.3", interval=0.05)
        return answers(driven.until(number(200)))

    seen = in_own_network(what)
    assert len(seen) > 100
    assert all(departure for *_, departure, _ in seen)
    assert sorted(rtt for _, rtt, *_ in seen)[len(seen) * 9 // 10] < 0.001


def test_a_target_without_an_address_fails_each_time() -> None:
    failure = Failure(phase=None, cause=Cause.DNS_FAILURE, detail="db: not found")

    def what() -> list[Any]:
        driven = echoing("127.0.0.1")
        driven.engine.locate(0, [], failure)
        driven.until(number(2))
        driven.engine.locate(0, ["::1"], None)
        return driven.until(number(3))

    readings = in_own_network(what)
    assert others(readings[:2]) == [{"failure": failure}] * 2
    assert len(answers(readings[2:])) == 1


def test_a_target_whose_address_is_not_known_yet_waits() -> None:
    def what() -> list[Any]:
        driven = Driven(EchoEngine)
        driven.engine.add(EchoOrder(job=7, interval=0.05, timeout=0.05, size=56))
        return driven.drive(0.2)

    assert in_own_network(what) == []


def test_many_answers_are_told_at_once() -> None:
    """Those of a target are held for a while, and told with a loss at the latest; nothing of them is lost."""

    def what() -> tuple[list[Any], int, int, float]:
        driven = Driven(partial(EchoEngine, hold=30.0))
        assert isinstance(driven.engine, EchoEngine)
        driven.engine.add(EchoOrder(job=0, interval=0.05, timeout=0.05, size=56))
        driven.engine.locate(0, ["127.0.0.1"], None)
        driven.drive(0.5)
        assert not driven.readings
        (IPV4 / "icmp_echo_ignore_all").write_text("1")
        readings, lateness = driven.until(number(2)), driven.lateness
        under_way = [
            flight
            for queue in driven.engine._waiting.values()
            for flight in queue
            if flight.state is State.WAITING
        ]
        begun = sum(lateness.classes) - len(under_way)
        return readings, begun, lateness.missed, lateness.seconds

    readings, begun, missed, late = in_own_network(what)
    (_, held), (_, lost) = readings[:2]
    started, rtts, variations, overtaken, departure, arrival = held
    assert len(rtts) == len(variations) + 1
    assert len(rtts) + missed >= 8
    assert begun == len(rtts) + len(readings) - 1, "what was answered, and what is lost"
    assert (overtaken, departure, arrival) == (0, True, True)
    assert lost["lost"] == 1
    whole = 0.05 * (len(rtts) + missed)  # and what this host stood still for
    assert lost["started"] == pytest.approx(started + whole, abs=0.04 + late + 0.05 * missed)


def test_a_few_targets_answers_are_told_at_once() -> None:
    def what() -> list[Any]:
        driven = Driven(EchoEngine)
        driven.engine.add(EchoOrder(job=0, interval=0.5, timeout=0.5, size=56))
        driven.engine.locate(0, ["127.0.0.1"], None)
        return driven.until(number(1))

    ((_, (_, rtts, *_)),) = in_own_network(what)
    assert len(rtts) == 1


def test_an_echo_to_the_address_before_is_still_judged() -> None:
    """A move in mid-flight loses nothing: the reply still comes from where it was sent to."""

    def what() -> list[Any]:
        driven = echoing("127.0.0.1", interval=30.0, timeout=5.0)
        send_one(driven)
        driven.engine.locate(0, ["::1"], None)
        return driven.until(number(1))

    assert len(answers(in_own_network(what))) == 1


def test_a_standstill_loses_nothing() -> None:
    """Replies that came in time are found in time, by the kernel's stamps; what was not sent is no loss."""

    def what() -> tuple[Driven, float]:
        begun = time.monotonic()
        driven = echoing("127.0.0.1", interval=0.1, timeout=0.2)
        driven.until(number(2))
        driven.engine.tick(time.monotonic())
        time.sleep(1.0)  # longer than any timeout
        driven.until(number(8))
        return driven, time.monotonic() - begun

    driven, seconds = in_own_network(what)
    assert not others(driven.readings)
    assert all(rtt < 0.5 for _, rtt, *_ in answers(driven.readings))
    assert 7 <= driven.lateness.missed <= seconds / 0.1 - len(answers(driven.readings)) + 1


def test_a_full_buffer_is_our_own_fault_and_no_loss() -> None:
    """Of echoes whose replies may have been dropped here nothing is said but that they were not seen."""

    def what() -> Driven:
        addresses = [f"127.0.1.{index}" for index in range(1, 201)]
        driven = echoing(*addresses, interval=0.2, timeout=0.2)
        engine = driven.engine
        assert isinstance(engine, EchoEngine)
        engine._exchanges[4]._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        now = time.monotonic() + 0.2
        for job in engine._pace.due(now):
            engine._send(job)
        driven.drive(0.5)
        return driven

    driven = in_own_network(what)
    assert driven.lateness.unseen > 0
    assert not [seen for seen in others(driven.readings) if seen.get("lost")]


def test_after_a_step_of_the_clock_no_delay_is_believed() -> None:
    """The echo is answered all the same."""

    def what() -> list[Any]:
        driven = echoing("127.0.0.1", interval=30.0, timeout=5.0)
        engine = driven.engine
        assert isinstance(engine, EchoEngine)
        send_one(driven)
        engine._exchanges[4].doubt_stamps()
        return others(driven.until(number(1)))

    assert in_own_network(what) == [{"sent": 1, "reordered": 0}]


@pytest.mark.parametrize("step", [0.0, 3.0, -0.004])
def test_who_is_kept_from_running_between_two_looks_at_the_clocks_takes_it_for_no_step(step: float) -> None:
    """Nor for an offset to measure by, so that the next look would see one; a real step is seen at once."""
    kept, ahead = 0.0, 0.0

    def wall() -> int:
        read = time.time_ns() + int(ahead * 1e9)
        time.sleep(kept)
        return read

    steps = Steps(wall)
    for seconds in (0.0009, 0.0018, 0.0026):
        kept = seconds
        assert not steps.taken()
    kept, ahead = 0.0, step
    assert steps.taken() == pytest.approx(step, abs=0.001)
    assert not steps.taken()


@pytest.mark.parametrize(("ways", "clocks"), [((SO_TIMESTAMPNS,), (0, True)), ((9999,), (0, False))])
def test_without_the_kernels_stamps_our_own_clock_has_to_do(
    ways: tuple[int, ...], clocks: tuple[int, bool]
) -> None:
    """Of departure, or of both; and it is said."""

    def what() -> tuple[float | None, tuple[int, bool]]:
        seen: list[tuple[float | None, bool]] = []
        exchange: Exchange[None] = Exchange(
            4, lambda _, rtt, stamped: seen.append((rtt, stamped)), lambda *_: None, ways
        )
        flight: Flight[None] = Flight(None, 1, exchange.place("127.0.0.1"))
        exchange.send(flight, 56, 1.0)
        while not seen:
            exchange.take_in()
        exchange.close()
        return seen[0][0], (flight.departure, seen[0][1])

    rtt, found = in_own_network(what)
    assert found == clocks
    assert rtt is not None
    assert 0 < rtt < 2.0


@pytest.mark.parametrize("ways", [(SO_TIMESTAMPNS,), (9999,)], ids=["arrivals", "nothing"])
def test_a_refusal_is_heard_whatever_is_stamped(ways: tuple[int, ...]) -> None:
    """As in the first moments of a process, in which the kernel does not stamp yet what it will later."""

    def what() -> tuple[Flight[None], ProbeError]:
        seen: list[tuple[Flight[None], ProbeError]] = []
        exchange: Exchange[None] = Exchange(4, lambda *_: None, lambda *refused: seen.append(refused), ways)
        exchange.send(Flight(None, 1, exchange.place("127.0.0.1")), 56, 1.0)
        while not seen:
            exchange.take_in()
        exchange.close()
        return seen[0]

    reject = "icmp type echo-request reject with icmp type host-unreachable"
    flight, error = in_own_network(what, reject, seconds=10.0)
    assert flight.number == 1
    assert error.detail == "127.0.0.1: 127.0.0.1 says: host unreachable"


@pytest.mark.parametrize(("per_mille", "echoes"), [(5, 8000), (10, 8000), (50, 4000), (200, 2000)])
def test_loss_is_what_was_dropped(per_mille: int, echoes: int) -> None:
    """To the packet, however little or much of it there is."""

    def what() -> tuple[int, int, int]:
        addresses = [f"127.0.1.{index}" for index in range(1, 201)]
        driven = echoing(*addresses, interval=0.1, timeout=0.5)
        driven.until(number(echoes), 30)
        readings = driven.land(0.8)
        dropped = re.search(r"counter packets (\d+)", command("nft", "list", "table", "inet", "t"))
        assert dropped
        lost = len([seen for seen in others(readings) if seen.get("lost")])
        return len(answers(readings)), lost, int(dropped[1])

    rule = f"icmp type echo-request numgen random mod 1000 < {per_mille} counter drop"
    answered, lost, dropped = in_own_network(what, rule)
    assert answered + lost >= echoes
    assert lost == dropped > 0


def test_identifiers_are_drawn_at_random() -> None:
    """Two hosts behind one translator that count from one would meet there."""

    def what() -> set[int]:
        exchanges: list[Exchange[None]] = [Exchange(4, lambda *_: None, lambda *_: None) for _ in range(8)]
        drawn = {exchange._icmp.identifier for exchange in exchanges}
        for exchange in exchanges:
            exchange.close()
        return drawn

    for drawn in (in_own_network(what), in_own_network(unprivileged(what))):
        assert len(drawn) == 8
        assert max(drawn) - min(drawn) > 100


def test_an_address_of_a_family_that_is_not_there_is_a_failure() -> None:
    """As where IPv6 is switched off."""

    def what() -> list[Any]:
        Path("/proc/sys/net/ipv6/conf/all/disable_ipv6").write_text("1")
        return others(echoing("::1").until(number(1)))

    (seen,) = in_own_network(what)
    assert seen["failure"].cause is Cause.CLIENT_LOCAL_NETWORK


def test_an_address_on_an_interface_that_is_not_there_is_a_failure() -> None:
    """The meter, which measures all the others, must not die of it."""
    (seen,) = others(in_own_network(lambda: echoing("fe80::1%nosuch").until(number(1))))
    assert "sent" not in seen
    assert seen["failure"].cause is Cause.CLIENT_LOCAL_NETWORK


@pytest.mark.parametrize(("kind", "code"), [(4, 0), (5, 1)], ids=["source quench", "redirect"])
def test_advice_is_no_refusal(kind: int, code: int) -> None:
    """A router that knows a shorter way has passed the echo on all the same."""

    def host(hand: ByHand) -> None:
        request = hand.request()
        refuse(request, kind, code)
        reply(request)

    answered, further = by_hand(host, enough=1, interval=5.0, timeout=1.0, allowed=True)
    assert (len(answered), further) == (1, [])


def test_a_refusal_of_what_was_sent_elsewhere_is_not_ours() -> None:
    """Sequence numbers come round: only the destination tells whose echo is meant."""

    def host(hand: ByHand) -> None:
        request = hand.request()
        refuse(request, 3, 1, destination="127.0.0.2")
        reply(request)

    answered, further = by_hand(host, enough=1, interval=5.0, timeout=1.0)
    assert (len(answered), further) == (1, [])


def test_a_standstill_between_tick_and_departure_shortens_no_timeout() -> None:
    """An echo's time begins when it leaves."""

    def what() -> list[Any]:
        hand = ByHand()
        driven = echoing("127.0.0.1", interval=5.0, timeout=0.4)
        tick = time.monotonic()
        time.sleep(0.5)
        driven.engine.tick(tick)
        driven.engine.tick(time.monotonic())
        reply(hand.request())
        hand.socket.close()
        return driven.until(number(1))

    assert len(answers(in_own_network(what))) == 1


def test_a_duplicate_that_comes_late_is_one_all_the_same() -> None:
    def host(hand: ByHand) -> None:
        request = hand.request()
        reply(request)
        hand.request()
        hand.request()
        reply(request)

    answered, further = by_hand(host, enough=3, interval=0.2, timeout=0.1)
    assert len(answered) == 1
    assert {"duplicates": 1} in further


def test_what_is_decided_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also behind an echo with a long timeout that was refused at once."""
    monkeypatch.setattr("exporter.net.echo.LATE", 0.1)

    def what() -> int:
        driven = echoing("127.0.0.1", interval=60.0, timeout=60.0)
        driven.until(number(1))
        driven.engine.add(EchoOrder(job=1, interval=0.01, timeout=0.01, size=56))
        driven.engine.locate(1, ["127.0.0.2"], None)
        driven.until(number(100))
        assert isinstance(driven.engine, EchoEngine)
        return len(driven.engine._exchanges[4]._flights)

    reject = "icmp type echo-request ip daddr 127.0.0.1 reject with icmp type host-unreachable"
    assert in_own_network(what, reject, "icmp type echo-request drop") < 50


def test_silent_neighbours_do_not_hold_up_others() -> None:
    """What is meant for them waits for their hardware addresses, in the buffer that all share."""

    def what() -> list[Any]:
        run_inside("ip", "link", "add", "near", "type", "veth", "peer", "name", "far")
        for device in ("near", "far"):
            run_inside("ip", "link", "set", device, "up")
        run_inside("ip", "address", "add", "10.9.0.1/16", "dev", "near")
        silent = [f"10.9.1.{index}" for index in range(1, 201)]
        driven = echoing("127.0.0.1", *silent, interval=0.2, timeout=0.2)
        return driven.until(number(1600))

    refusals = [reading.get("failure") for reading in others(in_own_network(what))]
    assert {refusal.code for refusal in refusals if refusal} <= {""}


def test_a_flood_does_not_hide_an_answer() -> None:
    """What is still in the buffer after all that one go may take in has not been seen, and is not lost."""

    def what() -> Driven:
        hand = ByHand()
        driven = echoing("127.0.0.1", interval=5.0, timeout=0.5)
        send_one(driven)
        request = hand.request()
        forged = bytearray(request)
        forged[9] ^= 1
        for _ in range(MOST_CALLS * AT_ONCE + 100):
            reply(bytes(forged))
        reply(request)
        hand.socket.close()
        time.sleep(0.5)
        driven.drive(0.2)
        return driven

    driven = in_own_network(what)
    assert not [seen for seen in others(driven.readings) if seen.get("lost")]
    assert len(answers(driven.readings)) + driven.lateness.unseen == 1


def test_a_target_that_was_removed_is_sent_nothing() -> None:

    def removed() -> None:
        driven = echoing("127.0.0.1", "127.0.0.1")
        driven.until(lambda readings: {job for job, _ in readings} == {0, 1})
        driven.engine.remove(0)
        driven.drive(0.2)
        driven.readings.clear()
        driven.until(number(5))
        assert {job for job, _ in driven.readings} == {1}

    in_own_network(removed)
