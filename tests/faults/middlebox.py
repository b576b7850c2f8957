"""Faults of what stands between client and server and keeps a state of every connection."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, Final

from exporter.model import Cause
from tests.faults.attempt import LADDER
from tests.faults.cases import LIMITS
from tests.faults.preparing import slow_logins
from tests.faults.repeating import repeating
from tests.faults.scenario import Place, Scenario, straight
from tests.lab.application import Application
from tests.lab.firewall import Refusal
from tests.lab.resetter import Resetter

Bringing = Callable[[Place], AbstractContextManager[Any]]
T: Final = 5
"""Seconds of every idle timeout here."""
AGE: Final = 6.0
SYN: Final = "tcp flags & (syn | ack) == syn"


def silent_connections(place: Place) -> dict[str, Any]:
    """Give a target with connections that are left silent."""
    return {"url": place.site.url(place.name), "probes": {"idle": LADDER}}


def two_sentinels(place: Place) -> dict[str, Any]:
    """Give a target with two connections that are kept busy."""
    return {"url": place.site.url(place.name), "probes": {"sentinel": {"connections": 2}}}


def idle(refusal: Refusal) -> Bringing:
    """Give a fault: what was silent for T is not known any more."""
    return lambda place: place.site.firewall.idle(place.port, T, refusal)


def remapped(place: Place) -> AbstractContextManager[None]:
    """Give what was silent for T another port."""
    return place.site.firewall.remapped(place.port, T)


def reset_when_idle(place: Place) -> AbstractContextManager[Any]:
    """Reset both ends of what was silent for T."""
    return Resetter(place.site.router, place.port, idle=T)


def reset_when_old(place: Place) -> AbstractContextManager[Any]:
    """Reset both ends of what is of a certain age, however busy."""
    return Resetter(place.site.router, place.port, age=AGE)


def forgotten(refusal: Refusal) -> Bringing:
    """Give a fault: the state of every connection is lost at one moment."""
    return lambda place: place.site.firewall.forgotten(place.port, refusal)


def begins(what: str) -> Bringing:
    """Give a fault: this becomes of connections that begin."""
    return lambda place: place.site.firewall.filtering(f"tcp dport {place.port} {what}")


def port_shut(place: Place) -> AbstractContextManager[None]:
    """Let nothing to the port pass any more; echoes do."""
    return place.site.firewall.black_hole(place.port)


MOST: Final = 6
LONG: Final = 4.0


def crowded(refusal: str) -> Bringing:
    """Give a fault: only so many connections at once; an application comes up to that, now and then."""

    @contextmanager
    def bring(place: Place) -> Iterator[None]:
        rule = f"tcp dport {place.port} ct state new ct count over {MOST} {refusal}"
        with place.site.firewall.filtering(rule), Application(place.site, place.name) as application:
            turns: Iterator[dict[str, Any]] = itertools.cycle(({"open": MOST}, {"close": True}))
            with repeating(lambda: application.tell(**next(turns)), LONG):
                yield

    return bring


@contextmanager
def twice(place: Place) -> Iterator[None]:
    """Forget silently after T; and have the server end sessions a little later."""
    with ExitStack() as stack:
        stack.enter_context(place.site.firewall.idle(place.port, T))
        database = place.site.databases[place.name]
        stack.enter_context(database.limited(LIMITS[place.name], T + 3))
        yield


def _scenario(name: str, expected: Cause, bring: Bringing, **more: Any) -> Scenario:
    return Scenario(name=name, expected=expected, bring=bring, **{"prepare": straight, **more})


_IDLE: Final[dict[str, Any]] = {"prepare": silent_connections, "timeout": float(T), "seconds": 90}

SCENARIOS: Final = (
    _scenario("NAT forgets idle, silently", Cause.MIDDLEBOX_IDLE_TIMEOUT, idle("silent"), **_IDLE),
    _scenario("NAT forgets idle, resets on use", Cause.MIDDLEBOX_IDLE_TIMEOUT, idle("rst"), **_IDLE),
    _scenario("NAT gives idle another port", Cause.MIDDLEBOX_IDLE_TIMEOUT, remapped, **_IDLE),
    _scenario("balancer resets idle", Cause.MIDDLEBOX_IDLE_TIMEOUT, reset_when_idle, **_IDLE),
    _scenario(
        "NAT forgets idle, and the server ends it",
        Cause.MIDDLEBOX_IDLE_TIMEOUT,
        twice,
        **{**_IDLE, "also": (Cause.SERVER_IDLE_TIMEOUT,)},
    ),
    _scenario(
        "firewall loses its state", Cause.MIDDLEBOX_STATE_LOST, forgotten("silent"), prepare=two_sentinels
    ),
    _scenario(
        "firewall loses its state, resets",
        Cause.MIDDLEBOX_STATE_LOST,
        forgotten("rst"),
        prepare=two_sentinels,
    ),
    _scenario("busy connections end at an age", Cause.MIDDLEBOX_LIFETIME_LIMIT, reset_when_old, seconds=60),
    _scenario("new connections dropped", Cause.MIDDLEBOX_CONNECT_BLOCKED, begins("ct state new drop")),
    _scenario(
        "new connections reset", Cause.MIDDLEBOX_CONNECT_BLOCKED, begins("ct state new reject with tcp reset")
    ),
    _scenario("port shut", Cause.MIDDLEBOX_CONNECT_BLOCKED, port_shut),
    _scenario(
        "port shut amid logins",
        Cause.MIDDLEBOX_CONNECT_BLOCKED,
        port_shut,
        prepare=slow_logins,
        databases=("postgresql",),
    ),
    _scenario(
        "half of the SYNs lost",
        Cause.MIDDLEBOX_CONNECT_LIMITED,
        begins(f"{SYN} numgen random mod 2 < 1 drop"),
        seconds=60,
    ),
    _scenario("so many connections, dropped", Cause.MIDDLEBOX_CONNECT_LIMITED, crowded("drop"), seconds=60),
    _scenario(
        "so many connections, reset",
        Cause.MIDDLEBOX_CONNECT_LIMITED,
        crowded("reject with tcp reset"),
        seconds=60,
    ),
    _scenario(
        "one SYN a second",
        Cause.MIDDLEBOX_CONNECT_LIMITED,
        begins(f"{SYN} limit rate over 1/second burst 2 packets drop"),
        seconds=60,
    ),
)
