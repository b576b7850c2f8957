"""The daemon's face: every route, given what stands behind it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from exporter.app.pages import Memories, pages
from exporter.app.watches import Watches
from exporter.blackbox.prober import Prober
from exporter.config import Configuration, Shown
from exporter.exposition.registry import Scrape
from exporter.model import Incident
from exporter.probes import KINDS
from exporter.web.data import Data
from exporter.web.mounting import Mount
from exporter.web.operating import Operating
from exporter.web.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """What answers are made of; whatever can change is asked anew for each request.

    `reload` reads the configuration anew and says why that failed; None where it is in no file. `hanging`
    names the loops that do not come round any more.
    """

    scrape: Scrape
    memories: Memories
    incidents: Callable[[], Sequence[Incident]]
    watches: Watches
    prober: Prober
    ready: Callable[[], bool]
    reload: Callable[[], str] | None
    configuration: Callable[[], Configuration]
    hanging: Callable[[], Sequence[str]]


def site(behind: Behind, mount: Mount) -> Site:
    """Put all routes together; `mount` says under which path and URL people know us."""
    shown = Shown(KINDS)
    origins = frozenset(filter(None, [mount.origin]))
    data = Data(behind.scrape, behind.watches.targets, behind.memories.latest.server, behind.incidents)
    operating = Operating(
        behind.ready, lambda: shown(behind.configuration()), behind.reload, origins, behind.hanging
    )
    people = pages(behind.memories, behind.incidents, behind.watches, mount.base)
    return Site({**data.routes, **operating.routes, **behind.prober.routes, **people.routes}, people.missing)
