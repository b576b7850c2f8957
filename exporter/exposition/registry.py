"""The registry everything is published from: ours alone, with the vantage as a label on every sample."""

import threading
import time
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Metric, ProcessCollector, disable_created_metrics
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

RTT_BUCKETS = tuple(0.00005 * 2**power for power in range(20))
"""smokeping_prober's buckets, 50 µs to 26 s, so that its dashboards fit."""
FRESH = 0.25
"""Seconds for which a rendering is given to further clients."""
SESSION_BUCKETS = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip


def new_registry() -> CollectorRegistry:
    """Make an empty registry of our own, with the figures of our own process."""
    # A _created series beside every counter would double what a scrape carries and nobody reads it.
    disable_created_metrics()  # type: ignore[no-untyped-call]  # an oversight of the library
    registry = CollectorRegistry(auto_describe=True)
    ProcessCollector(registry=registry)
    return registry


class Scrape:
    """Renders what is published: as text or OpenMetrics, as the client asks for.

    One rendering at a time, and each is good for a moment: it holds the interpreter, and a crowd of
    clients must not keep it from the probes.
    """

    def __init__(self, registry: CollectorRegistry, vantage: str | None) -> None:
        self._outer = CollectorRegistry()
        self._outer.register(_Published(registry, {"vantage": vantage} if vantage else {}))
        self._lock = threading.Lock()
        self._rendered: dict[str, tuple[float, bytes]] = {}

    def __call__(self, accept: str) -> tuple[str, bytes]:
        """Give the content type and the content for a client that sends `accept`."""
        try:
            render, kind = choose_encoder(accept)
        except (TypeError, ValueError, LookupError):
            render, kind = choose_encoder("")  # an Accept header that makes no sense
        with self._lock:
            until, content = self._rendered.get(kind, (0.0, b""))
            if time.monotonic() >= until:
                content = render(self._outer)
                self._rendered[kind] = (time.monotonic() + FRESH, content)
            return kind, content


class _Published(Collector):
    """Passes on what has samples, with constant labels added."""

    def __init__(self, registry: CollectorRegistry, labels: dict[str, str]) -> None:
        self._registry = registry
        self._labels = labels

    def describe(self) -> Iterable[Metric]:
        """Name nothing beforehand: what there is may change."""
        return []

    def collect(self) -> Iterable[Metric]:
        """Collect the inner registry."""
        for metric in self._registry.collect():
            if not metric.samples:
                continue
            if self._labels:
                metric.samples = [self._labelled(sample) for sample in metric.samples]
            yield metric

    def _labelled(self, sample: Sample) -> Sample:
        return sample._replace(labels={**self._labels, **sample.labels})
