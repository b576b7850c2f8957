"""Every probe of every target, given to whoever carries it out: meter, watcher or scheduler."""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from exporter.config import ProbedTarget
from exporter.diagnosis.verdict import Ask
from exporter.exposition import Series
from exporter.exposition.own import OwnMetrics
from exporter.meter.keeper import MISSED_REASONS as METER_MISSED_REASONS
from exporter.meter.keeper import Keeper
from exporter.model import Target
from exporter.probes import KINDS
from exporter.probes.kind import Kind, Metered, NotApplicable, Reader, Standing, Tools, Unavailable
from exporter.probes.on_demand import OnDemand
from exporter.probes.trial import NAME, QUESTIONS, TIMEOUT, Trials, possible
from exporter.probes.undertaker import Undertaker
from exporter.runtime.runner import Runner
from exporter.runtime.scheduler import MISSED_REASONS, Job, Scheduler
from exporter.settings import ProbeBlock, ProbeSettings

log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Enlisted:
    """What the probes have been given to, and by what they are found again.

    `jobs` are for the scheduler. A reading of the meter is for the reader with the number of its job; the
    jobs in `hurrying` look closely where their target is suspicious. `on_demand` holds, by target, what can
    be had at once.
    """

    runner: Runner
    own: OwnMetrics
    series: Mapping[str, Series]
    keeper: Keeper
    scheduler: Scheduler
    jobs: list[Job] = field(default_factory=list)
    readers: list[tuple[str, str, Reader]] = field(default_factory=list)
    hurrying: dict[str, list[int]] = field(default_factory=dict)
    on_demand: dict[str, OnDemand] = field(default_factory=dict)
    unavailable: set[str] = field(default_factory=set)

    def take_on(self, probed: ProbedTarget, tools: Tools) -> None:
        """Enlist all probes of a target that are on; what this host does not allow is said once."""
        target = probed.target
        undertaker = Undertaker(target, tools)
        tools.watcher.keep(partial(self.runner.keep, target.name, "leftovers", undertaker.keep))
        self.hurrying[target.name] = []
        self.on_demand[target.name] = tools.on_demand
        self._have_trials(target, tools)
        for kind in KINDS:
            settings = probed.probes.get(kind.name)
            if settings is None:
                continue
            try:
                if isinstance(kind, Metered):
                    self._have_metered(kind, target, settings, tools)
                elif isinstance(kind, Standing):
                    self._have_kept(kind, target, settings, tools)
                else:
                    self._schedule(kind, target, settings, tools)
            except NotApplicable:
                continue
            except Unavailable as trouble:
                self._say_unavailable(kind.name, str(trouble))

    def deliver(self, job: int, reading: object) -> None:
        """Hand a reading of the meter to its reader."""
        target, kind, reader = self.readers[job]
        self.runner.run(target, kind, partial(reader.read, reading))

    def look_closely(self, target: str) -> None:
        """Have the meter look closely at a target."""
        for job in self.hurrying[target]:
            self.keeper.hurry(job)

    def ask(self, target: str, ask: Ask) -> None:
        """Have a probe of a target look now; never waits or raises, and where there is none does nothing."""
        if (on_demand := self.on_demand.get(target)) is not None:
            on_demand.want(ask)

    def _have_metered(
        self, kind: Metered[Any], target: Target, settings: ProbeSettings, tools: Tools
    ) -> None:
        job = len(self.readers)
        self.readers.append((target.name, kind.name, kind.reader(target, settings, tools)))
        if kind.hurries:
            self.hurrying[target.name].append(job)
        self._expect(kind.name, target, METER_MISSED_REASONS)
        self.keeper.order(kind.order(job, target, settings))
        tools.on_demand.offer(kind.name, partial(self.keeper.hurry, job))
        tools.book.watch(target.endpoint.host, partial(self.keeper.locate, job))

    def _have_kept(self, kind: Standing[Any], target: Target, settings: ProbeBlock, tools: Tools) -> None:
        vigil = kind.build(target, settings, tools)
        self.series[kind.name].expect(target.name)
        self.runner.expect(target.name, kind.name)
        tools.watcher.keep(partial(self.runner.keep, target.name, kind.name, vigil.keep))

    def _schedule(self, kind: Kind[Any], target: Target, settings: ProbeSettings, tools: Tools) -> None:
        probe = kind.build(target, settings, tools)
        self._expect(kind.name, target, MISSED_REASONS)
        tools.on_demand.offer(kind.name, partial(self.scheduler.now, kind.name, target.name))
        self.jobs.append(
            Job(
                kind=kind.name,
                name=target.name,
                interval=settings.interval,
                timeout=settings.timeout,
                run=partial(self.runner.run, target.name, kind.name, probe.run),
            )
        )

    def _have_trials(self, target: Target, tools: Tools) -> None:
        """Have trials made when they are asked for, and only then."""
        trials = Trials(target, tools)
        for trial in possible(tools.opener):
            name = f"{trial}_trial"
            make = partial(self.runner.run, target.name, NAME, partial(trials.make, trial))
            timeout = (1 + len(QUESTIONS)) * TIMEOUT
            self.jobs.append(Job(kind=name, name=target.name, interval=math.inf, timeout=timeout, run=make))
            tools.on_demand.offer(name, partial(self.scheduler.now, name, target.name))

    def _expect(self, kind: str, target: Target, reasons: Sequence[str]) -> None:
        self.own.expect(kind, reasons)
        self.series[kind].expect(target.name)
        self.runner.expect(target.name, kind)

    def _say_unavailable(self, kind: str, trouble: str) -> None:
        if kind not in self.unavailable:
            self.unavailable.add(kind)
            log.warning("probe not available", extra={"fields": {"probe": kind, "detail": trouble}})
