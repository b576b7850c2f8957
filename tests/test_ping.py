"""Echoes on real sockets: delay, loss, duplicates, and what happens where none may be sent."""

import ctypes
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from exporter.model import Cause, Endpoint, PingObservation, ProbeError, Target
from exporter.net import echo
from exporter.net.resolve import Lookup, Resolver
from exporter.net.waiting import Stop, Stopped
from exporter.probes.kind import Unavailable
from exporter.probes.ping import PingProbe, PingSettings
from tests.networks import in_own_network, needs_namespaces
from tests.probing import Answering, probe_tools

FILES = Path("/proc/self/fd")
OPEN_TO_ALL = "0 2147483647"


def ping_probe(
    host: str, *, resolver: Resolver | None = None, stop: Stop | None = None, **settings: object
) -> PingProbe:
    endpoint = Endpoint(dialect="postgresql", host=host, port=5432, user="u", password=None, database="d")
    tools = probe_tools(endpoint, resolver=resolver, stop=stop)
    return PingProbe(Target(name="orders", endpoint=endpoint), PingSettings.model_validate(settings), tools)


def allow_everyone() -> None:
    Path("/proc/sys/net/ipv4/ping_group_range").write_text(OPEN_TO_ALL)


def unprivileged(what: Callable[[], Sequence[PingObservation]]) -> Callable[[], Sequence[PingObservation]]:
    """Use datagram sockets, which a new network forbids at first."""

    def inside() -> Sequence[PingObservation]:
        allow_everyone()
        return what()

    return inside


@needs_namespaces
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("privileged", [False, True], ids=["datagram", "raw"])
def test_an_echo_is_answered(host: str, privileged: bool) -> None:
    """Over both families, with and without privileges; the variation begins with the second."""

    def what() -> Sequence[PingObservation]:
        probe = ping_probe(host)
        return [*probe.run(), *probe.run(), *probe.run()]

    seen = in_own_network(what if privileged else unprivileged(what))
    delays = []
    for observation in seen:
        assert observation.sent
        assert not observation.lost
        assert observation.failure is None
        assert observation.rtt is not None
        delays.append(observation.rtt)
    assert all(0 < delay < 0.5 for delay in delays)
    assert [observation.variation for observation in seen] == [
        None, pytest.approx(abs(delays[1] - delays[0])), pytest.approx(abs(delays[2] - delays[1])),
    ]  # fmt: skip


@needs_namespaces
def test_an_echo_without_a_reply_is_lost_once_its_time_is_up() -> None:
    """Not before: in flight it counts as neither lost nor answered."""

    def what() -> tuple[Sequence[PingObservation], ...]:
        probe = ping_probe("127.0.0.1", interval="200ms", timeout="200ms")
        first = probe.run()
        time.sleep(0.03)
        return first, probe.run()

    first, second = in_own_network(what, "icmp type echo-request drop")
    assert first == []
    (lost,) = second
    assert lost.sent
    assert lost.lost
    assert lost.rtt is None
    assert lost.duration >= 0.2


@needs_namespaces
def test_half_of_the_replies_lost_is_half_of_the_echoes_lost() -> None:
    """Every second reply is dropped; loss and replies add up to what was sent."""

    def what() -> list[PingObservation]:
        probe = ping_probe("127.0.0.1", interval="50ms", timeout="50ms")
        seen: list[PingObservation] = []
        for _ in range(20):
            seen += probe.run()
            time.sleep(0.006)
        return seen

    seen = in_own_network(what, "icmp type echo-reply numgen inc mod 2 == 0 drop")
    assert len(seen) in (19, 20)
    assert sum(observation.lost for observation in seen) in (9, 10)
    assert all(observation.variation is None for observation in seen), "no two answered ones in a row"


def reply_by_hand(identifier: int, sequence: int, token: bytes) -> None:
    """Send an echo reply to 127.0.0.1 as if it came from there."""
    head = bytes([0, 0, 0, 0]) + identifier.to_bytes(2, "big") + sequence.to_bytes(2, "big") + token
    total = sum(int.from_bytes(head[at : at + 2], "big") for at in range(0, len(head), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as sock:
        sock.sendto(head[:2] + (~total & 0xFFFF).to_bytes(2, "big") + head[4:], ("127.0.0.1", 0))


@needs_namespaces
def test_replies_are_matched_by_identifier_source_and_token() -> None:
    """A second reply is a duplicate, a late one nothing at all, and a stranger's is not ours."""

    def what() -> tuple[list[PingObservation], ...]:
        probe = ping_probe("127.0.0.1", interval="100ms", timeout="100ms")
        answered = list(probe.run())
        sock = probe._echo
        assert sock
        reply_by_hand(sock._identifier, probe._sequence, sock._token)  # a duplicate
        reply_by_hand(sock._identifier, probe._sequence, bytes(8))  # a stranger's token
        reply_by_hand(sock._identifier ^ 1, probe._sequence, sock._token)  # a stranger's identifier
        reply_by_hand(sock._identifier, probe._sequence + 9, sock._token)  # never asked for
        return answered, list(probe.run())

    answered, then = in_own_network(what)
    assert [observation.lost for observation in answered] == [False]
    duplicate, further = then
    assert (duplicate.sent, duplicate.duplicates, duplicate.rtt) == (False, 1, None)
    assert further.sent
    assert further.rtt is not None


@needs_namespaces
def test_a_late_reply_is_no_duplicate() -> None:
    """Its echo has been judged lost, and stays so."""

    def what() -> tuple[list[PingObservation], ...]:
        probe = ping_probe("127.0.0.1", interval="60ms", timeout="60ms")
        assert not probe.run()
        time.sleep(0.02)
        lost = list(probe.run())
        sock = probe._echo
        assert sock
        reply_by_hand(sock._identifier, probe._sequence - 1, sock._token)
        time.sleep(0.02)
        return lost, list(probe.run())

    lost, then = in_own_network(what, "icmp type echo-request drop")
    assert [observation.lost for observation in lost] == [True]
    assert [(observation.lost, observation.duplicates) for observation in then] == [(True, 0)]


@needs_namespaces
def test_an_echo_that_cannot_be_sent_is_a_failure_and_no_loss() -> None:
    """No route: nothing left this host."""
    (seen,) = in_own_network(lambda: ping_probe("192.0.2.1").run())
    assert not seen.sent
    assert not seen.lost
    assert seen.failure
    assert seen.failure.cause == "client.local_network"


@needs_namespaces
def test_a_name_that_does_not_resolve_is_a_failure() -> None:
    (seen,) = in_own_network(lambda: ping_probe("db.invalid").run())
    assert (seen.sent, seen.failure and str(seen.failure.cause)) == (False, "dns.failure")


class Moving(Resolver):
    """A resolver whose answer changes, and which then fails."""

    def __init__(self, *answers: str) -> None:
        super().__init__(Stop())
        self.answers = list(answers)

    def ask(self, host: str) -> Lookup:  # noqa: ARG002  the base class's signature
        lookup = Lookup(addresses=(self.answers.pop(0),) if self.answers else ())
        lookup.error = None if lookup.addresses else ProbeError(Cause.DNS_FAILURE, "gone")
        lookup.done.set()
        return lookup


@needs_namespaces
def test_a_name_is_resolved_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The echo follows its answer, there and back; a resolver that fails changes nothing."""
    monkeypatch.setattr("exporter.probes.ping.RESOLVE_AGAIN", 0.0)
    resolver = Moving("127.0.0.1", "127.0.0.2", "::1", "127.0.0.1")

    def what() -> list[str]:
        probe, where = ping_probe("moving.test", resolver=resolver), []
        for _ in range(9):
            (seen,) = probe.run()
            assert seen.rtt is not None
            assert probe._echo
            where.append(probe._echo.address)
        return where

    one, two, six = "127.0.0.1", "127.0.0.2", "::1"
    assert in_own_network(what) == [one, one, two, two, six, six, one, one, one]


@needs_namespaces
def test_a_loss_is_told_when_its_time_is_up() -> None:
    """Not an interval later."""
    (lost,) = in_own_network(
        lambda: ping_probe("127.0.0.1", interval="1h", timeout="100ms").run(), "icmp type echo-request drop"
    )
    assert lost.lost


@needs_namespaces
def test_the_end_of_the_daemon_wakes_an_echo() -> None:
    def what() -> float:
        stop = Stop()
        probe = ping_probe("127.0.0.1", stop=stop, interval="9s", timeout="9s")
        threading.Timer(0.1, stop.throw).start()
        before = time.monotonic()
        with pytest.raises(Stopped):
            probe.run()
        return time.monotonic() - before

    assert in_own_network(what, "icmp type echo-request drop") < 2


@needs_namespaces
def test_where_no_echo_may_be_sent_the_probe_says_what_it_needs() -> None:
    """An ordinary user with the system's defaults may open neither kind of socket."""

    def what() -> str:
        # Of this thread alone: the C library's own call would change every thread.
        assert ctypes.CDLL(None, use_errno=True).syscall(SETRESUID, 65534, 65534, 65534) == 0
        with pytest.raises(Unavailable) as caught:
            ping_probe("127.0.0.1")
        return str(caught.value)

    said = in_own_network(what)
    assert "net.ipv4.ping_group_range" in said
    assert "CAP_NET_RAW" in said


SETRESUID = {"x86_64": 117, "aarch64": 147}[os.uname().machine]


@needs_namespaces
def test_a_step_of_the_wall_clock_makes_no_delay() -> None:
    """A stamp that does not fit the monotonic clock is not taken for one."""

    def what() -> echo.Echo:
        sock = echo.EchoSocket("127.0.0.1", 56)
        sock.send(1)
        sent_at, monotonic = sock._sent[1]
        sock._sent[1] = (sent_at - 3600, monotonic)
        assert sock.wait(2, Stop())
        replies: list[echo.Echo] = []
        while not replies:
            replies = sock.replies()
        sock.close()
        return replies[0]

    assert in_own_network(what) == echo.Echo(sequence=1, rtt=None)


@needs_namespaces
def test_pings_leave_no_descriptors_behind() -> None:
    def what() -> int:
        probe = ping_probe("127.0.0.1", resolver=Answering(["127.0.0.1"]))
        probe.run()
        before = len(list(FILES.iterdir()))
        for _ in range(50):
            probe.run()
        return len(list(FILES.iterdir())) - before

    assert in_own_network(what) <= 0
