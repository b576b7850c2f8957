"""What one scenario of the fault bench is: a fault, brought upon a database, and the cause to be named."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exporter.model import Cause
from tests.lab.exporter import Exporter
from tests.lab.site import PORTS, Site

BOTH = ("postgresql", "mariadb")
ALL = ("postgresql", "mariadb", "mysql")


@dataclass(slots=True, kw_only=True)
class Place:
    """Where a scenario takes place: a site, one of its databases by name, and what is left at the end.

    `etc` is a directory with files that the exporter sees in /etc; `prepare` may set it. `exporter` is there
    when a fault is brought about, and not before. `notes` are for `bring` to find what
    `prepare` has made; the places of a shared scenario have them in common.
    """

    site: Site
    name: str
    stack: ExitStack
    etc: Path | None = None
    exporter: Exporter | None = None
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def port(self) -> int:
        """The database's port."""
        return PORTS[self.name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A fault and what the exporter has to say about it.

    `prepare` is called before the exporter starts and gives the target's settings but for its name (`url`,
    and what goes over the usual `probes`); what it enters on the place's stack is left when all is over.
    `bring` brings the fault about; it holds for its block. `expected` is the cause to be named, one of `also`
    may be named beside it. `seconds` is how long the exporter has at most.

    `timeout` is T for an idle timeout. That is no event: it is there before the exporter starts, there is no
    time in which all is well, and times are counted from the exporter's start.

    All databases are on one site. Each has an exporter of its own, unless the fault is `shared`: then one
    exporter has them all, and `bring` is called once, with the first database's place.
    """

    name: str
    expected: Cause
    also: tuple[Cause, ...] = ()
    databases: tuple[str, ...] = BOTH
    prepare: Callable[[Place], Mapping[str, Any]]
    bring: Callable[[Place], AbstractContextManager[Any]]
    timeout: float | None = None
    seconds: float = 40.0
    shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """Something that looks like a fault and is none, or heals by itself: only `allowed` causes may be named.

    `symptoms` tells whether an incident without a name may be opened. `bring` is called once, as with a
    shared scenario; where it is `winding`, on a site with two ways.
    """

    name: str
    allowed: tuple[Cause, ...] = ()
    symptoms: bool = False
    winding: bool = False
    databases: tuple[str, ...] = BOTH
    prepare: Callable[[Place], Mapping[str, Any]]
    bring: Callable[[Place], AbstractContextManager[Any]]


def straight(place: Place) -> Mapping[str, Any]:
    """Give the settings of a target that is reached straight."""
    return {"url": place.site.url(place.name)}
