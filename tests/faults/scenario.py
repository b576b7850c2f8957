"""What one scenario of the fault bench is: a fault, brought upon a database, and the cause to be named."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from typing import Any

from exporter.model import Cause
from tests.lab.site import Site

BOTH = ("postgresql", "mariadb")
ALL = ("postgresql", "mariadb", "mysql")


@dataclass(slots=True, kw_only=True)
class Place:
    """Where a scenario takes place: a site, one of its databases by name, and what is left at the end."""

    site: Site
    name: str
    stack: ExitStack
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A fault and what the exporter has to say about it.

    `prepare` is called before the exporter starts and gives the target's settings but for its name (`url`,
    and what goes over the usual `probes`); what it enters on the place's stack is left when all is over.
    `bring` brings the fault about; it holds for its block. `expected` is the cause to be named, one of `also`
    may be named beside it. `timeout` is T for an idle timeout. `seconds` is how long the exporter has at
    most.
    """

    name: str
    expected: Cause
    also: tuple[Cause, ...] = ()
    databases: tuple[str, ...] = BOTH
    prepare: Callable[[Place], Mapping[str, Any]]
    bring: Callable[[Place], AbstractContextManager[Any]]
    timeout: float | None = None
    seconds: float = 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """Something that looks like a fault and is none, or heals by itself: only `allowed` causes may be named.

    `symptoms` tells whether an incident without a name may be opened.
    """

    name: str
    allowed: tuple[Cause, ...] = ()
    symptoms: bool = False
    databases: tuple[str, ...] = BOTH
    prepare: Callable[[Place], Mapping[str, Any]]
    bring: Callable[[Place], AbstractContextManager[Any]]


def straight(place: Place) -> Mapping[str, Any]:
    """Give the settings of a target that is reached straight."""
    return {"url": place.site.url(place.name)}
