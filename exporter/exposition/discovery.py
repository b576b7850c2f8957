"""How each source of targets fares."""

import threading
import time
from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

LABELS: Final = ("source",)


class DiscoveryMetrics:
    """Series for each source there is, from its beginning; safe to use from any thread."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._up = Gauge(
            "conndrop_discovery_up",
            "Whether the last look at a source of targets found a list that can be used.",
            LABELS,
            registry=registry,
        )
        self._targets = Gauge(
            "conndrop_discovery_targets",
            "Targets in force that a source has found, those of other shards among them.",
            LABELS,
            registry=registry,
        )
        self._refreshes = Counter(
            "conndrop_discovery_refreshes_total", "Looks at a source of targets.", LABELS, registry=registry
        )
        self._failures = Counter(
            "conndrop_discovery_failures_total",
            "Looks at a source that found no list that can be used.",
            LABELS,
            registry=registry,
        )
        self._success = Gauge(
            "conndrop_discovery_last_success_timestamp_seconds",
            "When a source was found to have a list that can be used, the last time; 0 for never.",
            LABELS,
            registry=registry,
        )
        self._all = (self._up, self._targets, self._refreshes, self._failures, self._success)
        self._sources: set[str] = set()
        self._lock = threading.Lock()

    def retain(self, sources: Iterable[str]) -> None:
        """Have series for these sources, and for no others."""
        names = set(sources)
        with self._lock:
            for metric in self._all:
                for gone in self._sources - names:
                    metric.remove(gone)
                for name in names:
                    metric.labels(name)
            self._sources = names

    def holds(self, source: str, targets: int) -> None:
        """Note how many targets are in force that a source has found."""
        with self._lock:
            if source in self._sources:
                self._targets.labels(source).set(targets)

    def good(self, source: str, targets: int) -> None:
        """Note a look that found a list that can be used, which is in force."""
        with self._lock:
            if source in self._sources:  # it may be gone by now
                self._looked(source, success=True)
                self._success.labels(source).set(time.time())
                self._targets.labels(source).set(targets)

    def bad(self, source: str) -> None:
        """Note a look that found none."""
        with self._lock:
            if source in self._sources:
                self._looked(source, success=False)
                self._failures.labels(source).inc()

    def _looked(self, source: str, *, success: bool) -> None:
        self._refreshes.labels(source).inc()
        self._up.labels(source).set(success)
