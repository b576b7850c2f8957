"""Packet sizes through real routers: what passes, what is refused, and what vanishes without a word."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exporter.model import Cause, MtuObservation
from exporter.net.icmp_errors import UNUSED_PORT
from exporter.net.ladder import TRIES, Climb, Ladder, _less, _middle
from exporter.net.packet_sizes import MOST, DatagramSizes, EchoSizes, Fate, Sizes
from exporter.net.waiting import Stop, Stopped, wait
from exporter.probes.mtu import MtuProbe, MtuSettings
from tests.lab.routers import Row, row
from tests.networks import in_own_network, needs_namespaces
from tests.probing import Answering, a_target, probe_tools

NARROW = 1300
VERSIONS = [4, 6]
BIG = "icmp type destination-unreachable drop"
BIG6 = "icmpv6 type packet-too-big drop"


@pytest.fixture(scope="module")
def narrow() -> Iterator[Row]:
    """Three routers; the link behind the second carries 1300 bytes only, both ways."""
    with row(3) as built:
        built.routers[1].ip(f"link set to-r3 mtu {NARROW}")
        built.routers[2].ip(f"link set to-r2 mtu {NARROW}")
        yield built


@pytest.fixture(autouse=True)
def no_rules(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "narrow" in request.fixturenames:
        built: Row = request.getfixturevalue("narrow")
        for node in built.nodes:
            for hook in ("forward", "input", "output"):
                node.rules(hook)
            # What the kernel has learned of path MTUs must not decide the next test.
            node.command("ip", "-4", "route", "flush", "cache")
            node.command("ip", "-6", "route", "flush", "cache")


def probe(address: str, *, stop: Stop | None = None, **settings: Any) -> MtuProbe:
    target = a_target("db.test")
    tools = probe_tools(target.endpoint, stop=stop, resolver=Answering([address]))
    return MtuProbe(target, MtuSettings.model_validate(settings), tools)


def look(built: Row, version: int, *, nobody: bool = False) -> MtuObservation:
    """Look once, as the client."""

    def what() -> MtuObservation:
        (seen,) = probe(built.target(version)).run()
        return seen

    return built.client.as_nobody(what) if nobody else built.client.run(what)


@needs_namespaces
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("nobody", [False, True], ids=["echo", "datagrams"])
def test_a_router_that_says_so_is_no_black_hole(narrow: Row, version: int, nobody: bool) -> None:
    """Nor for an ordinary user, who may not send echoes."""
    seen = look(narrow, version, nobody=nobody)
    assert (seen.mtu, seen.blackhole, seen.failure) == (NARROW, False, None)


@needs_namespaces
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("nobody", [False, True], ids=["echo", "datagrams"])
def test_what_vanishes_without_a_word_is_a_black_hole(narrow: Row, version: int, nobody: bool) -> None:
    """To the byte; and it is told on which way."""
    narrow.routers[1].rules("output", BIG, BIG6)
    seen = look(narrow, version, nobody=nobody)
    assert (seen.mtu, seen.blackhole) == (NARROW, True)
    assert seen.failure
    assert seen.failure.cause is Cause.NET_MTU_BLACKHOLE
    assert f"packets of {NARROW} bytes pass, of {NARROW + 1} vanish on the way there" in seen.failure.detail


@needs_namespaces
def test_large_packets_that_vanish_on_the_way_back(narrow: Row) -> None:
    """Datagrams tell: they arrive, and their answer is small."""
    for node, interface in ((narrow.routers[1], "to-r3"), (narrow.routers[2], "to-r2")):
        node.ip(f"link set {interface} mtu 1500")
    narrow.routers[1].rules("forward", "iifname to-r3 meta length > 1400 drop")
    try:
        seen = look(narrow, 4)
    finally:
        for node, interface in ((narrow.routers[1], "to-r3"), (narrow.routers[2], "to-r2")):
            node.ip(f"link set {interface} mtu {NARROW}")
    assert (seen.mtu, seen.blackhole) == (1400, True)
    assert seen.failure
    assert "of 1401 vanish on the way back" in seen.failure.detail


@needs_namespaces
def test_loss_is_no_black_hole(narrow: Row) -> None:
    """Packets of all sizes vanish then; over several looks none is called one, and the size stays right."""
    narrow.routers[0].rules("forward", "numgen random mod 100 < 10 drop")

    def what() -> list[MtuObservation]:
        looking = probe(narrow.target(4))
        return [seen for _ in range(6) for seen in looking.run()]

    seen = narrow.client.run(what)
    assert seen
    assert not any(one.blackhole for one in seen)
    assert {one.mtu for one in seen} <= {NARROW, None}


@needs_namespaces
def test_what_vanishes_by_chance_before_somebody_says_so(narrow: Row) -> None:
    """All packets of full size that are tried are lost, and only a smaller one is heard to be too big."""
    narrow.routers[0].rules("forward", "meta length 1500 numgen inc mod 1000 < 3 drop")
    seen = look(narrow, 4)
    assert (seen.mtu, seen.blackhole, seen.failure) == (NARROW, False, None)


@needs_namespaces
def test_a_path_of_full_size_needs_few_packets() -> None:
    with row(1) as built:
        seen = look(built, 4)
    assert (seen.mtu, seen.blackhole, seen.failure) == (1500, False, None)


@needs_namespaces
def test_a_host_that_answers_nothing_tells_nothing(narrow: Row) -> None:
    """Whether echoes or datagrams are asked: no size, no black hole, no failure."""
    narrow.server.rules("input", "meta l4proto { icmp, ipv6-icmp, udp } drop")
    for nobody in (False, True):
        seen = look(narrow, 4, nobody=nobody)
        assert (seen.mtu, seen.blackhole, seen.failure) == (None, None, None)


@needs_namespaces
def test_a_way_that_cannot_be_told_is_left_open(narrow: Row) -> None:
    narrow.routers[1].rules("output", BIG)
    narrow.server.rules("input", "meta l4proto udp drop")
    seen = look(narrow, 4)
    assert seen.failure
    assert "vanish unexplained" in seen.failure.detail


@needs_namespaces
@pytest.mark.parametrize("nobody", [False, True])
def test_an_unreachable_host_is_a_failure(narrow: Row, nobody: bool) -> None:
    narrow.routers[0].rules("forward", "reject with icmp type host-unreachable")
    seen = look(narrow, 4, nobody=nobody)
    assert seen.failure
    assert seen.failure.cause is Cause.NET_UNREACHABLE
    assert "host unreachable" in seen.failure.detail


@needs_namespaces
def test_without_a_route_nothing_can_be_sent() -> None:
    """Nor without the family at all."""

    def what() -> list[MtuObservation]:
        routeless = probe("192.0.2.1").run()
        Path("/proc/sys/net/ipv6/conf/all/disable_ipv6").write_text("1")
        return [*routeless, *probe("::1").run()]

    for seen in in_own_network(what):
        assert seen.failure
        assert seen.failure.cause in (Cause.CLIENT_LOCAL_NETWORK, Cause.CLIENT_RESOURCES)


@needs_namespaces
def test_loopback_carries_the_largest_packet_there_is() -> None:
    """Raw sockets and datagram sockets, both families."""

    def what() -> list[int | None]:
        found = [seen.mtu for address in ("127.0.0.1", "::1") for seen in probe(address).run()]
        Path("/proc/sys/net/ipv4/ping_group_range").write_text("0 2147483647")
        return found + [seen.mtu for address in ("127.0.0.1", "::1") for seen in probe(address).run()]

    assert in_own_network(what) == [MOST] * 4


@needs_namespaces
def test_the_end_of_the_daemon_ends_a_look() -> None:
    def what() -> None:
        stop = Stop()
        stop.throw()
        sizes = EchoSizes("127.0.0.1", stop)
        try:
            with pytest.raises(Stopped):
                sizes.attempt(100, 5.0)
        finally:
            sizes.close()

    in_own_network(what, "icmp type echo-request drop")


class Scripted(Sizes):
    """A path of a chosen width, in memory."""

    def __init__(self, width: int, *, quiet: bool = False, limits: tuple[int, ...] = (1500,)) -> None:
        self.width = width
        self.limits = list(limits)
        self.quiet = quiet
        self.tried: list[int] = []

    @property
    def least(self) -> int:
        return 68

    def attempt(self, size: int, seconds: float) -> Fate:  # noqa: ARG002  the base class's signature
        self.tried.append(size)
        if self.quiet:
            return Fate()
        if size == MOST:
            return Fate(limit=self.limits.pop(0))
        return Fate(passed=size <= self.width, seconds=0.001)

    def _send(self, size: int) -> None:  # noqa: ARG002  the base class's signature
        raise AssertionError

    def _answered(self) -> bool:
        raise AssertionError


@pytest.mark.parametrize("width", [68, 69, 575, 576, 1000, 1279, 1400, 1401, 1419, 1460, 1499])
def test_the_border_is_found_to_the_byte(width: int) -> None:
    """And found again at once, with few packets."""
    ladder, first = Ladder(), Scripted(width)
    assert ladder.climb(first, 60) == Climb(passed=width, vanished=width + 1)
    again = Scripted(width)
    assert ladder.climb(again, 60) == Climb(passed=width, vanished=width + 1)
    assert len(again.tried) <= 15 < len(first.tried) or len(first.tried) <= 15


def test_a_border_that_moved_is_found_again() -> None:
    ladder = Ladder()
    for width in (1400, 1300, 1450, 576):
        assert ladder.climb(Scripted(width), 60) == Climb(passed=width, vanished=width + 1)
    assert ladder.climb(Scripted(1500), 60) == Climb(passed=1500)


def test_a_look_without_time_tells_nothing() -> None:
    assert Ladder().climb(Scripted(1400), 0.0) == Climb(passed=None)


def test_a_look_that_takes_too_long_tells_nothing() -> None:
    class Slow(Scripted):
        def attempt(self, size: int, seconds: float) -> Fate:
            fate = super().attempt(size, seconds)
            if not fate.passed and fate.limit is None:
                time.sleep(seconds)
            return fate

    assert Ladder().climb(Slow(1400), 0.2) is None


def test_old_and_lying_routers_are_borne() -> None:
    """One that names no size, and one that names a larger one than was refused."""
    assert _less(0, 1500, 68) == 1492
    assert _less(9000, 1500, 68) == 1492
    assert _less(40, 1500, 68) == 68
    assert _less(0, 100, 68) == 68
    assert _middle(1400, 1412) == 1406
    assert _middle(1280, 1500) in range(1281, 1500)


@needs_namespaces
def test_what_vanishes_but_for_a_late_word() -> None:
    """A router that speaks up only now and then makes no black hole."""

    class Late(Scripted):
        def attempt(self, size: int, seconds: float) -> Fate:
            fate = super().attempt(size, seconds)
            return Fate(limit=1400, by="10.0.0.1") if 1400 < size < 1500 else fate

    assert Ladder().climb(Late(1400), 60) == Climb(passed=1400, by="10.0.0.1")


def test_a_word_that_comes_while_one_makes_sure_is_heard() -> None:
    class Slow(Scripted):
        def attempt(self, size: int, seconds: float) -> Fate:
            fate = super().attempt(size, seconds)
            said = size == 1401 and self.tried.count(size) > TRIES
            return Fate(limit=1400, by="10.0.0.1") if said else fate

    assert Ladder().climb(Slow(1400), 60) == Climb(passed=1400, by="10.0.0.1")


def test_a_router_that_names_what_passes_and_then_loses_it_tells_nothing() -> None:
    class Lossy(Scripted):
        def attempt(self, size: int, seconds: float) -> Fate:
            fate = super().attempt(size, seconds)
            if 1400 < size < 1500:
                return Fate(limit=100, by="10.0.0.1")
            return Fate() if any(1400 < tried < 1500 for tried in self.tried) else fate

    assert Ladder().climb(Lossy(1400), 60) is None


def test_what_passes_must_pass_again() -> None:
    class Gone(Scripted):
        def attempt(self, size: int, seconds: float) -> Fate:
            fate = super().attempt(size, seconds)
            return Fate() if self.tried.count(1401) > 2 * TRIES else fate

    assert Ladder().climb(Gone(1400), 60) is None


def test_a_border_that_chance_made_is_made_sure_of_as_a_new_one_is() -> None:
    """One look loses all of 1301 and larger, but for what makes sure; the next one loses them for longer."""

    class Losing(Scripted):
        def __init__(self, lost: int) -> None:
            super().__init__(1500)
            self.lost = lost

        def attempt(self, size: int, seconds: float) -> Fate:
            fate = super().attempt(size, seconds)
            lost = 1300 < size < MOST and self.tried.count(size) <= self.lost
            return Fate() if lost else fate

    ladder = Ladder()
    assert ladder.climb(Losing(TRIES), 60) is None
    assert ladder.climb(Losing(2 * TRIES), 60) is None
    assert ladder.climb(Losing(3 * TRIES), 60) == Climb(passed=1300, vanished=1301)


def test_a_datagram_has_a_host_to_go_to() -> None:
    sizes = DatagramSizes("127.0.0.1", Stop())
    assert sizes.attempt(68, 1.0).passed
    sizes.close()


@needs_namespaces
def test_somebody_who_talks_back_does_not_make_a_look_spin(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left unread keeps a socket readable; it would be looked at again and again until the end."""
    waits: list[int] = []

    def counted(*args: Any) -> bool:
        waits.append(1)
        return wait(*args)

    monkeypatch.setattr("exporter.net.packet_sizes.wait", counted)

    def what() -> Fate:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as talker:
            talker.bind(("127.0.0.1", UNUSED_PORT))
            talker.settimeout(5)
            sizes = DatagramSizes("127.0.0.1", Stop())
            talker.sendto(b"hello", sizes._socket.getsockname())
            sizes._forget = lambda: None  # type: ignore[method-assign]  # it comes just after that
            fate = sizes.attempt(100, 0.3)
            sizes.close()
            return fate

    assert not in_own_network(what).passed
    assert len(waits) < 5
