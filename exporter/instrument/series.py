"""The series of instrumented engines, and whose process they are of."""

import os
import threading
from collections.abc import Iterable, Mapping
from typing import Final, Protocol
from weakref import WeakKeyDictionary, WeakSet

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from exporter.instrument.afterwards import Afterwards
from exporter.model import Cause, Invalidation

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
CONNECTIONS: Final = ("conndrop_app_pool_connections", "Connections in the pool, by what they are doing")
STATES: Final = ("checked_out", "idle")
EXPECTED: Final[tuple[tuple[str, Cause], ...]] = (
    ("TimeoutError", Cause.CLIENT_POOL_EXHAUSTED),
    *(
        ("OperationalError", cause)
        for cause in (
            Cause.UNKNOWN,
            Cause.AUTH_CREDENTIALS,
            Cause.DNS_FAILURE,
            Cause.NET_BLACKHOLE,
            Cause.SERVER_DOWN,
            Cause.SERVER_IDLE_TIMEOUT,
            Cause.SERVER_READ_ONLY,
            Cause.SERVER_RESTART,
            Cause.SERVER_SATURATED,
            Cause.SERVER_SESSION_KILLED,
        )
    ),
)
"""Errors that begin at 0, so that the increase to the first one is seen."""


class Pooled(Protocol):
    """What tells of one engine's pool."""

    @property
    def target(self) -> str:
        """Name the database."""
        ...

    def connections(self) -> Mapping[str, int]:
        """Count the pool's connections in this process by state."""
        ...


class Own:
    """The series of one target in one process."""

    def __init__(self, series: "Series", target: str, pid: int) -> None:
        self.pid = pid
        self._series = series
        self._labels = (target, str(pid))
        self.checkouts = series.checkouts.labels(*self._labels)
        self.connects = series.connects.labels(*self._labels)
        self.disconnects = series.disconnects.labels(*self._labels)
        for reason in Invalidation:
            self.invalidations(reason)
        for error, cause in EXPECTED:
            self.errors(error, cause)
            self.retries(cause)

    def invalidations(self, reason: Invalidation) -> Counter:
        """Give the counter of connections that were let go of for `reason`."""
        return self._series.invalidations.labels(*self._labels, reason)

    def errors(self, error: str, cause: Cause) -> Counter:
        """Give the counter of errors of a class, by its name."""
        return self._series.errors.labels(*self._labels, error, cause)

    def retries(self, cause: Cause) -> Counter:
        """Give the counter of what was tried again because of `cause`."""
        return self._series.retries.labels(*self._labels, cause)


class Series(Collector):
    """All series in one registry. A forked process has none of those of its parent.

    In prometheus_client's multi-process mode all values live in files. Nobody calls a process when another
    one is scraped, so that gauges have to be told at each change; and they get their label `pid` from there.
    """

    def __init__(self) -> None:
        own = ("target", "pid")
        self.shared = bool({"PROMETHEUS_MULTIPROC_DIR", "prometheus_multiproc_dir"} & set(os.environ))
        self.checkouts = Histogram(
            "conndrop_app_checkout_seconds",
            "How long the pool took to hand out a connection, or to fail to",
            own,
            registry=None,
            buckets=SECONDS,
        )
        self.connects = _counter("connects", "Connections opened", own)
        self.disconnects = _counter("disconnects", "Connections closed, by whomever", own)
        self.invalidations = _counter("invalidations", "Connections that the pool let go of", own, "reason")
        self.errors = _counter("errors", "Errors met at the database or on the way", own, "error", "cause")
        self.retries = _counter("retries", "Attempts after a failed one, by why it had failed", own, "cause")
        labels = ("target", "state")
        self._gauge = (
            Gauge(*CONNECTIONS, labels, registry=None, multiprocess_mode="liveall") if self.shared else None
        )
        self.afterwards = Afterwards()
        self._pools: WeakSet[Pooled] = WeakSet()
        self._lock = threading.RLock()  # a pool may be collected while others are counted
        self._pid = os.getpid()

    def add(self, pool: Pooled) -> None:
        """Show the connections of a pool from now on."""
        with self._lock:
            self._pools.add(pool)

    def drop(self, pool: Pooled) -> None:
        """Show the connections of a pool no more."""
        with self._lock:
            self._pools.discard(pool)
        self.tell(pool.target)

    def of(self, target: str) -> Own:
        """Give the series of a target in the process that asks."""
        self._leave_the_parents()
        return Own(self, target, os.getpid())

    def tell(self, target: str) -> None:
        """Write down the connections of a target where nobody will ask for them."""
        if self._gauge is not None:
            for state, count in self._counted().get(target, dict.fromkeys(STATES, 0)).items():
                self._gauge.labels(target, state).set(count)

    def describe(self) -> Iterable[Metric]:
        """Name the metrics."""
        yield from (one for family in self._families() for one in family.describe())
        yield GaugeMetricFamily(*CONNECTIONS)

    def collect(self) -> Iterable[Metric]:
        """Give all series of this process."""
        self.afterwards.catch_up()
        self._leave_the_parents()
        yield from (one for family in self._families() for one in family.collect())
        if self._gauge is not None:
            yield from self._gauge.collect()
            return
        gauge = GaugeMetricFamily(*CONNECTIONS, labels=("target", "state", "pid"))
        for target, counts in self._counted().items():
            for state, count in counts.items():
                gauge.add_metric((target, state, str(os.getpid())), count)
        yield gauge

    def _families(self) -> Iterable[Counter | Histogram]:
        counters = (self.connects, self.disconnects, self.invalidations, self.errors, self.retries)
        return (self.checkouts, *counters)

    def _counted(self) -> dict[str, dict[str, int]]:
        """Count connections by target, of which several engines may be, and by state."""
        found: dict[str, dict[str, int]] = {}
        with self._lock:
            pools = tuple(self._pools)
        for pool in pools:
            sums = found.setdefault(pool.target, dict.fromkeys(STATES, 0))
            for state, count in pool.connections().items():
                sums[state] += count
        return found

    def _leave_the_parents(self) -> None:
        """Forget what a parent process has counted. Where values are in files, those are the parent's."""
        if self._pid == os.getpid() or self.shared:
            return
        with self._lock:
            if self._pid != os.getpid():
                for family in self._families():
                    family.clear()
                self._pid = os.getpid()


_KNOWN: WeakKeyDictionary[CollectorRegistry, Series] = WeakKeyDictionary()
"""A registry takes each name once, and all engines of a process are to be in the same series."""
_KNOWING: Final = threading.Lock()


def series_in(registry: CollectorRegistry | None) -> Series:
    """Give the series in a registry, None being prometheus_client's own; register them at first."""
    registry = REGISTRY if registry is None else registry
    with _KNOWING:
        if registry not in _KNOWN:
            series = Series()
            registry.register(series)
            _KNOWN[registry] = series
        return _KNOWN[registry]


def _counter(name: str, words: str, own: tuple[str, ...], *more: str) -> Counter:
    return Counter(f"conndrop_app_{name}_total", words, (*own, *more), registry=None)
