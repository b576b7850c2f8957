"""What the engines say against what was on the wire, on links that delay, lose, double, reorder, damage."""

import contextlib
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from exporter.model import EchoOrder, TcpOrder
from exporter.net.connects import TcpEngine
from exporter.net.echo import EchoEngine
from tests.engines import Driven
from tests.lab.capture import Capture
from tests.lab.link import Conditions, Link
from tests.lab.namespace import Namespace, command
from tests.lab.routers import row
from tests.lab.truth import Echo, echoes, handshakes
from tests.networks import needs_capture, needs_namespaces
from tests.waiting import unspoilt

pytestmark = [needs_namespaces, needs_capture]

ENDS = (("10.77.0.1/24", "fd77::1/64"), ("10.77.0.2/24", "fd77::2/64"))
TARGETS = 50
INTERVAL, TIMEOUT = 0.1, 0.3
SECONDS = 3.0
NEAR = 0.001
"""Seconds by which a delay may differ from the wire's: more than it does, less than a busy host would add."""


@pytest.fixture(autouse=True)
def close() -> Iterator[None]:
    yield
    Driven.close_all()


@contextlib.contextmanager
def linked() -> Iterator[tuple[Namespace, Namespace, Link]]:
    """Join a client and a server that has two hundred addresses more of each family."""
    with Namespace() as client, Namespace() as server, Link(client, server, *ENDS) as link:
        client.run(lambda: _routes("10.78.0.0/24 via 10.77.0.2", "fd78::/64 via fd77::2"))
        server.run(lambda: _routes("local 10.78.0.0/24 dev lo", "local fd78::/64 dev lo"))
        yield client, server, link


def _routes(four: str, six: str) -> None:
    command("ip", "route", "add", *four.split())
    command("ip", "-6", "route", "add", *six.split())


def address(index: int) -> str:
    """Every other target is reached over IPv6."""
    return f"fd78::{index + 1:x}" if index % 2 else f"10.78.0.{index + 1}"


Fates = tuple[dict[str, list[Any]], dict[str, list[Echo]], int]


def echoed(client: Namespace, interface: str = "link0") -> Fates:
    """Send echoes for a while; give what the engine made of them, and the truth, by address.

    Third, how many it has not sent because this host stood still, and says so.
    """

    def what() -> tuple[dict[str, list[Any]], int]:
        driven = Driven(partial(EchoEngine, hold=0.0))
        for job in range(TARGETS):
            driven.engine.add(EchoOrder(job=job, interval=INTERVAL, timeout=TIMEOUT, size=56))
            driven.engine.locate(job, [address(job)], None)
        driven.drive(SECONDS)
        driven.land(2 * TIMEOUT + 0.2)
        seen: dict[str, list[Any]] = defaultdict(list)
        for job, reading in driven.readings:
            seen[address(job)].append(reading)
        return seen, driven.lateness.missed

    with Capture(interface, "icmp", "or", "icmp6", inside=client) as capture:
        seen, missed = client.run(what)
        packets = capture.stop()
    truth: dict[str, list[Echo]] = defaultdict(list)
    for echo in echoes(packets):
        truth[echo.destination].append(echo)
    return seen, truth, missed


def total(seen: list[Any], key: str) -> int:
    return sum(reading.get(key, 0) for reading in seen if isinstance(reading, dict))


def delay(echo: Echo) -> float:
    """Give the seconds until the first reply; infinite where there was none."""
    return (echo.replies[0] - echo.sent) / 1e9 if echo.replies else float("inf")


def difference(seen: dict[str, list[Any]], truth: dict[str, list[Echo]], missed: int) -> float:
    """Give the seconds by which a delay differs from the wire's at most; echoes have the fate they had there.

    The host may stand still between the capture's stamp and the kernel's. Then a delay is shorter than on the
    wire, and of an echo whose time was just up nobody can say which it should be: infinite.
    """
    assert sum(map(len, truth.values())) >= 0.5 * TARGETS * SECONDS / INTERVAL
    assert sum(map(len, truth.values())) + missed >= 0.9 * TARGETS * SECONDS / INTERVAL
    found = 0.0
    for where, sent in truth.items():
        arrived = sorted((echo for echo in sent if delay(echo) <= TIMEOUT), key=delay)
        measured = sorted(rtt for one in seen[where] if isinstance(one, tuple) for rtt in one[1])
        if len(measured) != len(arrived) and any(abs(delay(echo) - TIMEOUT) <= 10 * NEAR for echo in sent):
            return float("inf")
        assert len(measured) == len(arrived)
        assert total(seen[where], "lost") == len(sent) - len(arrived)
        assert total(seen[where], "duplicates") == sum(len(echo.replies) - 1 for echo in arrived)
        found = max([found, *(abs(rtt - delay(echo)) for rtt, echo in zip(measured, arrived, strict=True))])
    return found


@pytest.mark.parametrize(
    ("there", "back"),
    [
        (Conditions(delay=0.02, jitter=0.01), Conditions(delay=0.02, jitter=0.01)),
        (Conditions(loss=0.1), Conditions(loss=0.05)),
        (Conditions(duplication=0.2), Conditions(duplication=0.2)),
        (Conditions(delay=0.001, jitter=0.2, reorder=True), Conditions()),
        (
            Conditions(delay=0.01, jitter=0.15, reorder=True, loss=0.1, duplication=0.1),
            Conditions(delay=0.01, jitter=0.15, reorder=True, loss=0.1, duplication=0.1),
        ),
    ],
    ids=["delay", "loss", "duplication", "reordering", "all at once"],
)
def test_echoes_have_the_fate_they_had_on_the_wire(there: Conditions, back: Conditions) -> None:
    def scene() -> float:
        with linked() as (client, _, link):
            link.set(there=there, back=back)
            seen, truth, missed = echoed(client)
        readings = [reading for one in seen.values() for reading in one if isinstance(reading, tuple)]
        assert any(reading[3] for reading in readings) == there.reorder
        return difference(seen, truth, missed)

    unspoilt(scene, lambda seconds: seconds <= NEAR)


def test_damaged_packets_are_lost() -> None:
    """The kernels throw them away: the server requests, this host replies. About one in ten of each."""

    def scene() -> tuple[int, int]:
        with linked() as (client, _, link):
            link.set(there=Conditions(corruption=0.1), back=Conditions(corruption=0.1))
            seen, *_ = echoed(client)
            damaged = sum(way.corrupted for way in link.counts())
        assert damaged > 100
        return sum(total(one, "lost") for one in seen.values()), damaged

    unspoilt(scene, lambda counts: counts[0] == counts[1])


def test_what_a_policer_drops_is_lost_and_nothing_else() -> None:
    """A token bucket on the way lets half of it through."""

    def scene() -> float:
        with row(1) as built:
            built.routers[0].run(
                lambda: command("tc", "qdisc", "add", "dev", "to-server", "root", "tbf", *POLICED)
            )
            built.client.run(lambda: _routes("10.78.0.0/24 via 10.0.0.2", "fd78::/64 via fd00:0:0:0::2"))
            built.routers[0].run(lambda: _routes("10.78.0.0/24 via 10.0.1.2", "fd78::/64 via fd00:0:0:1::2"))
            built.server.run(lambda: _routes("local 10.78.0.0/24 dev lo", "local fd78::/64 dev lo"))
            seen, truth, missed = echoed(built.client, "to-r1")
        assert sum(total(one, "lost") for one in seen.values()) > 100
        return difference(seen, truth, missed)

    unspoilt(scene, lambda seconds: seconds <= NEAR)


@pytest.mark.parametrize("version", [4, 6])
def test_connects_take_as_long_as_on_the_wire(version: int) -> None:
    """Or as long as the application would wait where the SYN was lost and sent again; and that is counted."""
    where = "10.77.0.2" if version == 4 else "fd77::2"
    unspoilt(lambda: _connected(where), lambda seconds: seconds <= 5 * NEAR)


def _connected(where: str) -> float:
    """Connect forty times; give the seconds by which how long one took differs from the wire's at most."""

    def what() -> list[Any]:
        driven = Driven(TcpEngine)
        for job in range(40):
            driven.engine.add(TcpOrder(job=job, interval=2.5, timeout=2.5, port=7777, every_address=False))
            driven.engine.locate(job, [where], None)
        readings = driven.until(lambda readings: len(readings) >= 40)
        return [connect for _, (_, _, connects, _) in readings for connect in connects]

    with linked() as (client, server, link):
        listener = server.start("python3", "-c", LISTEN, where, stdout=subprocess.PIPE)
        try:
            assert listener.stdout
            assert listener.stdout.readline() == b"listening\n"
            link.set(there=Conditions(delay=0.01, jitter=0.02, loss=0.3), back=Conditions(delay=0.01))
            with Capture("link0", "tcp", inside=client) as capture:
                seen = client.run(what)
                truth = handshakes(capture.stop())
        finally:
            listener.terminate()
            listener.communicate()
    connected = [connect for connect in seen if connect[-1] is None]
    assert len(connected) > 20
    assert sum(connect[3] for connect in seen) <= sum(len(one.syns) - 1 for one in truth)
    slow = [connect for connect in connected if connect[3]]
    assert slow
    assert all(0.9 < seconds < 2.5 and rtt is None for _, seconds, rtt, *_ in slow)
    clean: list[float] = sorted(connect[1] for connect in connected if not connect[3])
    wire = sorted((one.answers[0] - one.syns[0]) / 1e9 for one in truth if one.answers and len(one.syns) == 1)
    return max(abs(one - other) for one, other in zip(clean, wire[: len(clean)], strict=True))


POLICED = ("rate", "200kbit", "burst", "2000", "limit", "3000")
LISTEN = """
import socket, sys, time
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
listener = socket.create_server((sys.argv[1], 7777), family=family)
print("listening", flush=True)
time.sleep(60)
"""
