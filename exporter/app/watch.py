"""The watch over one target: each of its probes, given to whoever carries it out, until it ends."""

import itertools
import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from exporter.config import ProbedTarget
from exporter.diagnosis.verdict import Ask
from exporter.exposition import Series
from exporter.exposition.families import Families
from exporter.exposition.own import OwnMetrics
from exporter.meter.keeper import MISSED_REASONS as METER_MISSED_REASONS
from exporter.meter.keeper import Keeper
from exporter.model import Observation
from exporter.probes import KINDS
from exporter.probes.kind import Kind, Metered, NotApplicable, Reader, Standing, Tools, Unavailable
from exporter.probes.trial import NAME, QUESTIONS, TIMEOUT, Trials, possible
from exporter.probes.undertaker import Undertaker
from exporter.runtime.crew import MISSED_REASONS, Job
from exporter.runtime.runner import Duty, Runner
from exporter.runtime.scheduler import Scheduler
from exporter.settings import ProbeBlock, ProbeSettings

log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Hands:
    """Those who carry probes out, for all targets, and who count what they see.

    `rooms` are the families that `series` write, by the kind of probe. A reading of the meter is for the
    reader with the number of its job. What this host does not allow is `unavailable`, and said once.
    """

    runner: Runner
    own: OwnMetrics
    series: Mapping[str, Series]
    rooms: Mapping[str, Families]
    keeper: Keeper
    scheduler: Scheduler
    readers: dict[int, tuple[Duty, Reader]] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=itertools.count)
    unavailable: set[str] = field(default_factory=set)

    def deliver(self, job: int, reading: object) -> None:
        """Hand a reading of the meter to its reader; one of a job that was cancelled goes nowhere."""
        found = self.readers.get(job)
        if found is not None:
            duty, reader = found
            duty.run(partial(reader.read, reading))

    def say_unavailable(self, kind: str, trouble: str) -> None:
        """Log that this host does not let a kind of probe work."""
        if kind not in self.unavailable:
            self.unavailable.add(kind)
            log.warning("probe not available", extra={"fields": {"probe": kind, "detail": trouble}})


class Watch:
    """All probes of one target; used by one thread at a time, but for what may come at any time."""

    def __init__(self, probed: ProbedTarget, tools: Tools, hands: Hands) -> None:
        """Prepare; nothing is begun yet."""
        self.probed = probed
        self.tools = tools
        self._hands = hands
        self._name = probed.target.name
        self._hurrying: dict[str, int] = {}
        self._undo = ExitStack()
        self._probes: dict[str, ExitStack] = {}
        self.absent: dict[str, str] = {}  # probes that are on and have nothing to look at, or may not: why

    def begin(self) -> None:
        """Begin all probes that are on; what this host does not allow is said once."""
        undertaker = Undertaker(self.probed.target, self.tools)
        duty = self._hands.runner.duty(self._name, "leftovers", counted=False)
        self._undo.callback(duty.end)
        self._undo.callback(self.tools.watcher.keep(partial(duty.keep, undertaker.keep)))
        self._have_trials()
        for kind in KINDS:
            self._begin(kind)

    def change(self, probed: ProbedTarget) -> None:
        """Have other settings: probes whose settings are as before go on, all others begin anew or end."""
        before, self.probed = self.probed, probed
        for kind in KINDS:
            settings = probed.probes.get(kind.name)
            if settings != before.probes.get(kind.name):
                self._end(kind.name)
                if settings is None:
                    self._hands.rooms[kind.name].forget(self._name)
                self._begin(kind)

    def end(self) -> None:
        """End all probes; what they hold says goodbye by and by, and nothing is reported any more."""
        for kind in list(self._probes):
            self._end(kind)
        self._undo.close()

    def heed(self, observation: Observation) -> None:
        """Have the meter look closely at what is bad, and give everything back to a server that is full.

        At any time, in any thread.
        """
        if self.tools.suspicion.roused(observation):
            for job in list(self._hurrying.values()):
                self._hands.keeper.hurry(job)
        if self.tools.budget.notice(observation):
            detail = "the server is full; held connections are given back"
            fields = {"target": self._name, "detail": detail}
            log.warning("nothing is held for a while", extra={"fields": fields})

    def ask(self, ask: Ask) -> None:
        """Have a probe look now; never waits or raises, and where there is none does nothing."""
        self.tools.on_demand.want(ask)

    def _begin(self, kind: Kind[Any] | Metered[Any] | Standing[Any]) -> None:
        settings = self.probed.probes.get(kind.name)
        if settings is None:
            return
        try:
            with ExitStack() as undo:
                if isinstance(kind, Metered):
                    self._have_metered(kind, settings, replace(self.tools, undo=undo))
                elif isinstance(kind, Standing):
                    self._have_kept(kind, settings, replace(self.tools, undo=undo))
                else:
                    self._schedule(kind, settings, replace(self.tools, undo=undo))
                self._probes[kind.name] = undo.pop_all()
        except NotApplicable as reason:
            self.absent[kind.name] = str(reason)
        except Unavailable as trouble:
            self.absent[kind.name] = str(trouble)
            self._hands.say_unavailable(kind.name, str(trouble))

    def _end(self, kind: str) -> None:
        self.absent.pop(kind, None)
        undo = self._probes.pop(kind, None)
        if undo is not None:
            undo.close()

    def _have_metered(self, kind: Metered[Any], settings: ProbeSettings, tools: Tools) -> None:
        target, keeper, readers = self.probed.target, self._hands.keeper, self._hands.readers
        reader, job = kind.reader(target, settings, tools), next(self._hands.numbers)
        readers[job] = self._expect(kind.name, METER_MISSED_REASONS, tools), reader
        tools.undo.callback(readers.pop, job)
        if kind.hurries:
            self._hurrying[kind.name] = job
            tools.undo.callback(self._hurrying.pop, kind.name)
        keeper.order(kind.order(job, target, settings))
        tools.undo.callback(keeper.cancel, job)
        tools.undo.callback(tools.on_demand.offer(kind.name, partial(keeper.hurry, job)))
        tools.undo.callback(tools.book.watch(target.endpoint.host, partial(keeper.locate, job)))

    def _have_kept(self, kind: Standing[Any], settings: ProbeBlock, tools: Tools) -> None:
        vigil = kind.build(self.probed.target, settings, tools)
        duty = self._expect(kind.name, (), tools)
        tools.undo.callback(tools.watcher.keep(partial(duty.keep, vigil.keep)))

    def _schedule(self, kind: Kind[Any], settings: ProbeSettings, tools: Tools) -> None:
        probe = kind.build(self.probed.target, settings, tools)
        duty = self._expect(kind.name, MISSED_REASONS, tools)
        self._have_run(
            Job(
                kind=kind.name,
                name=self._name,
                interval=settings.interval,
                timeout=settings.timeout,
                run=partial(duty.run, probe.run),
            ),
            tools.undo,
        )

    def _have_trials(self) -> None:
        """Have trials made when they are asked for, and only then."""
        trials = Trials(self.probed.target, self.tools)
        duty = self._hands.runner.duty(self._name, NAME, counted=False)
        self._undo.callback(duty.end)
        for trial in possible(self.tools.opener):
            make = partial(duty.run, partial(trials.make, trial))
            timeout = (1 + len(QUESTIONS)) * TIMEOUT
            kind = f"{trial}_trial"
            job = Job(kind=kind, name=self._name, interval=math.inf, timeout=timeout, run=make)
            self._have_run(job, self._undo)

    def _have_run(self, job: Job, undo: ExitStack) -> None:
        scheduler = self._hands.scheduler
        scheduler.add(job)
        undo.callback(scheduler.remove, job)
        undo.callback(self.tools.on_demand.offer(job.kind, partial(scheduler.now, job.kind, job.name)))

    def _expect(self, kind: str, reasons: Sequence[str], tools: Tools) -> Duty:
        """Let every series begin at 0 that can be foreseen, and the probe begin its duty."""
        if reasons:
            self._hands.own.expect(kind, reasons)
        self._hands.series[kind].expect(self._name)
        duty = self._hands.runner.duty(self._name, kind)
        tools.undo.callback(duty.end)
        return duty
