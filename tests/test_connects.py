"""The TCP engine on real sockets: what it measures, what it calls failures, and that no server notices."""

import contextlib
import os
import resource
import socket
import statistics
import subprocess
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from exporter.model import Cause, Failure, ProbeError, TcpOrder
from exporter.net.connects import TcpEngine
from exporter.probes.tcp import TcpReader, TcpSettings
from tests.engines import Driven, number
from tests.lab.packets import ACK, FIN, RST, answer, tcp_after
from tests.lab.tun import open_tun
from tests.networks import in_own_network, needs_capture, needs_namespaces
from tests.probing import a_target
from tests.waiting import wait_for

pytestmark = needs_namespaces


@pytest.fixture(autouse=True)
def close() -> Iterator[None]:
    yield
    Driven.close_all()


def connecting(
    *addresses: str, port: int, interval: float = 0.05, timeout: float = 0.05, every: bool = True
) -> Driven:
    """Connect to all these addresses, as those of one target."""
    driven = Driven(TcpEngine)
    order = TcpOrder(job=0, interval=interval, timeout=timeout, port=port, every_address=every)
    driven.engine.add(order)
    driven.engine.locate(0, addresses, None)
    return driven


def listening(address: str = "127.0.0.1", *, backlog: int = 100) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.create_server((address, 0), family=family, backlog=backlog)
    listener.setblocking(False)
    return listener


def connects(readings: list[tuple[int, Any]]) -> list[Any]:
    return [connected for _, (_, _, whole, _) in readings for connected in whole]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_connect_is_timed_and_never_completed(address: str) -> None:
    """Hundreds of them, and the server has nothing to accept: no process, no log line, no error counted."""

    def what() -> tuple[list[Any], bool]:
        with listening(address) as listener:
            seen = connecting(address, port=listener.getsockname()[1], interval=0.01).until(number(300))
            try:
                listener.accept()
            except BlockingIOError:
                return connects(seen), False
            return connects(seen), True

    seen, accepted = in_own_network(what)
    assert not accepted
    for where, seconds, rtt, retransmits, mss, mtu, failure in seen:
        assert (where, retransmits, failure) == (address, 0, None)
        assert 0 < seconds == rtt
        assert 500 < mss < mtu
    assert statistics.median(rtt for _, _, rtt, *_ in seen) < 0.05


def test_a_refused_connect_is_a_server_that_is_down() -> None:
    ((address, _, rtt, *_, failure),) = connects(
        in_own_network(lambda: connecting("127.0.0.1", port=1).until(number(1)))
    )
    assert (address, rtt, failure.cause, failure.code) == (
        "127.0.0.1", None, Cause.SERVER_DOWN, "ECONNREFUSED",
    )  # fmt: skip


def test_a_syn_that_nobody_answers_is_a_black_hole_and_is_counted() -> None:
    """The kernel has sent it again after a second."""

    def what() -> list[Any]:
        return connecting("127.0.0.1", port=5432, interval=1.5, timeout=1.5).until(number(1))

    ((_, seconds, _, retransmits, _, _, failure),) = connects(in_own_network(what, "tcp dport 5432 drop"))
    assert failure.cause is Cause.NET_BLACKHOLE
    assert retransmits == 1
    assert 1.5 <= seconds < 3


def test_no_round_is_left_out_where_the_timeout_is_the_whole_interval() -> None:
    """A round that is due while the one before is in its last moment begins right after it."""

    def what() -> list[Any]:
        return connecting("127.0.0.1", port=5432, interval=0.2, timeout=0.2).until(number(10))

    starts = [started for _, (started, *_) in in_own_network(what, "tcp dport 5432 drop")]
    assert statistics.median(later - sooner for sooner, later in pairwise(starts)) < 0.3


def test_a_lost_syn_makes_a_slow_connect() -> None:
    """What an application waits is told then, not the round trip of the second SYN."""

    def what() -> list[Any]:
        with listening() as listener:
            port = listener.getsockname()[1]
            # Of each two SYNs the first is dropped.
            subprocess.run(
                ["nft", f"add rule inet t i tcp dport {port} tcp flags syn numgen inc mod 2 < 1 drop"],
                check=True,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            )
            return connecting("127.0.0.1", port=port, interval=3.0, timeout=3.0).until(number(1))

    ((_, seconds, rtt, retransmits, _, _, failure),) = connects(in_own_network(what))
    assert failure is None
    assert (rtt, retransmits) == (None, 1)
    assert 0.9 < seconds < 3


def test_a_router_that_refuses_is_named() -> None:
    seen = in_own_network(
        lambda: connecting("127.0.0.1", port=5432).until(number(1)),
        "tcp dport 5432 reject with icmp type host-unreachable",
    )
    ((*_, failure),) = connects(seen)
    assert failure.cause is Cause.NET_UNREACHABLE
    assert failure.detail == "127.0.0.1: 127.0.0.1 says: host unreachable"
    assert failure.offender == "127.0.0.1"
    assert ProbeError.of(failure).failure() == failure


def test_no_route_is_this_hosts_own_trouble() -> None:
    ((*_, failure),) = connects(in_own_network(lambda: connecting("192.0.2.1", port=1).until(number(1))))
    assert failure.cause is Cause.CLIENT_LOCAL_NETWORK


def test_an_interface_that_is_not_there_is_this_hosts_own_trouble() -> None:
    """The other addresses are tried all the same."""

    def what() -> list[Any]:
        return connecting("fe80::1%nosuch", "127.0.0.1", port=1).until(number(1))

    causes = [failure.cause for *_, failure in connects(in_own_network(what))]
    assert causes == [Cause.CLIENT_LOCAL_NETWORK, Cause.SERVER_DOWN]


def test_no_descriptor_left_is_this_hosts_own_trouble() -> None:
    """And the next round goes on as ever."""

    def what() -> list[Any]:
        driven = connecting("127.0.0.1", port=1)
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        used = max(int(path.name) for path in Path("/proc/self/fd").iterdir())
        taken = [socket.socket() for _ in range(3)]
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(used, 3), limits[1]))
        try:
            driven.until(number(1))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
            for sock in taken:
                sock.close()
        return driven.until(number(2))

    first, second = connects(in_own_network(what))[:2]
    assert first[-1].cause is Cause.CLIENT_RESOURCES
    assert second[-1].cause is Cause.SERVER_DOWN


@needs_capture
@pytest.mark.parametrize(
    ("taken_back", "cause"), [(RST, Cause.PROXY_BACKEND_UNAVAILABLE), (FIN | ACK, None)], ids=["reset", "end"]
)
def test_an_answer_that_is_taken_back_at_once(taken_back: int, cause: Cause | None) -> None:
    """By a reset: somebody is there, and has nobody behind him. By an end: the connect itself went well."""

    def what() -> list[Any]:
        tun = open_tun("tun0", "10.5.0.1/24")
        driven = connecting("10.5.0.2", port=5432, interval=5.0, timeout=5.0)

        def answered(readings: list[tuple[int, Any]]) -> bool:
            with contextlib.suppress(BlockingIOError):
                if (reply := answer(packet := os.read(tun, 2048))) is not None and packet[0] == 0x45:
                    os.write(tun, reply)
                    os.write(tun, tcp_after(reply, taken_back))
            return bool(readings)

        readings = driven.until(answered)
        os.close(tun)
        return readings

    ((*_, failure),) = connects(in_own_network(what))
    assert (failure.cause if failure else None) == cause


def test_every_address_is_tried() -> None:
    """Or the first only; and an address over IPv6 that fails while IPv4 does not is told as such."""

    def what() -> tuple[list[Any], list[Any]]:
        with listening() as listener:
            port = listener.getsockname()[1]
            both = connecting("::1", "127.0.0.1", port=port).until(number(1))
            first = connecting("::1", "127.0.0.1", port=port, every=False).until(number(1))
            return both, first

    both, first = in_own_network(what)
    assert {connected[0] for connected in connects(both)} == {"127.0.0.1", "::1"}
    assert [connected[0] for connected in connects(first)] == ["::1"]
    (seen,) = reader().read(both[0][1])
    assert seen.failure
    assert seen.failure.cause is Cause.DNS_IPV6_BROKEN
    (alone,) = reader().read(first[0][1])
    assert alone.failure
    assert alone.failure.cause is Cause.SERVER_DOWN


def reader() -> TcpReader:
    tools: Any = None
    return TcpReader(a_target("db.test"), TcpSettings(), tools)


def test_without_an_address_there_is_a_failure_and_no_connect() -> None:
    failure = Failure(phase=None, cause=Cause.DNS_FAILURE, detail="db: not found")

    def what() -> list[Any]:
        driven = connecting(port=1)
        driven.drive(0.1)
        assert not driven.readings
        driven.engine.locate(0, [], failure)
        return driven.until(number(1))

    readings = in_own_network(what)
    (seen,) = reader().read(readings[0][1])
    assert (seen.connects, seen.failure) == ((), failure)


def test_a_full_backlog_is_no_answer() -> None:
    """A server that does not accept looks like a lost SYN, which is what the kernel makes of it."""

    def what() -> list[Any]:
        with listening(backlog=0) as listener:
            where = listener.getsockname()
            crowd = [socket.create_connection(where) for _ in range(1)]
            readings = connecting("127.0.0.1", port=where[1], interval=0.3, timeout=0.3).until(number(1))
            for sock in crowd:
                sock.close()
            return readings

    ((*_, failure),) = connects(in_own_network(what))
    assert failure.cause is Cause.NET_BLACKHOLE


def test_rounds_leave_nothing_behind() -> None:
    """Neither descriptors nor connections that linger."""

    def what() -> str:
        with listening() as listener:
            driven = connecting("127.0.0.1", port=listener.getsockname()[1], interval=0.01)
            driven.until(number(5))
            before = len(list(Path("/proc/self/fd").iterdir()))
            driven.until(number(200))
            time.sleep(0.1)
            driven.engine.tick(time.monotonic())
            wait_for(lambda: len(list(Path("/proc/self/fd").iterdir())) <= before + 1)
            return Path("/proc/thread-self/net/tcp").read_text()

    table = in_own_network(what)
    assert len(table.splitlines()) <= 4  # the heading, the listener, and what is under way


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_refusal_on_the_way_is_not_this_hosts(address: str) -> None:
    """Of an IPv6 router's the kernel makes "permission denied", as if somebody here had said so."""

    def what() -> list[Any]:
        return connecting(address, port=9, timeout=0.04).until(number(1))

    rule = "tcp dport 9 reject with icmpx type admin-prohibited"
    failure = connects(in_own_network(what, rule))[0][-1]
    assert failure.cause is Cause.NET_UNREACHABLE
    assert failure.detail == f"{address}: {address} says: communication administratively prohibited"


def test_a_target_that_was_removed_is_left_alone() -> None:
    """Also while a connect is under way, another one waits for its end, and some more are wanted soon."""

    def removed() -> None:
        with listening() as listener:
            driven = connecting("127.0.0.1", port=listener.getsockname()[1])
            driven.until(number(3))
            driven.engine.hurry(0)
            driven.engine.tick(time.monotonic())
            driven.engine.remove(0)
            driven.drive(0.1)
            driven.readings.clear()
            assert not driven.drive(0.5)
            assert not driven.engine._attempts  # type: ignore[attr-defined]

    in_own_network(removed)
