"""The composition root: the only module that knows every room."""

import logging
import signal
import sys
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from exporter import __version__
from exporter.config import Configuration, ProbedTarget, load
from exporter.db import DIALECTS, forget_environment
from exporter.exposition import SERIES
from exporter.exposition.own import OwnMetrics, TargetInfo
from exporter.exposition.registry import Scrape, new_registry
from exporter.journal import Journal
from exporter.model import Observation
from exporter.net.book import AddressBook
from exporter.net.resolve import Resolver
from exporter.net.waiting import Stop
from exporter.probes import KINDS
from exporter.probes.kind import Pointless, Tools, Unavailable
from exporter.runtime.runner import Runner
from exporter.runtime.scheduler import MISSED_REASONS, Job, Scheduler
from exporter.web.server import ListenAddress, WebServer
from exporter.web.site import Site

log = logging.getLogger(__name__)

SWITCH_INTERVAL = 0.0005
"""Seconds after which a busy thread must let others go on; Python's own 5 ms would be seen as latency."""
SIGNAL_CHECK = 0.2
"""Seconds after which a signal is noticed at the latest."""


def read_configuration(path: Path) -> Configuration:
    """Read a configuration for the probes and databases there are; raise ConfigurationError."""
    return load(path, KINDS, DIALECTS)


class Daemon:
    """Everything that runs, built from one configuration."""

    def __init__(self, configuration: Configuration, listen: Sequence[ListenAddress]) -> None:
        """Build all and bind the addresses; raise AddressError when one cannot be had."""
        forget_environment()
        self._stop = Stop()
        self._resolver = Resolver(self._stop)
        self._book = AddressBook(self._resolver, self._stop)
        registry = new_registry()
        self._own = OwnMetrics(registry)
        self._own.configured()
        targets = [probed.target for probed in configuration.targets]
        TargetInfo(targets, registry)
        self._series = {name: series(registry) for name, series in SERIES.items()}
        self._runner = Runner([self._measure, Journal().record])
        self._scheduler = Scheduler(self._own)
        self._unavailable: set[str] = set()
        self._jobs = [job for probed in configuration.targets for job in self._jobs_of(probed)]
        site = Site(targets, Scrape(registry, configuration.vantage), lambda: self._runner.ready)
        self._web = WebServer(list(listen), site)

    @property
    def addresses(self) -> list[ListenAddress]:
        """Where the daemon listens."""
        return self._web.addresses

    def start(self) -> None:
        """Begin to probe."""
        sys.setswitchinterval(SWITCH_INTERVAL)
        self._scheduler.start(self._jobs)
        fields = {"version": __version__, "probes": len(self._jobs)}
        for address in self.addresses:
            log.info("listening", extra={"fields": {"url": address.url, **fields}})

    def stop(self) -> None:
        """End every wait and let go of everything."""
        self._stop.throw()
        self._scheduler.stop()
        self._web.stop()

    def _measure(self, observation: Observation) -> None:
        self._series[observation.probe].record(observation)

    def _jobs_of(self, probed: ProbedTarget) -> list[Job]:
        target = probed.target
        opener = probed.dialect.prepare(target.endpoint)
        tools = Tools(opener=opener, resolver=self._resolver, book=self._book, stop=self._stop)
        jobs = []
        for kind in KINDS:
            settings = probed.probes.get(kind.name)
            if settings is None:
                continue
            try:
                probe = kind.build(target, settings, tools)
            except Unavailable as trouble:
                self._say_unavailable(kind.name, str(trouble))
                continue
            except Pointless:
                continue
            self._own.expect(kind.name, MISSED_REASONS)
            self._series[kind.name].expect(target.name)
            self._runner.expect(target.name, kind.name)
            run = partial(self._runner.run, target.name, kind.name, probe)
            jobs.append(
                Job(
                    kind=kind.name,
                    name=target.name,
                    interval=settings.interval,
                    timeout=settings.timeout,
                    run=run,
                )
            )
        return jobs

    def _say_unavailable(self, kind: str, trouble: str) -> None:
        if kind not in self._unavailable:
            self._unavailable.add(kind)
            log.warning("probe not available", extra={"fields": {"probe": kind, "detail": trouble}})


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
