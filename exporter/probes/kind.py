"""What makes a probe: a name, settings, and a way to build one for a target."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from exporter.db.dialect import Opener
from exporter.model import Observation, Target
from exporter.net.resolve import Resolver
from exporter.net.waiting import Stop
from exporter.settings import ProbeSettings

S = TypeVar("S", bound=ProbeSettings)


class Unavailable(Exception):
    """This host does not let the probe work at all; the text says what it needs."""


class Probe(Protocol):
    """One way of looking at one target, again and again."""

    def run(self) -> Sequence[Observation]:
        """Look once and report what has been decided: one observation, none yet, or several.

        Ends within the probe's timeout, whatever the other side does. Failures are observations;
        nothing is raised but Stopped, when the daemon ends.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What probes share: opening sessions at the target, resolving names, and the switch that ends waits."""

    opener: Opener
    resolver: Resolver
    stop: Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[S]):
    """One kind of probe; `build` raises Unavailable where this host does not allow it."""

    name: str
    settings: type[S]
    build: Callable[[Target, S, Tools], Probe]
