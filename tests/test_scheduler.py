"""The schedule: that it is kept, that what is missed is counted, and that clocks may step."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from exporter.net.engine import Punctuality
from exporter.net.waiting import Stop, wait_for_event
from exporter.runtime.crew import Job
from exporter.runtime.heartbeat import Heartbeat
from exporter.runtime.scheduler import PACE, Scheduler, _Every
from tests.waiting import LONGEST, unspoilt, wait_for

PUNCTUAL = 0.5
"""An interval of so many seconds also a busy machine keeps, now and then excepted."""


class Recorder:
    """Remembers what the scheduler reports."""

    def __init__(self) -> None:
        self.runs: Counter[str] = Counter()
        self.misses: Counter[tuple[str, str]] = Counter()
        self.lags: list[float] = []
        self.beats: list[Punctuality] = []
        self.steps = 0

    def ran(self, kind: str, lag: float) -> None:
        self.runs[kind] += 1
        self.lags.append(lag)

    def missed(self, kind: str, reason: str, runs: int) -> None:
        self.misses[kind, reason] += runs

    def heartbeat(self, process: str, punctuality: Punctuality) -> None:
        assert process == "exporter"
        self.beats.append(punctuality)

    def clock_stepped(self) -> None:
        self.steps += 1

    def __repr__(self) -> str:
        return f"{dict(self.runs)}, missed {dict(self.misses)}"


class Running:
    """A scheduler for the time of one test."""

    def __init__(self, *jobs: Job) -> None:
        self.seen = Recorder()
        self.scheduler = Scheduler(self.seen)
        self.jobs = list(jobs)

    def __enter__(self) -> "Running":
        for job in self.jobs:
            self.scheduler.add(job)
        self.scheduler.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.scheduler.stop()


def job(
    run: Callable[[], Any],
    *,
    kind: str = "ping",
    name: str = "a",
    interval: float = 0.1,
    timeout: float = 0.05,
) -> Job:
    return Job(kind=kind, name=name, interval=interval, timeout=timeout, run=run)


def nothing() -> None:
    """Take no time."""


def missed_nothing(seen: Recorder) -> bool:
    return not seen.misses


def test_jobs_run_and_their_lag_is_measured() -> None:
    def run() -> Recorder:
        with Running(job(nothing, interval=PUNCTUAL)) as running:
            wait_for(lambda: running.seen.runs["ping"] >= 4)
        return running.seen

    seen = unspoilt(run, missed_nothing)
    assert all(lag >= 0 for lag in seen.lags)
    assert min(seen.lags) < 0.1


def test_a_hung_kind_holds_up_no_other() -> None:
    """Every worker of one kind is stuck; the other goes on, and what is missed is counted once."""
    unspoilt(hung, lambda seen: seen.misses.keys() == {("session", "overlap")})


def hung() -> Recorder:
    release = threading.Event()
    try:
        with Running(
            job(release.wait, kind="session", name="a", interval=PUNCTUAL),
            job(release.wait, kind="session", name="b", interval=PUNCTUAL),
            job(nothing, kind="ping", interval=PUNCTUAL),
        ) as running:
            wait_for(
                lambda: running.seen.runs["session"] == 2 and running.seen.misses["session", "overlap"] >= 4
            )
            before = running.seen.runs["ping"]
            wait_for(lambda: running.seen.runs["ping"] >= before + 5)
            assert running.seen.runs["session"] == 2
            release.set()
            wait_for(lambda: running.seen.runs["session"] >= 6)
            return running.seen
    finally:
        release.set()


def test_runs_that_found_no_thread_in_time_are_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """More jobs than threads: what waits longer than its interval is dropped, and counted."""
    monkeypatch.setattr("exporter.runtime.crew.MOST_THREADS", 1)
    release = threading.Event()
    try:
        with Running(
            job(release.wait, kind="session", name="a"), job(nothing, kind="session", name="b", interval=0.2)
        ) as running:
            wait_for(lambda: running.seen.runs["session"] == 1)
            wait_for(lambda: running.seen.misses["session", "overlap"] >= 5)
            release.set()
            wait_for(lambda: running.seen.misses["session", "late"] >= 1)
            wait_for(lambda: running.seen.runs["session"] >= 3)
    finally:
        release.set()


def test_starts_are_spread_over_the_interval() -> None:
    def offsets() -> list[float]:
        starts: dict[str, float] = {}

        def run(name: str) -> None:
            starts.setdefault(name, time.monotonic())

        jobs = [job(partial(run, name), name=name, interval=4.0) for name in "abcd"]
        with Running(*jobs):
            wait_for(lambda: len(starts) == 4)
        return sorted(starts[name] - starts["a"] for name in "abcd")

    unspoilt(offsets, lambda found: found == pytest.approx([0, 0.94, 2.47, 3.42], abs=0.6))


def test_a_step_forward_is_leapt_over() -> None:
    """A year at one run a second is two values, not thirty million."""
    every, then = _Every(1.0), datetime(2026, 1, 1, tzinfo=UTC)
    now = then + timedelta(days=365, seconds=0.5)
    last = every.get_next_fire_time(then, now)
    assert last == then + timedelta(days=365)
    assert every.get_next_fire_time(last, now) == last + timedelta(seconds=1)
    assert every.get_next_fire_time(None, now) == now


class SteppedClock:
    """The wall clock as APScheduler and we read it, which a test can step."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.step = timedelta(0)
        clock = self

        class Stepped(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]  # a step later
                return datetime.now(tz) + clock.step

        monkeypatch.setattr("apscheduler.schedulers.base.datetime", Stepped)
        for room in ("crew", "scheduler"):
            monkeypatch.setattr(f"exporter.runtime.{room}.datetime", Stepped)

    def nanoseconds(self) -> int:
        """Read it as a Heartbeat does."""
        return time.time_ns() + round(self.step.total_seconds() * 1e9)


@pytest.mark.parametrize(
    "step", [timedelta(hours=1), timedelta(days=7), timedelta(hours=-1), timedelta(days=-7)]
)
def test_probing_goes_on_when_the_wall_clock_steps(step: timedelta, monkeypatch: pytest.MonkeyPatch) -> None:
    """Either way, by any length: the next runs come within moments, and none is called missed."""
    clock = SteppedClock(monkeypatch)

    def set_once() -> Recorder:
        clock.step = timedelta(0)
        with Running(job(nothing, interval=PUNCTUAL)) as running:
            heartbeat = Heartbeat(running.seen, running.scheduler.realign, clock.nanoseconds)
            heartbeat.start()
            wait_for(lambda: running.seen.runs["ping"] >= 2)
            clock.step = step
            before = running.seen.runs["ping"]
            wait_for(lambda: running.seen.runs["ping"] >= before + 4)
            heartbeat.stop()
        assert running.seen.steps == 1
        return running.seen

    unspoilt(set_once, lambda seen: sum(seen.misses.values()) <= 1)


def test_a_job_that_goes_while_the_clock_steps_keeps_no_other_from_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A reload may take it away between two glances at what there is."""
    goes, stays = (job(nothing, name=name, interval=3600.0) for name in "ab")
    with Running(goes, stays) as running:
        own = running.scheduler._scheduler
        listed = [one for one in own.get_jobs() if "/" in one.id]
        for one in listed:
            one.modify(next_run_time=datetime.now(UTC) + timedelta(days=1))
        running.scheduler.remove(goes)
        monkeypatch.setattr(own, "get_jobs", lambda: listed)
        running.scheduler.realign()
        assert own.get_job("ping/b").next_run_time < datetime.now(UTC) + timedelta(seconds=3600)


def test_a_heart_goes_on_beating_whatever_others_make_of_it(caplog: pytest.LogCaptureFixture) -> None:
    ahead = [0]

    def broken(*_: float) -> None:
        ahead[0] += 3600 * 10**9  # set again
        raise RuntimeError("what nobody foresaw")

    with Running() as running:
        heartbeat = Heartbeat(running.seen, broken, lambda: time.time_ns() + ahead[0], broken)
        heartbeat.start()
        wait_for(lambda: running.seen.steps >= 2 and len(running.seen.beats) >= 2)
        heartbeat.stop()
    assert "heartbeat broke" in caplog.text


def test_a_heartbeat_tells_how_late_it_comes() -> None:
    """Four a second, told once a second; a clock that is not set is not called set."""
    with Running() as running:
        heartbeat = Heartbeat(running.seen, running.scheduler.realign)
        heartbeat.start()
        wait_for(lambda: len(running.seen.beats) >= 2)
        heartbeat.stop()
    first, second, *_ = running.seen.beats
    assert sum(first.classes) == sum(second.classes) == 4
    assert first.seconds >= 0
    assert running.seen.steps == 0


def test_a_standstill_is_counted() -> None:
    """While the scheduler itself was held up, several runs became one."""

    def missed() -> int:
        with Running(job(nothing, interval=PUNCTUAL)) as running:
            wait_for(lambda: running.seen.runs["ping"] >= 2)
            with running.scheduler._scheduler._jobstores_lock:
                time.sleep(5.5 * PUNCTUAL)
            wait_for(lambda: running.seen.misses["ping", "coalesced"] > 0)
            return running.seen.misses["ping", "coalesced"]

    unspoilt(missed, lambda runs: runs in (3, 4, 5))


def test_what_a_run_raises_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A future would keep it to itself."""

    def broken() -> None:
        raise RuntimeError("what nobody foresaw")

    with Running(job(broken)):
        wait_for(lambda: "run broke" in caplog.text)


def test_what_has_not_begun_may_be_stopped() -> None:
    Scheduler(Recorder()).stop()


def test_stopping_waits_for_nobody() -> None:
    release = threading.Event()
    try:
        with Running(job(release.wait, interval=3600, timeout=3599)) as running:
            wait_for(lambda: running.seen.runs["ping"] == 1)
            before = time.monotonic()
            running.scheduler.stop()
            assert time.monotonic() - before < LONGEST
            running.scheduler.stop = lambda: None  # type: ignore[method-assign]  # it has been stopped
    finally:
        release.set()


def test_a_job_comes_and_goes_while_others_run() -> None:
    """Before the start as well; one that comes back under its name begins at once, and misses nothing."""
    unspoilt(come_and_go, missed_nothing)
    seen, never = Recorder(), job(nothing, name="never", interval=PUNCTUAL)
    waiting = Scheduler(seen)
    waiting.add(never)
    waiting.remove(never)
    waiting.start()
    waiting.stop()
    assert not seen.runs


def come_and_go() -> Recorder:
    runs: Counter[str] = Counter()

    def named(name: str, interval: float = PUNCTUAL) -> Job:
        return job(partial(runs.update, [name]), name=name, interval=interval)

    asked = named("asked", float("inf"))
    with Running(named("a")) as running:
        scheduler = running.scheduler
        for one in (named("b"), asked):
            scheduler.add(one)
        wait_for(lambda: runs["a"] > 1 and runs["b"] > 1)
        scheduler.remove(next(one for one in (named("b"),)))
        scheduler.now("ping", "asked")
        wait_for(lambda: runs["asked"] == 1)
        scheduler.remove(asked)
        scheduler.now("ping", "asked")
        before = runs.copy()
        wait_for(lambda: runs["a"] > before["a"] + 2)
        assert (runs["b"], runs["asked"]) == (before["b"], 1)
        scheduler.add(named("b"))
        wait_for(lambda: runs["b"] > before["b"] + 1)
    return running.seen


def test_where_no_thread_can_be_had_a_run_waits_for_one_and_is_counted_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A limit of processes, as containers have it: what was asked for runs late, and may be asked again."""
    begin = threading.Thread.start

    def full(thread: threading.Thread) -> None:
        if thread.name.startswith("trial"):
            raise RuntimeError("can't start new thread")
        begin(thread)

    runs: Counter[str] = Counter()
    asked = [
        job(partial(runs.update, [name]), kind="trial", name=name, interval=float("inf")) for name in "ab"
    ]
    with Running(*asked, job(nothing)) as running:
        now = running.scheduler.now
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", full)
            now("trial", "a")
        now("trial", "b")
        wait_for(lambda: runs == Counter("ab"))
        wait_for(lambda: not any(running.scheduler._crews["trial"]._instances.values()))
        now("trial", "a")
        wait_for(lambda: runs == Counter("aab"))


def test_many_jobs_of_a_kind_begin_over_more_time() -> None:
    """A thousand sessions within ten seconds would keep each other from ever being done."""
    scheduler = Scheduler(Recorder())
    for number in range(1000):
        scheduler.add(job(nothing, name=f"{number}", interval=3600))
    scheduler.start()
    try:
        due = [each.next_run_time for each in scheduler._scheduler.get_jobs() if "/" in each.id]
    finally:
        scheduler.stop()
    ahead = [(when - datetime.now(UTC)).total_seconds() for when in due]
    first = sorted(seconds for seconds in ahead if seconds < 1800)  # the others have begun meanwhile
    assert len(first) > 500
    assert 15 < first[-1] <= 1000 * PACE


def test_more_jobs_have_more_threads_and_none_is_forgotten() -> None:
    """A crew that grows while its only thread waits still does what it had been given."""
    release, done, stop = threading.Event(), threading.Event(), Stop()

    def hang() -> None:
        wait_for_event(release, LONGEST, stop)

    with Running(job(hang, kind="session", name="a", interval=PUNCTUAL, timeout=PUNCTUAL)) as running:
        wait_for(lambda: running.seen.runs["session"] >= 1)
        for name in "bcdef":
            running.scheduler.add(job(hang, kind="session", name=name, interval=PUNCTUAL, timeout=PUNCTUAL))
        running.scheduler.add(job(done.set, kind="session", name="g", interval=PUNCTUAL, timeout=PUNCTUAL))
        assert done.wait(LONGEST)
        release.set()
