"""The daemon: everything that runs, put together."""

import asyncio
import gc
import logging
import socket
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from exporter import __version__
from exporter.app.descriptors import allow_descriptors
from exporter.app.diagnosing import Diagnosis, Means
from exporter.app.entrance import Entrance
from exporter.app.face import Behind, site
from exporter.app.options import Options
from exporter.app.pages import Memories
from exporter.app.probing import prober, scope
from exporter.app.service import Service, status
from exporter.app.watch import Hands
from exporter.app.watches import Watches
from exporter.config import Configuration, ProbedTarget
from exporter.db import forget_environment
from exporter.diagnosis.verdict import Ask
from exporter.exposition import SERIES, Series
from exporter.exposition.families import Families
from exporter.exposition.own import Keepalives, OwnMetrics, TargetInfo
from exporter.exposition.registry import Scrape, new_registry
from exporter.journal import Journal
from exporter.meter.canary import LOOPBACK, Canary
from exporter.meter.keeper import Keeper
from exporter.model import HostCondition, Observation
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
from exporter.runtime.history import History
from exporter.runtime.host import HostWatch
from exporter.runtime.runner import Runner
from exporter.runtime.scheduler import Scheduler
from exporter.runtime.vitals import turning
from exporter.web.server import ListenAddress, bind

log = logging.getLogger(__name__)

SWITCH_INTERVAL = 0.0005
"""Seconds after which a busy thread must let others go on; Python's own 5 ms would be seen as latency."""
SAVE = 5.0
"""Seconds after which what has been learnt is on disk at the latest."""


class Daemon:
    """Everything that runs, built from one configuration, and changed by others that are read later."""

    def __init__(
        self,
        configuration: Configuration,
        listen: Sequence[ListenAddress | socket.socket],
        state: Path | None = None,
        entrance: Entrance | None = None,
        options: Options | None = None,
    ) -> None:
        """Build all and bind the addresses; raise AddressError when one cannot be had.

        What is learnt is kept in the directory `state`, or forgotten with the daemon if there is none.
        """
        forget_environment()
        listeners = bind(listen)  # first: what cannot be answered is not begun, and incidents are left alone
        registry, self._families = new_registry(), Families(configuration.vantage)
        self._own = OwnMetrics(registry, self._families)
        self._own.configured()
        self._configuration = configuration
        options = options or Options()
        self._service = Service(options, self.reload, self._own, self._status)
        self._begin_tools(configuration, Memory(state))
        memories = Memories(history=History(options.history_limit))
        self._begin_diagnosis(configuration, journal := Journal())
        self._begin_hands([self._measure, journal.record, memories.record, self._heed])
        self._watches = Watches(
            self._hands, self._equip, self._diagnosis, self._families, forget=memories.forget
        )
        TargetInfo(self._watches.targets, registry)
        Keepalives(self._watches.keepalives, registry)
        self._prober = prober(self._resolver, self._stop, memories.history, self._own, options)
        self._changing = threading.Lock()
        self.reload(configuration)
        self._entrance = entrance or Entrance()
        behind = Behind(
            scrape=Scrape(registry, self._families),
            memories=memories,
            incidents=self._diagnosis.history.listed,
            watches=self._watches,
            prober=self._prober,
            ready=lambda: self._runner.ready,
            reload=self._service.reload,
            configuration=lambda: self._configuration,
        )
        self._web = self._entrance.open(site(behind, self._entrance.mount), listeners)

    def _begin_tools(self, configuration: Configuration, memory: Memory) -> None:
        self._stop = Stop()
        self._resolver = Resolver(self._stop)
        self._book = AddressBook(self._resolver, self._stop)
        self._hostnames, self._owners = Hostnames(), Owners(configuration.networks)
        self._watcher = Watcher()
        self._memory = memory

    def _begin_diagnosis(self, configuration: Configuration, journal: Journal) -> None:
        means = Means(
            memory=self._memory,
            note=journal.incident,
            ask=self._ask,
            turned=self._service.vitals.loop("incidents"),
        )
        self._diagnosis = Diagnosis(configuration.diagnosis, self._families, means)
        self._desk = self._diagnosis.desk

    def _begin_hands(self, sinks: Sequence[Callable[[Observation], None]]) -> None:
        rooms = {name: self._families.room() for name in SERIES}
        series: dict[str, Series] = {name: begin(rooms[name]) for name, begin in SERIES.items()}
        self._runner = Runner([*sinks, self._desk.record])
        self._scheduler = Scheduler(self._own, self._service.vitals.loop("scheduler"))
        watch = HostWatch(self._take_in_host)
        self._heartbeat = Heartbeat(self._own, self._scheduler.realign, told=watch.report)
        self._canary = Canary(self._own.erred, echo=not why_unavailable())
        self._keeper = Keeper(self._deliver, self._own, self._stop, self._service.vitals.loop("meter"))
        self._hands = Hands(
            runner=self._runner,
            own=self._own,
            series=series,
            rooms=rooms,
            keeper=self._keeper,
            scheduler=self._scheduler,
        )

    def reload(self, configuration: Configuration) -> Mapping[str, int]:
        """Have another configuration from now on, and count changes; where it raises, there are none.

        Targets that are as before keep their connections, counters and histories; of those that are not,
        the probes do whose settings are as before.
        """
        with self._changing:
            change = self._watches.prepare(configuration.targets)
            self._owners.learn(configuration.networks)
            self._families.stand(configuration.vantage)
            self._diagnosis.change(configuration.diagnosis)
            counts = self._watches.carry_out(change, configuration.targets)
            self._book.retain({target.endpoint.host for target in self._watches.targets()})
            self._prober.configure(scope(configuration, self._watches.all))
            self._configuration = configuration
            return counts

    def reread(self) -> None:
        """Have the configuration read anew soon, where it comes from a file."""
        self._service.reread()

    @property
    def urls(self) -> list[str]:
        """Where the daemon is reached from this host."""
        mount, scheme = self._entrance.mount, self._entrance.scheme
        return [
            f"{address.url(scheme)}{mount.prefix[1:]}".rstrip("/") + "/" for address in self._web.addresses
        ]

    def start(self) -> None:
        """Begin to probe."""
        sys.setswitchinterval(SWITCH_INTERVAL)
        allow_descriptors()
        gc.freeze()  # what has been built stays: no collection has to look through it again
        for order in self._canary.orders:
            self._keeper.order(order)
            self._keeper.locate(order.job, [LOOPBACK], None)
        self._keeper.start()
        self._heartbeat.start()
        self._desk.start()
        self._scheduler.start()
        self._watcher.keep(self._save)
        self._watcher.keep(partial(turning, self._service.vitals.loop("watcher")))
        self._watcher.start()
        fields = {"version": __version__, "probes": self._runner.expected}
        for url in self.urls:
            log.info("listening", extra={"fields": {"url": url, **fields}})
        self._service.start(self._web.addresses)

    def stop(self) -> None:
        """End every wait and let go of everything."""
        self._service.stop()
        self._stop.throw()
        self._scheduler.stop()
        self._watcher.stop()
        self._desk.stop()
        self._memory.save()
        self._heartbeat.stop()
        self._keeper.stop()
        self._canary.close()
        self._web.stop()

    def _measure(self, observation: Observation) -> None:
        series = self._hands.series.get(observation.probe)  # who ends leftovers has none, but may break
        if series is not None:
            series.record(observation)

    def _heed(self, observation: Observation) -> None:
        self._watches.heed(observation)

    def _status(self) -> str:
        return status(self._watches.all, self._diagnosis.history.listed())

    def _take_in_host(self, condition: HostCondition) -> None:
        """Count what the host has come to, and let it be evidence."""
        self._own.host(condition)
        self._desk.condition(condition)

    def _ask(self, target: str, ask: Ask) -> None:
        self._watches.ask(target, ask)

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
            resolver=self._resolver,
            book=self._book,
            stop=self._stop,
            owners=self._owners,
            hostnames=self._hostnames,
            watcher=self._watcher,
            budget=Budget(probed.connection_budget),
            memory=self._memory,
        )
