"""The threads of one kind of probe, and what is told of how punctual they are."""

import logging
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from apscheduler.executors.base import BaseExecutor, MaxInstancesReachedError

from exporter.net.lanes import Lanes

log = logging.getLogger(__name__)

MOST_THREADS: Final = 256
"""Threads of one crew; beyond that runs queue, and lag shows it."""
LANES: Final = 4
"""Threads of these that may do more than wait at once."""
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


class Crew(BaseExecutor):  # type: ignore[misc]  # APScheduler ships no types
    """The threads of one kind of probe; the documented way to extend APScheduler's executors."""

    def __init__(self, kind: str, observer: Observer) -> None:
        super().__init__()
        self._kind = kind
        self._jobs: dict[str, Job] = {}
        self._observer = observer
        self._lanes = Lanes(LANES)
        self._load = 0.0
        self._threads = 1
        self._ended = False
        self._changing = threading.Lock()
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix=kind)
        self._due: dict[str, float] = {}
        self._beside: set[str] = set()
        self._excused: set[str] = set()

    def take_on(self, job: Job) -> None:
        """Have a further job, and as many threads as it takes when every target hangs until its timeout."""
        self._jobs[identified(job.kind, job.name)] = job
        self._load += job.timeout / min(job.interval, ASKED)
        threads = min(1 + math.ceil(self._load), MOST_THREADS)
        if threads <= self._threads:
            return
        with self._changing:
            before, self._threads = self._pool, threads
            self._pool = ThreadPoolExecutor(threads, thread_name_prefix=self._kind)
        before.shutdown(wait=False)  # what it has been given it still does

    @property
    def jobs(self) -> int:
        """How many jobs there are."""
        return len(self._jobs)

    def let_go(self, identity: str) -> None:
        """Have a job no more."""
        job = self._jobs.pop(identity)
        self._load -= job.timeout / min(job.interval, ASKED)
        self._due.pop(identity, None)

    def shutdown(self, wait: bool = True) -> None:
        """Let go of the threads; what has not begun never will."""
        with self._changing:
            self._ended = True
        self._pool.shutdown(wait=wait, cancel_futures=True)

    def run_now(self, identity: str) -> None:
        """Run a job beside its schedule, unless it runs already (see `Scheduler.now`)."""
        with self._lock:
            job = self._jobs.get(identity)
            if self._instances[identity] or job is None:
                return
            self._instances[identity] += 1
            self._beside.add(identity)
        try:
            self._submit(self._work_beside, identity, job.run)
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
        self._submit(self._work, job, self._due[job.id])

    def _submit(self, work: Callable[..., None], *args: Any) -> None:
        """Have a thread do it; raises RuntimeError once nothing begins any more."""
        with self._changing:
            try:
                self._pool.submit(_reported, work, *args)
            except RuntimeError:
                # Where no further thread can be had it is in the queue all the same, for those there are.
                if self._ended:
                    raise

    def _work(self, job: Any, due: float) -> None:
        try:
            with self._lanes.taken():
                lag = time.monotonic() - due
                if lag >= job.trigger.interval.total_seconds():
                    self._observer.missed(self._kind, "late", 1)
                else:
                    self._observer.ran(self._kind, lag)
                    job.func()
        finally:
            self._run_job_success(job.id, [])

    def _work_beside(self, identity: str, run: Callable[[], None]) -> None:
        try:
            with self._lanes.taken():
                run()
        finally:
            self._end_beside(identity)

    def _end_beside(self, identity: str) -> None:
        with self._lock:
            self._beside.discard(identity)
            self._run_job_success(identity, [])


def identified(kind: str, name: str) -> str:
    """Give the name under which APScheduler knows a job."""
    return f"{kind}/{name}"


def _reported(work: Callable[..., None], *args: Any) -> None:
    """Log what a run raises in spite of all: a future would keep it to itself."""
    try:
        work(*args)
    except BaseException:
        log.exception("run broke")
