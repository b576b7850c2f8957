"""The scrape: our own families and prometheus_client's registry as one text, the vantage on every sample."""

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Metric, ProcessCollector, disable_created_metrics
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from exporter.exposition.choice import EXPORTER, Choice
from exporter.exposition.families import Families

FRESH = 0.25
"""Seconds for which a rendering is given to further clients."""
KEPT = 4
"""Renderings that are kept so long at most: forms, and what was chosen."""
NOTHING = CollectorRegistry()
"""What is left of the library's part where it is not chosen."""
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
    """Renders what is published, all or what the client chooses: as text or OpenMetrics, as it asks for.

    One rendering at a time, and each is good for a moment: it holds the interpreter, and a crowd of
    clients must not keep it from the probes.
    """

    def __init__(self, registry: CollectorRegistry, families: Families) -> None:
        self._families = families
        self._outer = CollectorRegistry()
        self._outer.register(_Published(registry, families))
        self._lock = threading.Lock()
        self._rendered: dict[tuple[bool, Choice], tuple[float, bytes]] = {}

    def __call__(self, accept: str, query: str = "") -> tuple[str, bytes]:
        """Give the content type and the content for a client that sends `accept`, and what `query` chooses.

        Raises ValueError in words for people where the query makes no sense.
        """
        render, kind = encoder(accept)
        key = openmetrics, choice = "openmetrics" in kind, Choice.parse(query)
        with self._lock:
            self._let_go()
            if key not in self._rendered:
                # The library's part comes last, for it ends with OpenMetrics' EOF.
                last = self._outer if choice.takes(EXPORTER) else NOTHING
                ours = self._families.render(openmetrics=openmetrics, choice=choice)
                content = b"".join((*ours, render(last)))
                self._rendered[key] = (time.monotonic() + FRESH, content)
            return kind, self._rendered[key][1]

    def _let_go(self) -> None:
        """Keep no rendering that is stale, nor more than there may be; they are large."""
        now = time.monotonic()
        fresh = [(key, kept) for key, kept in self._rendered.items() if now < kept[0]]
        self._rendered = dict(fresh[-KEPT + 1 :])


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
