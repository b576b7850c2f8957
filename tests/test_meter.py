"""The measuring process: what it is told and tells, and that it neither dies unnoticed nor outlives us."""

import os
import resource
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exporter.meter.canary import ECHO_JOB, TCP_JOB, Canary
from exporter.meter.keeper import Keeper
from exporter.meter.process import Meter
from exporter.meter.wire import Add, Health, Hurry, Locate, Readings, pack, pair, unpack
from exporter.model import EchoOrder, PathOrder, TcpOrder
from exporter.net.engine import GOLDEN, SLOT, Lateness, Pace, Punctuality
from exporter.net.waiting import Stop
from exporter.probes import KINDS
from exporter.probes.kind import Metered
from tests.networks import in_own_network, needs_namespaces
from tests.waiting import wait_for


class Listener:
    """Remembers what a keeper passes on."""

    def __init__(self) -> None:
        self.readings: list[tuple[int, Any]] = []
        self.punctuality: dict[str, Punctuality] = {}
        self.beats: list[tuple[str, Punctuality]] = []
        self.restarts = 0

    def deliver(self, job: int, reading: object) -> None:
        self.readings.append((job, reading))

    def punctual(self, kind: str, punctuality: Punctuality) -> None:
        self.punctuality[kind] = punctuality

    def heartbeat(self, process: str, punctuality: Punctuality) -> None:
        self.beats.append((process, punctuality))

    def restarted(self) -> None:
        self.restarts += 1


class Kept:
    """A meter that measures connects to a port of ours."""

    def __init__(self) -> None:
        self.heard = Listener()
        self.stop = Stop()
        self.keeper = Keeper(self.heard.deliver, self.heard, self.stop)
        self.listener = socket.create_server(("127.0.0.1", 0))

    def connect(self, job: int) -> None:
        port = self.listener.getsockname()[1]
        self.keeper.order(TcpOrder(job=job, interval=0.05, timeout=0.05, port=port, every_address=False))
        self.keeper.locate(job, ["127.0.0.1"], None)

    def end(self) -> None:
        self.stop.throw()
        self.keeper.stop()
        self.listener.close()


@pytest.fixture
def kept() -> Iterator[Kept]:
    kept = Kept()
    yield kept
    kept.end()


def test_what_is_ordered_is_measured(kept: Kept) -> None:
    """Before the start and after; readings come back under their numbers, and punctuality with them."""
    kept.connect(1)
    kept.keeper.start()
    wait_for(lambda: {job for job, _ in kept.heard.readings} == {1})
    kept.connect(2)
    wait_for(lambda: {job for job, _ in kept.heard.readings} == {1, 2})
    wait_for(lambda: sum(kept.heard.punctuality.get("tcp", Punctuality((), 0, 0, 0)).classes) > 5)
    wait_for(lambda: [process for process, _ in kept.heard.beats][:1] == ["meter"])
    assert set(kept.heard.punctuality) == {"ping", "tcp", "path"}
    wait_for(lambda: sum(sum(beat.classes) for _, beat in kept.heard.beats) > 5)


def test_a_meter_that_died_is_started_again(kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    """And goes on with what had been ordered; the log says so."""
    kept.connect(1)
    kept.keeper.start()
    wait_for(lambda: kept.heard.readings)
    first = kept.keeper.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: kept.heard.restarts == 1)
    kept.heard.readings.clear()
    wait_for(lambda: kept.heard.readings)
    assert kept.keeper.pid != first
    assert "meter died" in caplog.text


def test_a_meter_does_not_heed_signals_and_ends_with_the_daemon(kept: Kept) -> None:
    """Ctrl-C reaches the whole group: it is the daemon's to answer."""
    kept.connect(1)
    kept.keeper.start()
    wait_for(lambda: kept.heard.readings)
    pid = kept.keeper.pid
    assert pid is not None
    os.kill(pid, signal.SIGINT)
    os.kill(pid, signal.SIGTERM)
    kept.heard.readings.clear()
    wait_for(lambda: kept.heard.readings)
    kept.end()
    assert not Path(f"/proc/{pid}").exists()
    assert kept.heard.restarts == 0


def test_a_meter_has_more_descriptors_than_select_can_tell_apart(kept: Kept) -> None:
    """Its line gets the number it has with the daemon, which may have thousands open."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(limits[0], 4096), limits[1]))
    taken = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        kept.connect(1)
        kept.keeper.start()
        wait_for(lambda: kept.heard.readings)
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_a_meter_may_have_all_descriptors_that_the_system_allows(kept: Kept) -> None:
    """A customary soft limit would make dead targets look like trouble of this host."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, limits[0]), limits[1]))
    try:
        kept.connect(1)
        kept.keeper.start()
        wait_for(lambda: kept.heard.readings)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert kept.keeper.pid is not None
    assert resource.prlimit(kept.keeper.pid, resource.RLIMIT_NOFILE) == (limits[1], limits[1])


def test_a_signal_right_after_the_start_does_not_hit_the_meter(kept: Kept) -> None:
    """It has not even read itself in then; Ctrl-C would be a traceback, and an error in the log."""
    kept.connect(1)
    kept.keeper.start()
    wait_for(lambda: kept.keeper.pid)
    assert kept.keeper.pid is not None
    os.kill(kept.keeper.pid, signal.SIGINT)
    os.kill(kept.keeper.pid, signal.SIGTERM)
    wait_for(lambda: kept.heard.readings)
    assert kept.heard.restarts == 0


def test_a_meter_that_cannot_be_started_is_tried_again(kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    """The host is short of descriptors or processes for a while; one line says so, however long that is."""
    kept.connect(1)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        kept.keeper.start()
        wait_for(lambda: "meter cannot be started" in caplog.text)
        assert not kept.stop.sleep(1.5)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    wait_for(lambda: kept.heard.readings)
    assert caplog.text.count("meter cannot be started") == 1
    assert kept.heard.restarts == 0


def test_a_keeper_that_never_began_can_be_stopped() -> None:
    kept = Kept()
    kept.keeper.hurry(1)
    assert kept.keeper.pid is None
    kept.end()


def test_a_meter_that_hangs_is_killed(kept: Kept) -> None:
    kept.keeper.start()
    wait_for(lambda: kept.heard.beats)
    pid = kept.keeper.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    kept.end()
    assert not Path(f"/proc/{pid}").exists()


class Inside:
    """A meter in a thread of the test's, to see into."""

    def __init__(self) -> None:
        self.ours, theirs = pair()
        self.ours.settimeout(10)
        self.meter = Meter(theirs)
        self.theirs = theirs
        self.thread = threading.Thread(target=self.meter.run)
        self.thread.start()

    def tell(self, message: Add | Locate | Hurry) -> None:
        self.ours.send(pack(message))

    def hear(self) -> Readings:
        message = unpack(self.ours.recv(2**22))
        assert isinstance(message, Readings)
        return message

    def end(self) -> None:
        self.ours.close()
        self.thread.join(10)
        self.theirs.close()
        assert not self.thread.is_alive()


@pytest.fixture
def inside() -> Iterator[Inside]:
    inside = Inside()
    yield inside
    inside.end()


def test_an_idle_meter_still_tells_how_it_does(inside: Inside) -> None:
    message = inside.hear()
    assert message.readings == []
    assert isinstance(message.health, Health)


def test_readings_wait_while_the_daemon_does_not_listen(inside: Inside) -> None:
    """Nothing is lost and nothing is measured late: the meter goes on, and delivers when it can."""
    inside.theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        for job in range(50):
            port = listener.getsockname()[1]
            inside.tell(
                Add(order=TcpOrder(job=job, interval=0.02, timeout=0.02, port=port, every_address=False))
            )
            inside.tell(Locate(job=job, addresses=("127.0.0.1",), failure=None))
        wait_for(lambda: len(inside.meter._kept) > 500)
        heard: list[object] = []
        while len(heard) < 1000:
            heard += inside.hear().readings
    assert len(heard) >= 1000


def test_a_hurry_reaches_its_engine(inside: Inside) -> None:
    """The path engine goes round again at once, and not only after its interval."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        order = PathOrder(job=1, interval=600.0, timeout=0.5, port=port, protocol="tcp", most_hops=5)
        inside.tell(Add(order=order))
        inside.tell(Locate(job=1, addresses=("127.0.0.1",), failure=None))
        inside.tell(Hurry(job=1))
        heard: list[object] = []
        while len(heard) < 2:
            heard += inside.hear().readings


@needs_namespaces
def test_the_canary_is_measured_like_a_target() -> None:
    """By echo and by connect; what it shows is our own error."""

    def what() -> list[tuple[str, float]]:
        seen: list[tuple[str, float]] = []
        canary = Canary(lambda probe, seconds: seen.append((probe, seconds)), echo=True)
        stop, heard = Stop(), Listener()
        keeper = Keeper(canary.read, heard, stop)
        for order in canary.orders:
            keeper.order(order)
            keeper.locate(order.job, ["127.0.0.1"], None)
        keeper.start()
        # A busy machine is wrong by more now and then; to see that is what the canary is for.
        wait_for(lambda: {probe for probe, error in seen if error < 0.05} == {"ping", "tcp"})
        stop.throw()
        keeper.stop()
        canary.close()
        return seen

    assert all(error > 0 for _, error in in_own_network(what))


def test_a_canary_without_echo_connects_only() -> None:
    """And believes neither failures nor echoes without a delay."""
    seen: list[tuple[str, float]] = []
    canary = Canary(lambda probe, seconds: seen.append((probe, seconds)), echo=False)
    canary.close()
    (order,) = canary.orders
    assert (order.job, type(order)) == (TCP_JOB, TcpOrder)
    canary.read(ECHO_JOB, {"lost": True})
    canary.read(TCP_JOB, (0.0, 0.0, (), "no address"))
    canary.read(TCP_JOB, (0.0, 0.0, (("127.0.0.1", 1.0, None, 0, None, None, "failed"),), None))
    assert not seen


def test_starts_are_spread_evenly_over_the_interval() -> None:
    """However many jobs there are, and whenever they come."""
    lateness = Lateness()
    pace: Pace[int] = Pace(lateness)
    for job in range(100):
        pace.add(job, 10.0, 0.0)
    starts = [(due, job) for due in range(1000) for job in pace.due(due / 100)]
    assert sorted(job for _, job in starts) == list(range(100))
    per_second = [
        len([due for due, _ in starts if second * 100 <= due < second * 100 + 100]) for second in range(10)
    ]
    assert all(9 <= count <= 11 for count in per_second)
    assert 0 < GOLDEN < 1
    assert pace.next <= 10.0 + SLOT


def test_after_a_standstill_nothing_is_made_up_for() -> None:
    lateness = Lateness()
    pace: Pace[str] = Pace(lateness)
    pace.add("a", 1.0, 0.0)
    assert list(pace.due(5.5)) == ["a"]
    assert list(pace.due(5.6)) == []
    assert pace.next == pytest.approx(6.0 + SLOT)
    taken = lateness.take()
    assert (sum(taken.classes), taken.missed) == (1, 5)
    assert taken.seconds == pytest.approx(5.5 - SLOT)
    assert lateness.take() == Punctuality((0,) * len(taken.classes), 0.0, 0, 0)


def test_without_jobs_nothing_is_due() -> None:
    pace: Pace[str] = Pace(Lateness())
    assert list(pace.due(1e9)) == []
    assert pace.next == float("inf")


def test_orders_cross_as_they_are() -> None:
    order = EchoOrder(job=1, interval=1.0, timeout=1.0, size=56)
    assert unpack(pack(Add(order=order))) == Add(order=order)


def test_many_orders_are_taken_in_at_one_go() -> None:
    """The engines' turns between them are what would make a start, or a flood of hurries, expensive."""
    ours, theirs = pair()
    meter = Meter(theirs)
    with ours, theirs:
        for job in range(50):
            ours.send(pack(Add(order=EchoOrder(job=job, interval=1.0, timeout=1.0, size=56))))
        assert meter._listen(0)
        assert len(meter._jobs) == 50
    for engine in meter._engines.values():
        engine.close()


def test_only_those_hurry_who_can() -> None:
    """Thousands of dead targets rouse suspicion each second: what would be ignored is not sent."""
    assert [kind.name for kind in KINDS if isinstance(kind, Metered) and kind.hurries] == ["path"]


def test_what_was_cancelled_is_measured_no_more(kept: Kept) -> None:
    """Whatever still comes for it; and a meter that is started again is not told of it."""
    for job in (1, 2):
        kept.connect(job)
    kept.keeper.start()
    wait_for(lambda: {job for job, _ in kept.heard.readings} == {1, 2})
    kept.keeper.cancel(1)
    kept.keeper.locate(1, ["127.0.0.1"], None)
    kept.keeper.hurry(1)
    first = kept.keeper.pid
    assert first is not None

    def only_the_other() -> bool:
        kept.heard.readings.clear()
        wait_for(lambda: len(kept.heard.readings) >= 5)
        return {job for job, _ in kept.heard.readings} == {2}

    wait_for(only_the_other)
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: kept.heard.restarts == 1)
    kept.heard.readings.clear()
    wait_for(lambda: len(kept.heard.readings) >= 5)
    assert {job for job, _ in kept.heard.readings} == {2}


def test_a_job_that_was_removed_is_due_no_more() -> None:
    lateness = Lateness()
    pace: Pace[str] = Pace(lateness)
    for job in ("a", "b"):
        pace.add(job, 1.0, 0.0)
    rate = pace.rate
    pace.remove("a")
    assert [job for second in range(1, 4) for job in pace.due(float(second))] == ["b"] * 3
    assert pace.rate == pytest.approx(rate / 2)
    pace.remove("b")
    assert pace.rate > 0
    assert list(pace.due(9.0)) == []
    assert pace.next == float("inf")
    assert sum(lateness.take().classes) == 3
