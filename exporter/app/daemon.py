"""The daemon: everything that runs, put together."""

import asyncio
import contextlib
import gc
import logging
import resource
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from exporter import __version__
from exporter.alerts import runbooks
from exporter.app.diagnosing import Diagnosis, Means
from exporter.app.enlisting import Enlisted
from exporter.config import Configuration, ProbedTarget, load
from exporter.db import DIALECTS, forget_environment
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
from exporter.probes import KINDS
from exporter.probes.budget import Budget
from exporter.probes.kind import Tools
from exporter.probes.memory import Memory
from exporter.probes.suspicion import Suspicion
from exporter.probes.trial import possible
from exporter.runtime.heartbeat import Heartbeat
from exporter.runtime.host import HostWatch
from exporter.runtime.latest import Latest
from exporter.runtime.runner import Runner
from exporter.runtime.scheduler import Scheduler
from exporter.web.server import ListenAddress, WebServer
from exporter.web.site import Site

log = logging.getLogger(__name__)

SWITCH_INTERVAL = 0.0005
"""Seconds after which a busy thread must let others go on; Python's own 5 ms would be seen as latency."""
DESCRIPTORS = 1 << 20
"""As many as anybody needs; some hosts allow a thousand times that, or any number."""
SAVE = 5.0
"""Seconds after which what has been learnt is on disk at the latest."""
SIGNAL_CHECK = 0.2
"""Seconds after which a signal is noticed at the latest."""


def read_configuration(path: Path) -> Configuration:
    """Read a configuration for the probes and databases there are; raise ConfigurationError."""
    return load(path, KINDS, DIALECTS)


class Daemon:
    """Everything that runs, built from one configuration."""

    def __init__(
        self, configuration: Configuration, listen: Sequence[ListenAddress], state: Path | None = None
    ) -> None:
        """Build all and bind the addresses; raise AddressError when one cannot be had.

        What is learnt is kept in the directory `state`, or forgotten with the daemon if there is none.
        """
        forget_environment()
        targets = [probed.target for probed in configuration.targets]
        registry, families = new_registry(), Families(configuration.vantage)
        self._own = OwnMetrics(registry, families)
        self._own.configured()
        TargetInfo(targets, registry)
        self._series: dict[str, Series] = {name: series(families) for name, series in SERIES.items()}
        self._stop = Stop()
        self._resolver = Resolver(self._stop)
        self._book = AddressBook(self._resolver, self._stop)
        self._hostnames, self._owners = Hostnames(), Owners(configuration.networks)
        self._suspicions = {target.name: Suspicion() for target in targets}
        self._budgets = {
            probed.target.name: Budget(probed.connection_budget) for probed in configuration.targets
        }
        self._watcher = Watcher()
        self._memory = Memory(state)
        latest, journal = Latest(), Journal()
        tools = {probed.target.name: self._tools(probed) for probed in configuration.targets}
        Keepalives({target: each.opener.keepalive for target, each in tools.items()}, registry)
        diagnosis = self._diagnosis(configuration, families, journal, tools)
        self._desk = diagnosis.desk
        sinks = [self._measure, journal.record, latest.record, self._look_closely, self._spare]
        self._runner = Runner([*sinks, self._desk.record])
        self._scheduler = Scheduler(self._own)
        watch = HostWatch(self._take_in_host)
        self._heartbeat = Heartbeat(self._own, self._scheduler.realign, told=watch.report)
        self._canary = Canary(self._own.erred, echo=not why_unavailable())
        self._keeper = Keeper(self._deliver, self._own, self._stop)
        self._enlisted = self._enlist(configuration.targets, tools)
        site = Site(
            targets,
            Scrape(registry, families),
            lambda: self._runner.ready,
            latest.server,
            incidents=diagnosis.history.listed,
            runbooks=runbooks(),
        )
        self._web = WebServer(list(listen), site)

    def _diagnosis(
        self, configuration: Configuration, families: Families, journal: Journal, tools: Mapping[str, Tools]
    ) -> Diagnosis:
        means = Means(
            memory=self._memory,
            note=journal.incident,
            ask=self._ask,
            trials={target: possible(each.opener) for target, each in tools.items()},
        )
        return Diagnosis(configuration, families, means)

    def _enlist(self, targets: Sequence[ProbedTarget], tools: Mapping[str, Tools]) -> Enlisted:
        enlisted = Enlisted(
            runner=self._runner,
            own=self._own,
            series=self._series,
            keeper=self._keeper,
            scheduler=self._scheduler,
        )
        for probed in targets:
            enlisted.take_on(probed, tools[probed.target.name])
        return enlisted

    @property
    def addresses(self) -> list[ListenAddress]:
        """Where the daemon listens."""
        return self._web.addresses

    def start(self) -> None:
        """Begin to probe."""
        sys.setswitchinterval(SWITCH_INTERVAL)
        _allow_descriptors()
        gc.freeze()  # what has been built stays: no collection has to look through it again
        for order in self._canary.orders:
            self._keeper.order(order)
            self._keeper.locate(order.job, [LOOPBACK], None)
        self._keeper.start()
        self._heartbeat.start()
        self._desk.start()
        self._scheduler.start(self._enlisted.jobs)
        self._watcher.keep(self._save)
        self._watcher.start()
        fields = {"version": __version__, "probes": self._runner.expected}
        for address in self.addresses:
            log.info("listening", extra={"fields": {"url": address.url, **fields}})

    def stop(self) -> None:
        """End every wait and let go of everything."""
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
        series = self._series.get(observation.probe)  # who ends leftovers has none, but may break
        if series is not None:
            series.record(observation)

    def _look_closely(self, observation: Observation) -> None:
        """Have the meter look closely at a target of which something bad was seen."""
        if self._suspicions[observation.target].roused(observation):
            self._enlisted.look_closely(observation.target)

    def _take_in_host(self, condition: HostCondition) -> None:
        """Count what the host has come to, and let it be evidence."""
        self._own.host(condition)
        self._desk.condition(condition)

    def _spare(self, observation: Observation) -> None:
        """Have everything given back that is held at a server that is full."""
        if self._budgets[observation.target].notice(observation):
            fields = {
                "target": observation.target,
                "detail": "the server is full; held connections are given back",
            }
            log.warning("nothing is held for a while", extra={"fields": fields})

    def _ask(self, target: str, ask: Ask) -> None:
        """Have something done at once that would tell more of a trouble."""
        self._enlisted.ask(target, ask)
        log.debug("asked for", extra={"fields": {"target": target, "ask": ask}})

    async def _save(self) -> None:
        """Write down what has been learnt, every now and then."""
        while True:
            await asyncio.sleep(SAVE)
            await self._watcher.aside(self._memory.save)

    def _deliver(self, job: int, reading: object) -> None:
        if job < 0:
            self._canary.read(job, reading)
            return
        self._enlisted.deliver(job, reading)

    def _tools(self, probed: ProbedTarget) -> Tools:
        target = probed.target
        return Tools(
            opener=probed.dialect.prepare(target.endpoint),
            resolver=self._resolver,
            book=self._book,
            stop=self._stop,
            owners=self._owners,
            hostnames=self._hostnames,
            suspicion=self._suspicions[target.name],
            watcher=self._watcher,
            budget=self._budgets[target.name],
            memory=self._memory,
        )


def _allow_descriptors() -> None:
    """Have as many descriptors as this host allows us: a held connection takes two."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if most == resource.RLIM_INFINITY else min(most, DESCRIPTORS)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(allowed, wanted), most))


def run(daemon: Daemon, signals: Sequence[signal.Signals] = (signal.SIGTERM, signal.SIGINT)) -> None:
    """Run `daemon` until one of `signals` comes."""
    ended = threading.Event()
    for number in signals:
        signal.signal(number, lambda *_: ended.set())
    daemon.start()
    # With a timeout, because a signal that another thread has taken does not interrupt a wait without.
    while not ended.wait(SIGNAL_CHECK):
        pass
    log.info("stopping")
    daemon.stop()
