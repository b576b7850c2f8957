"""When probes run: APScheduler, with a crew of threads for each kind of probe."""

import logging
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from apscheduler.events import EVENT_JOB_MAX_INSTANCES
from apscheduler.executors.base import BaseExecutor, MaxInstancesReachedError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from exporter.net.engine import FIRST, shift

log = logging.getLogger(__name__)

MOST_THREADS: Final = 256
"""Threads of one crew; beyond that runs queue, and lag shows it."""
ASKED: Final = 60.0
"""Seconds between two runs, by which threads are counted, of what runs only when it is asked for."""
MISSED_REASONS: Final = ("overlap", "late", "coalesced")
"""Why a run did not take place: the one before was still going; no thread was free in time; the daemon
itself stood still and several runs became one."""


class Observer(Protocol):
    """Who is told how well the schedule is kept."""

    def ran(self, kind: str, lag: float) -> None:
        """Take note that a run began, `lag` seconds after it was due."""
        ...

    def missed(self, kind: str, reason: str, runs: int) -> None:
        """Take note that so many runs did not take place; the reason is one of MISSED_REASONS."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something to be done every `interval` seconds, taking at most `timeout` seconds.

    What has an infinite interval is done only when it is asked for (`Scheduler.now`).
    """

    kind: str
    name: str
    interval: float
    timeout: float
    run: Callable[[], None]


class Scheduler:
    """Runs jobs at their intervals, each kind with threads of its own, so that none can hold up another.

    APScheduler reckons in wall-clock time. A step forward is leapt over by `_Every`; after a step
    backward every job would wait as long as the step: `realign` moves them to within an interval of now.
    """

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        # Coalescing is done by _Every and counted in _Crew: APScheduler's own would list every run first.
        self._scheduler = BackgroundScheduler(
            timezone=UTC, job_defaults={"coalesce": False, "max_instances": 1}
        )
        self._scheduler.add_listener(self._overlapped, EVENT_JOB_MAX_INSTANCES)
        self._crews: dict[str, _Crew] = {}

    def start(self, jobs: list[Job]) -> None:
        """Begin with `jobs`, all within FIRST seconds; then those of one kind spread over its interval."""
        now = datetime.now(UTC)
        for kind in dict.fromkeys(job.kind for job in jobs):
            members = [job for job in jobs if job.kind == kind]
            crew = self._crews[kind] = _Crew(members, self._observer)
            self._scheduler.add_executor(crew, kind)
            regular = [job for job in members if job.interval < math.inf]
            for position, job in enumerate(regular):
                part = position / len(regular)
                first = now + timedelta(seconds=min(job.interval, FIRST) * part)
                self._scheduler.add_job(
                    job.run,
                    _Every(job.interval, shift(part, job.interval)),
                    id=_identity(kind, job.name),
                    executor=kind,
                    next_run_time=first,
                    misfire_grace_time=None,
                )
        self._scheduler.start()

    def now(self, kind: str, name: str) -> None:
        """Run a job at once, beside its schedule, which stays as it is; not while it runs anyway.

        Safe to call from any thread; never waits. No such run counts as late or as missed, nor does one that
        it keeps from taking place.
        """
        if self._scheduler.running and (crew := self._crews.get(kind)) is not None:
            crew.run_now(_identity(kind, name))

    def stop(self) -> None:
        """Begin no further run; those under way are not waited for."""
        self._scheduler.shutdown(wait=False)

    def realign(self) -> None:
        """Move every job that is due later than its interval allows to within an interval of now."""
        now = datetime.now(UTC)
        for job in self._scheduler.get_jobs():
            ahead = job.next_run_time - now
            if ahead > job.trigger.interval:
                job.modify(next_run_time=now + ahead % job.trigger.interval)
        self._scheduler.wakeup()

    def _overlapped(self, event: Any) -> None:
        kind = event.job_id.partition("/")[0]
        if not self._crews[kind].excuses(event.job_id):
            self._observer.missed(kind, "overlap", 1)


class _Every(BaseTrigger):  # type: ignore[misc]  # APScheduler ships no types
    """Fires every `seconds`; what lies in the past is leapt over without being listed run by run.

    Between the first and the second run there are `once` seconds more.
    """

    def __init__(self, seconds: float, once: float = 0.0) -> None:
        self.interval = timedelta(seconds=seconds)
        self._once = timedelta(seconds=once)

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """Give the next time in step: the last one that is past, or else the first to come."""
        if previous_fire_time is None:
            return now
        once, self._once = self._once, timedelta(0)
        steps = max(1, (now - previous_fire_time - once) // self.interval)
        return previous_fire_time + once + steps * self.interval


class _Crew(BaseExecutor):  # type: ignore[misc]  # APScheduler ships no types
    """The threads of one kind of probe; the documented way to extend APScheduler's executors."""

    def __init__(self, jobs: Sequence[Job], observer: Observer) -> None:
        super().__init__()
        self._kind = jobs[0].kind
        self._runs = {_identity(job.kind, job.name): job.run for job in jobs}
        self._observer = observer
        # As many threads as it takes when every target hangs until its timeout.
        threads = 1 + math.ceil(sum(job.timeout / min(job.interval, ASKED) for job in jobs))
        self._pool = ThreadPoolExecutor(min(threads, MOST_THREADS), thread_name_prefix=self._kind)
        self._due: dict[str, float] = {}
        self._beside: set[str] = set()
        self._excused: set[str] = set()

    def shutdown(self, wait: bool = True) -> None:
        """Let go of the threads; what has not begun never will."""
        self._pool.shutdown(wait=wait, cancel_futures=True)

    def run_now(self, identity: str) -> None:
        """Run a job beside its schedule, unless it runs already (see `Scheduler.now`)."""
        with self._lock:
            if self._instances[identity]:
                return
            self._instances[identity] += 1
            self._beside.add(identity)
        try:
            self._pool.submit(self._work_beside, identity).add_done_callback(_report)
        except RuntimeError:  # nothing begins any more
            self._end_beside(identity)

    def excuses(self, identity: str) -> bool:
        """Whether a job could not run at its time only because somebody had asked for it just before."""
        with self._lock:
            excused = identity in self._excused
            self._excused.discard(identity)
            return excused

    def submit_job(self, job: Any, run_times: list[datetime]) -> None:
        """Take a job that is due, whether or not its last run has ended; count the runs leapt over."""
        # Reckoned by a clock that cannot be set: neither lag nor what was missed must grow with a step.
        late = (datetime.now(UTC) - run_times[-1]).total_seconds()
        due = time.monotonic() - max(0.0, late)
        missed = round((due - self._due.get(job.id, due)) / job.trigger.interval.total_seconds()) - 1
        if missed > 0:
            self._observer.missed(self._kind, "coalesced", missed)
        self._due[job.id] = due
        with self._lock:
            try:
                super().submit_job(job, run_times)
            except MaxInstancesReachedError:
                if job.id in self._beside:
                    self._excused.add(job.id)
                raise

    def _do_submit_job(self, job: Any, run_times: list[datetime]) -> None:  # noqa: ARG002  the base class's signature
        self._pool.submit(self._work, job, self._due[job.id]).add_done_callback(_report)

    def _work(self, job: Any, due: float) -> None:
        try:
            lag = time.monotonic() - due
            if lag >= job.trigger.interval.total_seconds():
                self._observer.missed(self._kind, "late", 1)
            else:
                self._observer.ran(self._kind, lag)
                job.func()
        finally:
            self._run_job_success(job.id, [])

    def _work_beside(self, identity: str) -> None:
        try:
            self._runs[identity]()
        finally:
            self._end_beside(identity)

    def _end_beside(self, identity: str) -> None:
        with self._lock:
            self._beside.discard(identity)
            self._run_job_success(identity, [])


def _identity(kind: str, name: str) -> str:
    return f"{kind}/{name}"


def _report(future: "Future[None]") -> None:
    """Log what a run raised in spite of all: a future would keep it to itself."""
    if not future.cancelled() and (error := future.exception()) is not None:
        log.error("run broke", exc_info=error)
