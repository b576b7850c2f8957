"""The core: all that looks at targets and finds out what is wrong with them, put together."""

import asyncio
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from exporter.app.allocating import spare_memory
from exporter.app.descriptors import allow_descriptors
from exporter.app.diagnosing import Diagnosis, Means
from exporter.app.watch import Hands
from exporter.app.watches import Watches
from exporter.config import Configuration, ProbedTarget
from exporter.db import forget_environment
from exporter.diagnosis.verdict import Ask
from exporter.exposition import SERIES, Series
from exporter.exposition.families import Families
from exporter.exposition.own import Keepalives, OwnMetrics, TargetInfo
from exporter.exposition.registry import new_registry
from exporter.incidents.outlets import Note
from exporter.meter.canary import LOOPBACK, Canary
from exporter.meter.keeper import Keeper
from exporter.model import Cause, HostCondition, Incident, Observation, Stage
from exporter.net.book import AddressBook
from exporter.net.hostnames import Hostnames
from exporter.net.icmp import why_unavailable
from exporter.net.owners import Owners
from exporter.net.resolve import Resolver
from exporter.net.waiting import Stop
from exporter.net.watcher import Watcher
from exporter.probes.budget import Budget
from exporter.probes.kind import Tools
from exporter.probes.memory import Memory
from exporter.runtime.heartbeat import Heartbeat
from exporter.runtime.host import HostWatch
from exporter.runtime.runner import Runner, Sink
from exporter.runtime.scheduler import Scheduler
from exporter.runtime.vitals import Vitals, turning

SWITCH_INTERVAL: Final = 0.0005
"""Seconds after which a busy thread must let others go on; Python's own 5 ms would be seen as latency."""
SAVE: Final = 5.0
"""Seconds after which what has been learnt is on disk at the latest."""


def _unheard(stage: Stage, incident: Incident, before: Cause) -> None:
    """Take note of an incident for nobody."""


def _forgotten(target: str) -> None:
    """Have nothing to forget of a target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearers:
    """Who is told what: `sinks` of all that is seen, `note` of incidents, `forget` of targets that are gone.

    Each loop that must go on takes its name to `vitals`.
    """

    sinks: Sequence[Sink]
    note: Note = _unheard
    forget: Callable[[str], object] = _forgotten
    vitals: Vitals = field(default_factory=Vitals)


class Core:
    """Looks at the targets of one configuration, and of others that come later, and knows of incidents."""

    def __init__(self, configuration: Configuration, memory: Memory, hearers: Hearers) -> None:
        """Build all; nothing is looked at before `start`, and no target is there before `change`."""
        forget_environment()
        self.registry, self.families = new_registry(), Families(configuration.vantage)
        self.own = OwnMetrics(self.registry, self.families)
        self._vitals, self._memory = hearers.vitals, memory
        self.stop_switch = Stop()
        self.resolver = Resolver(self.stop_switch)
        self._book = AddressBook(self.resolver, self.stop_switch)
        self._hostnames, self._owners = Hostnames(), Owners(configuration.networks)
        self._watcher = Watcher()
        means = Means(memory=memory, note=hearers.note, ask=self._ask, turned=self._vitals.loop("incidents"))
        self.diagnosis = Diagnosis(configuration.diagnosis, self.families, means)
        self._desk = self.diagnosis.desk
        self._begin_hands([self._measure, *hearers.sinks, self._heed])
        self.watches = Watches(self._hands, self._equip, self.diagnosis, self.families, forget=hearers.forget)
        TargetInfo(self.watches.targets, self.registry)
        Keepalives(self.watches.keepalives, self.registry)
        self._changing = threading.Lock()

    def _begin_hands(self, sinks: Sequence[Sink]) -> None:
        rooms = {name: self.families.room(name) for name in SERIES}
        series: dict[str, Series] = {name: begin(rooms[name]) for name, begin in SERIES.items()}
        self.runner = Runner([*sinks, self._desk.record])
        self._scheduler = Scheduler(self.own, self._vitals.loop("scheduler"))
        watch = HostWatch(self._take_in_host)
        self._heartbeat = Heartbeat(self.own, self._scheduler.realign, told=watch.report)
        self._canary = Canary(self.own.erred, echo=not why_unavailable())
        self._keeper = Keeper(self._deliver, self.own, self.stop_switch, self._vitals.loop("meter"))
        self._hands = Hands(
            runner=self.runner,
            own=self.own,
            series=series,
            rooms=rooms,
            keeper=self._keeper,
            scheduler=self._scheduler,
        )

    def change(
        self, configuration: Configuration, then: Callable[[], object] = lambda: None
    ) -> Mapping[str, int]:
        """Have another configuration from now on, and count changes; where it raises, there are none.

        Targets that are as before keep their connections, counters and histories; of those that are not,
        the probes do whose settings are as before. `then` is done before the next change.
        """
        with self._changing:
            change = self.watches.prepare(configuration.targets)
            self._owners.learn(configuration.networks)
            self.families.stand(configuration.vantage)
            self.diagnosis.change(configuration.diagnosis)
            counts = self.watches.carry_out(change, configuration.targets)
            self._book.retain({target.endpoint.host for target in self.watches.targets()})
            then()
            return counts

    def start(self) -> None:
        """Begin to look."""
        sys.setswitchinterval(SWITCH_INTERVAL)
        spare_memory()
        allow_descriptors()
        for order in self._canary.orders:
            self._keeper.order(order)
            self._keeper.locate(order.job, [LOOPBACK], None)
        self._keeper.start()
        self._heartbeat.start()
        self._desk.start()
        self._scheduler.start()
        self._watcher.keep(self._save)
        self._watcher.keep(partial(turning, self._vitals.loop("watcher")))
        self._watcher.start()

    def stop(self) -> None:
        """End every wait, say goodbye on all connections, and keep what has been learnt."""
        self.stop_switch.throw()
        self._scheduler.stop()
        self._watcher.stop()
        self._desk.stop()
        self._memory.save()
        self._heartbeat.stop()
        self._keeper.stop()
        self._canary.close()

    def _measure(self, observation: Observation) -> None:
        series = self._hands.series.get(observation.probe)  # who ends leftovers has none, but may break
        if series is not None:
            series.record(observation)

    def _heed(self, observation: Observation) -> None:
        self.watches.heed(observation)

    def _take_in_host(self, condition: HostCondition) -> None:
        """Count what the host has come to, and let it be evidence."""
        self.own.host(condition)
        self._desk.condition(condition)

    def _ask(self, target: str, ask: Ask) -> None:
        self.watches.ask(target, ask)

    async def _save(self) -> None:
        """Write down what has been learnt, every now and then."""
        while True:
            await asyncio.sleep(SAVE)
            await self._watcher.aside(self._memory.save)

    def _deliver(self, job: int, reading: object) -> None:
        if job < 0:
            self._canary.read(job, reading)
            return
        self._hands.deliver(job, reading)

    def _equip(self, probed: ProbedTarget) -> Tools:
        return Tools(
            opener=probed.dialect.prepare(probed.target.endpoint),
            resolver=self.resolver,
            book=self._book,
            stop=self.stop_switch,
            owners=self._owners,
            hostnames=self._hostnames,
            watcher=self._watcher,
            budget=Budget(probed.connection_budget),
            memory=self._memory,
        )
