"""What looks like a fault and is none, or heals by itself."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial
from typing import Any, Final

from exporter.model import Cause
from tests.faults.attempt import LADDER
from tests.faults.network import around
from tests.faults.repeating import repeating
from tests.faults.scenario import Control, Place, straight
from tests.lab.application import Application
from tests.lab.link import Conditions
from tests.lab.site import PORTS, Site

Bringing = Callable[[Place], AbstractContextManager[Any]]
MASKED: Final = {"net.ipv4.icmp_ratelimit": 5000, "net.ipv4.icmp_ratemask": 1 << 11}
"""A router that says every five seconds at most that a packet's time was up."""
EVERY: Final = 10.0
OUTAGES: Final = 150.0
OUTAGE: Final = 3.0
IDLE: Final = 5
CROWD: Final = 0.05
OWN: Final = {
    "ping": {"interval": "100ms", "timeout": "100ms"},
    "tcp": {"interval": "250ms", "timeout": "250ms"},
    "session": {"interval": "500ms", "timeout": "500ms"},
    "sentinel": {"connections": 4, "heartbeat": "200ms"},
    "tls": {"interval": "1s", "timeout": "1s"},
    "server": {"interval": "1s", "timeout": "1s"},
    "path": {"interval": "1s"},
    "mtu": {"interval": "2s", "timeout": "2s"},
    "idle": LADDER,
}
UNRULY: Final = Conditions(delay=0.005, jitter=0.01, reorder=True, duplication=0.05)


def nothing(place: Place) -> AbstractContextManager[None]:  # noqa: ARG001  all alike
    """Do nothing at all."""
    return nullcontext()


@contextmanager
def seldom_speaking(place: Place) -> Iterator[None]:
    """Have the router leave most packets whose time was up without a word."""
    place.site.router.sysctl(MASKED)
    yield


def echo_blocked(place: Place) -> AbstractContextManager[None]:
    """Let no echo pass any more, and all else."""
    return place.site.firewall.filtering("icmp type echo-request drop")


@contextmanager
def healing(place: Place) -> Iterator[None]:
    """Translate the client's address; what was idle is forgotten, and goes on as before when it is used."""
    with ExitStack() as stack:
        for name in place.site.databases:
            stack.enter_context(place.site.firewall.masqueraded(PORTS[name], IDLE))
        yield


def short_outages(place: Place) -> AbstractContextManager[None]:
    """Let nothing pass for a few seconds, every few minutes."""

    def outage() -> None:
        with place.site.firewall.black_hole():
            time.sleep(OUTAGE)

    return repeating(outage, OUTAGES)


def applications(what: Callable[[Application, Site, str], object], seconds: float) -> Bringing:
    """Have an application beside each database do something again and again."""

    @contextmanager
    def bring(place: Place) -> Iterator[None]:
        with ExitStack() as stack:
            for name in place.site.databases:
                one = stack.enter_context(Application(place.site, name))
                stack.enter_context(repeating(partial(what, one, place.site, name), seconds))
            yield

    return bring


def slowly(application: Application, site: Site, name: str) -> None:
    """Ask what takes long, and locks nobody out."""
    application.query(site.databases[name].sleep(EVERY))


def leaving(application: Application, site: Site, name: str) -> None:  # noqa: ARG001  all alike
    """Have another application open connections, and die with them."""
    with Application(site, name) as mortal:
        mortal.open(2)
        mortal.vanish()


def failing(application: Application, site: Site, name: str) -> None:  # noqa: ARG001  all alike
    """Log in with a wrong password."""
    application.refused()


def coming_and_going(application: Application, site: Site, name: str) -> None:  # noqa: ARG001  all alike
    """Open a connection, and close it."""
    application.tell(open=1, close=True)


def unruly(place: Place) -> dict[str, Any]:
    """Give a target behind a link that takes its time."""
    settings = around(place)
    steady = Conditions(delay=UNRULY.delay, jitter=UNRULY.jitter)
    place.notes["link"].set(there=steady, back=steady)
    return settings


@contextmanager
def mixed_up(place: Place) -> Iterator[None]:
    """Reorder and double packets."""
    place.notes["link"].set(there=UNRULY, back=UNRULY)
    yield


def busily(place: Place) -> dict[str, Any]:
    """Give a target that is looked at far too often."""
    return {"url": place.site.url(place.name), "probes": OWN, "connection_budget": 20}


def with_silence(place: Place) -> dict[str, Any]:
    """Give a target with connections that are left silent."""
    return {"url": place.site.url(place.name), "probes": {"idle": LADDER}}


def winding(place: Place) -> AbstractContextManager[None]:
    """Lead what goes there and back over other routers every now and then."""
    ways = itertools.cycle((101, 1))

    def turn() -> None:
        way = next(ways)
        place.site.row.there(4, way)
        place.site.row.back(4, way)

    return repeating(turn, 3 * EVERY)


def _control(name: str, bring: Bringing, **more: Any) -> Control:
    return Control(name=name, bring=bring, **{"prepare": straight, **more})


CONTROLS: Final = (
    _control("nothing at all", nothing),
    _control("router that seldom speaks", seldom_speaking),
    _control("echoes blocked", echo_blocked),
    _control("masquerade that heals", healing, prepare=with_silence),
    _control("short outages", short_outages, allowed=(Cause.NET_BLACKHOLE,), symptoms=True),
    _control("slow queries of an application", applications(slowly, 1)),
    _control("reordering and duplicates", mixed_up, prepare=unruly),
    _control("own probes", nothing, prepare=busily),
    _control("path that changes", winding, winding=True),
    _control("application that dies", applications(leaving, EVERY)),
    _control("wrong passwords of a stranger", applications(failing, 3)),
    _control("application that comes and goes", applications(coming_and_going, CROWD)),
)
