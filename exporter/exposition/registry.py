"""The registry everything is published from: ours alone, with the vantage as a label on every sample."""

from collections.abc import Iterable
from wsgiref.types import WSGIApplication

from prometheus_client import CollectorRegistry, Metric, ProcessCollector, disable_created_metrics
from prometheus_client.exposition import make_wsgi_app
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

RTT_BUCKETS = tuple(0.00005 * 2**power for power in range(20))
"""smokeping_prober's buckets, 50 µs to 26 s, so that its dashboards fit."""
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


def scrape_app(registry: CollectorRegistry, vantage: str | None) -> WSGIApplication:
    """Make the WSGI application that answers a scrape: text or OpenMetrics, plain or gzip, as asked for."""
    outer = CollectorRegistry()
    outer.register(_Published(registry, {"vantage": vantage} if vantage else {}))
    app: WSGIApplication = make_wsgi_app(outer)
    return app


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
