"""The scrape: our own families and prometheus_client's registry as one text, the vantage on every sample."""

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Metric, ProcessCollector, disable_created_metrics
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from exporter.exposition.families import Families

FRESH = 0.25
"""Seconds for which a rendering is given to further clients."""
UNFIT_ESCAPING = re.compile(r";\s*escaping=(dots|values)\b")
"""Ways of escaping in which the library changes names that need none; they are not agreed to."""


def new_registry() -> CollectorRegistry:
    """Make an empty registry of our own, with the figures of our own process."""
    # A _created series beside every counter would double what a scrape carries and nobody reads it.
    disable_created_metrics()  # type: ignore[no-untyped-call]  # an oversight of the library
    registry = CollectorRegistry(auto_describe=True)
    ProcessCollector(registry=registry)
    return registry


def encoder(accept: str) -> tuple[Callable[[Collector], bytes], str]:
    """Give what renders a registry for a client that sends `accept`, and the content type of that."""
    try:
        return choose_encoder(UNFIT_ESCAPING.sub("", accept))
    except (TypeError, ValueError, LookupError):
        return choose_encoder("")  # an Accept header that makes no sense


class Scrape:
    """Renders what is published: as text or OpenMetrics, as the client asks for.

    One rendering at a time, and each is good for a moment: it holds the interpreter, and a crowd of
    clients must not keep it from the probes.
    """

    def __init__(self, registry: CollectorRegistry, families: Families) -> None:
        self._families = families
        self._outer = CollectorRegistry()
        self._outer.register(_Published(registry, families))
        self._lock = threading.Lock()
        self._rendered: dict[bool, tuple[float, bytes]] = {}

    def __call__(self, accept: str) -> tuple[str, bytes]:
        """Give the content type and the content for a client that sends `accept`."""
        render, kind = encoder(accept)
        openmetrics = "openmetrics" in kind
        with self._lock:
            until, content = self._rendered.get(openmetrics, (0.0, b""))
            if time.monotonic() >= until:
                # The library's part comes last, for it ends with OpenMetrics' EOF.
                content = b"".join((*self._families.render(openmetrics=openmetrics), render(self._outer)))
                self._rendered[openmetrics] = (time.monotonic() + FRESH, content)
            return kind, content


class _Published(Collector):
    """Passes on what has samples, with constant labels added."""

    def __init__(self, registry: CollectorRegistry, families: Families) -> None:
        self._registry = registry
        self._families = families

    def describe(self) -> Iterable[Metric]:
        """Name nothing beforehand: what there is may change."""
        return []

    def collect(self) -> Iterable[Metric]:
        """Collect the inner registry."""
        for metric in self._registry.collect():
            if not metric.samples:
                continue
            if labels := self._families.constant:
                metric.samples = [_labelled(sample, labels) for sample in metric.samples]
            yield metric


def _labelled(sample: Sample, labels: Mapping[str, str]) -> Sample:
    return sample._replace(labels={**labels, **sample.labels})
