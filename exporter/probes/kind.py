"""What makes a probe: a name, settings, and a way to build one for a target.

Some probes run in threads of the daemon, at the scheduler's word. Those whose packets must be timed to the
microsecond are measured by the meter, a process of its own; here their readings become observations. Those
that hold connections stand all the time, and are woken by what comes.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Protocol, TypeVar

from exporter.db.dialect import Opener
from exporter.model import Observation, Order, Target
from exporter.net.book import AddressBook
from exporter.net.hostnames import Hostnames
from exporter.net.owners import NOBODY, Owners
from exporter.net.resolve import Resolver
from exporter.net.waiting import Stop
from exporter.net.watcher import Watcher
from exporter.probes.budget import Budget
from exporter.probes.leftovers import Leftovers
from exporter.probes.memory import Memory
from exporter.probes.on_demand import OnDemand
from exporter.probes.suspicion import Suspicion
from exporter.settings import ProbeBlock

S = TypeVar("S", bound=ProbeBlock)
DEFAULT_BUDGET: Final = 9
"""Connections of one target, all probes together."""


Report = Callable[[Sequence[Observation]], None]
"""Takes what a standing probe has seen."""


class Unavailable(Exception):
    """This host does not let the probe work at all; the text says what it needs."""


class NotApplicable(Exception):
    """A target gives the probe nothing to look at, as its URL says; the text says what."""


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
    """What probes share: opening sessions at the target, names and addresses, and the switch that ends waits.

    Who measures resolving asks the `resolver`; all others take what stands in the `book`. `owners` and
    `hostnames` know who stands behind an address; `suspicion` hears of all that is observed of the target.
    Who holds connections lets the `watcher` wait for them, takes them out of the `budget`, and hands over to
    `leftovers` what the server may still list after it died here; `memory` outlives the daemon. Who can do
    something at once when asked offers it to `on_demand`. What a probe has arranged with all these puts its
    end into `undo`, which is of that probe alone.
    """

    opener: Opener
    resolver: Resolver
    book: AddressBook
    stop: Stop
    owners: Owners = NOBODY
    hostnames: Hostnames = field(default_factory=Hostnames)
    suspicion: Suspicion = field(default_factory=Suspicion)
    watcher: Watcher = field(default_factory=Watcher)
    budget: Budget = field(default_factory=lambda: Budget(DEFAULT_BUDGET))
    leftovers: Leftovers = field(default_factory=Leftovers)
    memory: Memory = field(default_factory=Memory)
    on_demand: OnDemand = field(default_factory=OnDemand)
    undo: ExitStack = field(default_factory=ExitStack)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[S]):
    """One kind of probe.

    `build` raises Unavailable where this host does not allow it, NotApplicable where the target has no use
    for it.
    """

    name: str
    settings: type[S]
    build: Callable[[Target, S, Tools], Probe]


class Reader(Protocol):
    """Turns what the meter reports for one target into observations."""

    def read(self, reading: Any) -> Sequence[Observation]:
        """Take one reading as the engine gave it; quick, because all readings pass through one thread."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Metered(Generic[S]):
    """One kind of probe that the meter carries out.

    `order` writes what the meter is told, under a job's number; `reader` raises Unavailable where this
    host does not allow the probe. `hurries` says whether the meter can look closer where something is wrong.
    """

    name: str
    settings: type[S]
    hurries: bool = False
    order: Callable[[int, Target, S], Order]
    reader: Callable[[Target, S, Tools], Reader]


class Vigil(Protocol):
    """What goes on all the time for one target, in the watcher's thread."""

    async def keep(self, report: Report) -> None:
        """Go on until cancelled, then say goodbye; report whatever there is to say."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing(Generic[S]):
    """One kind of probe that holds connections and waits for what becomes of them.

    `build` raises NotApplicable where the target has no use for it.
    """

    name: str
    settings: type[S]
    build: Callable[[Target, S, Tools], Vigil]
