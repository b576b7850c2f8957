"""When probes run: APScheduler, with a crew of threads for each kind of probe."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final

from apscheduler.events import EVENT_JOB_MAX_INSTANCES
from apscheduler.executors.debug import DebugExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from exporter.net.engine import FIRST, GOLDEN, shift
from exporter.runtime.crew import Crew, Job, Observer, identified

PACE: Final = 0.02
"""Seconds that each job of a kind adds to the time within which all have begun: a thousand at once would
keep each other from ever being done."""
TURN: Final = 1.0
"""Seconds after which the scheduler tells again that it goes on."""
TURNS: Final = "turns"
"""Under which name that is known to APScheduler."""


class Scheduler:
    """Runs jobs at their intervals, each kind with threads of its own, so that none can hold up another.

    APScheduler reckons in wall-clock time. A step forward is leapt over by `_Every`; after a step
    backward every job would wait as long as the step: `realign` moves them to within an interval of now.
    """

    def __init__(self, observer: Observer, turned: Callable[[], None] = lambda: None) -> None:
        """Take who is told of runs; `turned` is called every second, to tell that the schedule goes on."""
        self._observer = observer
        self._turned = turned
        # Coalescing is done by _Every and counted in Crew: APScheduler's own would list every run first.
        self._scheduler = BackgroundScheduler(
            timezone=UTC, job_defaults={"coalesce": False, "max_instances": 1}
        )
        self._scheduler.add_listener(self._overlapped, EVENT_JOB_MAX_INSTANCES)
        self._crews: dict[str, Crew] = {}
        self._numbers: defaultdict[str, Iterator[int]] = defaultdict(count)
        self._waiting: list[Job] = []
        self._started = False

    def start(self) -> None:
        """Begin to run what has been added, and what will be."""
        self._started = True
        for job in self._waiting:
            self._begin(job)
        self._waiting.clear()
        # In the scheduler's own thread.
        self._scheduler.add_executor(DebugExecutor(), TURNS)
        self._scheduler.add_job(
            self._turned,
            _Every(TURN),
            executor=TURNS,
            next_run_time=datetime.now(UTC),
            misfire_grace_time=None,
        )
        self._scheduler.start()

    def add(self, job: Job) -> None:
        """Begin with `job` within FIRST seconds of the start, or a PACE for each of its kind if that is more.

        Jobs of one kind spread over its interval.
        """
        self._crew(job.kind).take_on(job)
        if job.interval == math.inf:
            return
        if self._started:
            self._begin(job)
        else:
            self._waiting.append(job)

    def _begin(self, job: Job) -> None:
        part = next(self._numbers[job.kind]) * GOLDEN % 1
        first = min(job.interval, max(FIRST, PACE * self._crews[job.kind].jobs))
        self._scheduler.add_job(
            job.run,
            _Every(job.interval, shift(part, job.interval, first)),
            id=identified(job.kind, job.name),
            executor=job.kind,
            next_run_time=datetime.now(UTC) + timedelta(seconds=first * part),
            misfire_grace_time=None,
        )

    def remove(self, job: Job) -> None:
        """Run a job no more; a run that is under way goes on to its end."""
        identity = identified(job.kind, job.name)
        if job in self._waiting:
            self._waiting.remove(job)
        elif job.interval < math.inf:
            self._scheduler.remove_job(identity)
        self._crews[job.kind].let_go(identity)

    def now(self, kind: str, name: str) -> None:
        """Run a job at once, beside its schedule, which stays as it is; not while it runs anyway.

        Safe to call from any thread; never waits. No such run counts as late or as missed, nor does one that
        it keeps from taking place.
        """
        if self._scheduler.running and (crew := self._crews.get(kind)) is not None:
            crew.run_now(identified(kind, name))

    def stop(self) -> None:
        """Begin no further run; those under way are not waited for."""
        if self._scheduler.running:  # it may be that what comes before it could not be started
            self._scheduler.shutdown(wait=False)

    def realign(self) -> None:
        """Move every job that is due later than its interval allows to within an interval of now."""
        now = datetime.now(UTC)
        for job in self._scheduler.get_jobs():
            ahead = job.next_run_time - now
            if ahead > job.trigger.interval:
                with suppress(JobLookupError):  # it has been removed meanwhile
                    job.modify(next_run_time=now + ahead % job.trigger.interval)
        self._scheduler.wakeup()

    def _crew(self, kind: str) -> "Crew":
        if kind not in self._crews:
            crew = self._crews[kind] = Crew(kind, self._observer)
            self._scheduler.add_executor(crew, kind)
        return self._crews[kind]

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
