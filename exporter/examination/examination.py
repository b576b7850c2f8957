"""The examination: every probe at one target, at a quick pace, until what can be told has been told."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import Final

from exporter.app.core import Core, Hearers
from exporter.examination.aiming import aim
from exporter.examination.ending import Ending, shut
from exporter.examination.looks import Sight, looks
from exporter.examination.pace import holds
from exporter.examination.plan import Plan
from exporter.examination.record import Record
from exporter.examination.report import Look, Progress, Report, Rung
from exporter.examination.stages import Stages
from exporter.examination.telling import Known, report
from exporter.model import IdleObservation, Incident, Seen
from exporter.probes.memory import Memory
from exporter.runtime.latest import Latest

LOOK: Final = 0.25
"""Seconds between two reports of progress."""
GOODBYES: Final = 4.0
"""Seconds for goodbyes, of which one that nobody hears takes two, and for ending what could not be told."""
SHORTLY: Final = 0.05
ENDED: Final = 1.5
"""Seconds that threads get to end, once everything has been told to."""


class Examination:
    """Looks at one target as the daemon does, without a page, a file or a memory of earlier runs."""

    def __init__(self, plan: Plan) -> None:
        """Prepare; nothing is sent yet. Raises PlanError."""
        self._plan = plan
        self._aim = aim(plan)
        self._name = self._aim.probed.target.name
        self._stages = Stages(self._aim, plan)
        self._ends: SimpleQueue[None] = SimpleQueue()  # which a signal may write to, whatever it interrupts
        self._latest, self._record = Latest(), Record()

    def run(self, show: Callable[[Progress], None]) -> Report:
        """Look until the plan is carried out or `end` was called; `show` is told some times a second."""
        others, started, begun = set(threading.enumerate()), time.time(), time.monotonic()
        core = Core(self._stages.first, Memory(), Hearers(sinks=[self._latest.record, self._record.record]))
        try:
            core.change(self._stages.first)
            core.start()
            cut_short = self._watch(core, begun, show)
            known = Known(
                aim=self._aim,
                plan=self._plan,
                sight=self._sight(core),
                incidents=self._incidents(core),
                started=started,
                seconds=time.monotonic() - begun,
                cut_short=cut_short,
            )
            self._take_leave(core, looks(known.sight, self._plan.sides, holding=holds(self._plan)))
        finally:
            core.stop()
            _await_end(others)
        return report(known)

    def end(self) -> None:
        """Have `run` return soon with what is known by now, politely; from any thread or signal handler."""
        self._ends.put(None)

    def _watch(self, core: Core, begun: float, show: Callable[[Progress], None]) -> bool:
        """Show progress until there is no more; tell whether it was cut short."""
        ending = Ending(self._plan)
        while True:
            progress = self._progress(core, time.monotonic() - begun, ending.latest)
            show(progress)
            if ending.due(progress):
                return False
            if (then := self._stages.next(progress, looked=ending.looked(progress))) is not None:
                core.change(then)
            try:
                self._ends.get(timeout=LOOK)
            except Empty:
                continue
            return True

    def _take_leave(self, core: Core, seen: Sequence[Look]) -> None:
        """Say goodbye on all connections; what a device on the way has forgotten is ended over a fresh one.

        The server would list it for hours. Where nobody is let in, there is nothing to be said.
        """
        watch = core.watches.of(self._name)
        if watch is None or shut(seen):
            return
        core.change(replace(self._stages.first, targets=(replace(self._aim.probed, probes={}),)))
        until = time.monotonic() + GOODBYES
        while (watch.tools.budget.open or len(watch.tools.leftovers)) and time.monotonic() < until:
            time.sleep(SHORTLY)

    def _progress(self, core: Core, elapsed: float, latest: float) -> Progress:
        sight = self._sight(core)
        held = sight.seen.held.get("idle")
        return Progress(
            target=self._name,
            elapsed=elapsed,
            left=max(0.0, latest - elapsed),
            looks=looks(sight, self._plan.sides, holding=holds(self._plan)),
            rungs=tuple(
                Rung(seconds=each.seconds, silent=max(0.0, sight.now - each.begun), armed=each.armed)
                for each in (held.silences if held is not None else ())
            ),
            idle=sight.seen.last(IdleObservation),
            incidents=tuple(each for each in self._incidents(core) if each.ended is None),
        )

    def _sight(self, core: Core) -> Sight:
        now, watch = time.time(), core.watches.of(self._name)
        return Sight(
            seen=self._latest.of(self._name, now) or Seen(since=now),
            told=self._record.told(),
            now=now,
            absent=dict(watch.absent) if watch is not None else {},
            saturation=self._stages.first.diagnosis.saturation,
        )

    def _incidents(self, core: Core) -> tuple[Incident, ...]:
        return tuple(core.diagnosis.history.listed())


def _await_end(others: set[threading.Thread]) -> None:
    """Wait for the threads that have been begun meanwhile; what hangs in a library is left behind."""
    until = time.monotonic() + ENDED
    for thread in set(threading.enumerate()) - others:
        thread.join(max(0.0, until - time.monotonic()))
