"""This host as evidence: what the kernel counts for it, how late its processes are, what it runs out of."""

import os
import resource
import socket
import threading
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from exporter.exposition.families import Families
from exporter.exposition.own import OwnMetrics
from exporter.exposition.registry import new_registry
from exporter.model import HostCondition
from exporter.net import host_counters as reading
from exporter.net.engine import Punctuality
from exporter.net.host_counters import HostCounters, counted, descriptors_left, host_counters
from exporter.runtime.heartbeat import Heartbeat
from exporter.runtime.host import HostWatch
from tests.lab.link import Conditions, Link
from tests.lab.namespace import Namespace
from tests.lab.routers import row
from tests.networks import needs_capture, needs_namespaces
from tests.test_scheduler import Recorder
from tests.waiting import unspoilt, wait_for

SNMP = """\
Ip: Forwarding DefaultTTL
Ip: 2 64
Icmp: InMsgs InErrors InCsumErrors
Icmp: 9 0 1
Tcp: RtoAlgorithm RetransSegs InErrs OutRsts InCsumErrors
Tcp: 1 30 22 4 20
Udp: InDatagrams NoPorts InCsumErrors
Udp: 7 0 300
"""
SNMP6 = "Icmp6InCsumErrors               \t4000\nUdp6InCsumErrors                \t50000\nOdd\n"
NETSTAT = "TcpExt: SyncookiesSent TCPRetransFail\nTcpExt: 5 6\nIpExt: InNoRoutes\nIpExt: 0\n"


@pytest.mark.parametrize(
    ("tables", "errors", "unsent"),
    [
        ((SNMP, SNMP6, NETSTAT), 54321, 6),
        ((SNMP, "", NETSTAT), 321, 6),
        (("", "", ""), None, None),
        (("Tcp: InSegs\nTcp: 7\n", "", "TcpExt: SyncookiesSent\nTcpExt: 5\n"), None, None),
        (("Tcp: InCsumErrors\nTcp: many\n", "", "TcpExt: TCPRetransFail\n"), None, None),
    ],
)
def test_the_kernels_tables_are_read_as_far_as_they_go(
    tables: tuple[str, str, str], errors: int | None, unsent: int | None
) -> None:
    """An old kernel lacks columns, a host without IPv6 a whole file."""
    assert counted(*tables) == HostCounters(checksum_errors=errors, unsent=unsent)


def test_where_nothing_can_be_read_nothing_is_known(tmp_path: Path) -> None:
    assert host_counters(tmp_path) == HostCounters()


def test_this_kernel_tells_both() -> None:
    counters = host_counters()
    assert counters.checksum_errors is not None
    assert counters.unsent is not None


@needs_namespaces
@needs_capture
def test_damaged_packets_are_counted() -> None:
    with (
        Namespace() as client,
        Namespace() as server,
        Link(client, server, ("10.9.0.1/24",), ("10.9.0.2/24",)) as link,
    ):
        link.set(back=Conditions(corruption=1.0))
        before = client.run(host_counters).checksum_errors
        with (
            server.run(lambda: socket.create_server(("10.9.0.2", 5000))),
            client.run(socket.socket) as sock,
        ):
            sock.setblocking(False)
            sock.connect_ex(("10.9.0.2", 5000))
            wait_for(lambda: client.run(host_counters).checksum_errors)
    assert before == 0


@needs_namespaces
def test_segments_that_cannot_leave_are_counted() -> None:
    with row(1) as three:
        three.client.rules("output", "meta l4proto tcp drop")

        def connect() -> tuple[int | None, int | None]:
            before = host_counters().unsent
            with socket.socket() as sock:
                sock.settimeout(1.5)
                sock.connect_ex((three.target(4), 5000))
            return before, host_counters().unsent

        before, after = three.client.run(connect)
    assert (before, after) == (0, 1)


def open_files(*, most: int) -> int:
    return most - len(os.listdir("/proc/self/fd"))  # noqa: PTH208  its own descriptor counts as well


@pytest.mark.parametrize("told", [True, False], ids=["new", "old"])
def test_files_that_may_still_be_opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, told: bool) -> None:
    """To the last one where the kernel tells; else at least so many, and to the last one where it matters."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = [socket.socket() for _ in range(100)]
    opened = len(os.listdir("/proc/self/fd"))  # noqa: PTH208  other tests may have left more than a few
    if not told:  # before Linux 6.2 the size of the directory is 0, as here that of an empty file
        links = tmp_path / "fd"
        links.mkdir()

        class Old(type(links)):  # type: ignore[misc]  # PosixPath here
            def stat(self, **_: object) -> os.stat_result:
                return os.stat_result((0,) * 10)

        monkeypatch.setattr(reading, "FILES", Old("/proc/self/fd"))
    elif not Path("/proc/self/fd").stat().st_size:
        pytest.skip("needs Linux 6.2")
    try:
        for most in (1 << 12, opened + 50):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, before[1]))
            left = descriptors_left()
            assert left is not None
            if told or most < 1 << 12:
                assert left == pytest.approx(open_files(most=most), abs=2)
            else:
                assert 1 << 11 <= left <= open_files(most=most)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        for sock in taken:
            sock.close()


def test_without_proc_nobody_knows_how_many(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(reading, "FILES", tmp_path / "missing")
    assert descriptors_left() is None


def test_what_has_grown_since_is_told() -> None:
    told: list[HostCondition] = []
    counts = iter(
        [
            HostCounters(checksum_errors=5, unsent=None),
            HostCounters(checksum_errors=7, unsent=4),
            HostCounters(checksum_errors=1, unsent=9),
        ]
    )
    watch = HostWatch(told.append, lambda: next(counts), lambda: 42)
    watch.report(0.25, -3.0)
    watch.report(0.0, 0.0)
    assert [(one.lag, one.step, one.checksum_errors, one.unsent, one.descriptors_left) for one in told] == [
        (0.25, -3.0, 2, None, 42),
        (0.0, 0.0, None, 5, 42),
    ]
    assert all(0 <= one.seconds < 1 for one in told)


class Wall:
    """A wall clock that can be set."""

    def __init__(self) -> None:
        self.ahead = 0

    def __call__(self) -> int:
        return time.time_ns() + self.ahead


Told = list[tuple[float, float, float]]
"""When the heart told of something, of what lag and of what step."""
HELD_UP: Any = pytest.approx(1.75, abs=0.75)


def test_the_heart_tells_once_a_second_and_at_once_when_it_was_kept_from_beating() -> None:
    """Kept by us, and by nobody else meanwhile."""

    def once_and_at_once(told: Told) -> bool:
        late = [pair for pair in pairwise(told) if pair[1][1] > 1.0]
        return [(lag, now - before < 0.9) for (before, *_), (now, lag, _) in late] == [(HELD_UP, True)]

    unspoilt(held_up, once_and_at_once)


def held_up() -> Told:
    """Hold the heart up once, and set the clock once."""
    told: Told = []
    wall, hold = Wall(), threading.Event()

    class Holding(Recorder):
        def heartbeat(self, process: str, punctuality: Punctuality) -> None:
            super().heartbeat(process, punctuality)
            hold.wait(2.0 if len(self.beats) == 2 else 0.0)

    heartbeat = Heartbeat(
        Holding(), lambda: None, wall, lambda lag, step: told.append((time.monotonic(), lag, step))
    )
    heartbeat.start()
    wait_for(lambda: len(told) >= 4)
    wall.ahead = 5 * 10**9
    wait_for(lambda: any(step for _, _, step in told))
    # Where the machine is busy some are told at once.
    wait_for(lambda: any(0.5 < later - sooner < 1.8 for (sooner, *_), (later, *_) in pairwise(told)))
    heartbeat.stop()
    assert [round(step) for _, _, step in told if step] == [5]
    return told


def test_what_the_host_counts_is_published() -> None:
    registry = new_registry()
    own = OwnMetrics(registry, Families())
    own.host(HostCondition(seconds=1.0, checksum_errors=3, unsent=2))
    own.host(HostCondition(seconds=1.0))
    assert registry.get_sample_value("conndrop_host_checksum_errors_total") == 3
    assert registry.get_sample_value("conndrop_host_unsent_segments_total") == 2
