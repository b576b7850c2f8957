"""Faults of the network between client and server."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

from exporter.model import Cause
from tests.faults.bulk import bulk
from tests.faults.scenario import Place, Scenario, straight
from tests.lab.detour import detour
from tests.lab.firewall import Way
from tests.lab.link import Conditions
from tests.lab.routers import address

Bringing = Callable[[Place], AbstractContextManager[Any]]
BIG: Final = "SELECT length('" + "x" * 3000 + "')"
"""A question that does not fit into one packet."""


def lossy(share: int) -> Bringing:
    """Give a fault: so many packets of a hundred are lost on each way."""
    return lambda place: place.site.firewall.filtering(f"numgen random mod 100 < {share} drop")


def holes(*ways: Way) -> Bringing:
    """Give a fault: nothing passes these ways."""
    return lambda place: place.site.firewall.black_hole(None, ways)


def prohibited(place: Place) -> AbstractContextManager[None]:
    """Let the router refuse, and say so."""
    return place.site.firewall.filtering('iifname "to-client" reject with icmpx admin-prohibited')


@contextmanager
def no_route(place: Place) -> Iterator[None]:
    """Take the router's way to the server away."""
    way = f"{address(1, 1, 4).rsplit('.', 1)[0]}.0/24 dev to-server"
    place.site.router.ip(f"route del {way}")
    try:
        yield
    finally:
        place.site.router.ip(f"route add {way} src {address(1, 1, 4)}")


@contextmanager
def host_gone(place: Place) -> Iterator[None]:
    """Unplug the server: its neighbour finds that nobody is there."""
    place.site.server.ip("link set to-r1 down")
    try:
        yield
    finally:
        place.site.server.ip(
            "link set to-r1 up", f"route add {address(0, 1, 4).rsplit('.', 1)[0]}.0/24 via {address(1, 1, 4)}"
        )


def around(place: Place) -> dict[str, Any]:
    """Lead what client and server say to each other over a link that can be worsened."""
    if "link" not in place.notes:
        place.notes["link"] = place.stack.enter_context(detour(place.site))
    return dict(straight(place))


@contextmanager
def worse(place: Place, there: Conditions, back: Conditions) -> Iterator[None]:
    """Worsen the link that `around` has laid."""
    link = place.notes["link"]
    link.set(there=there, back=back)
    try:
        yield
    finally:
        link.set(there=Conditions(), back=Conditions())


def damaging(place: Place) -> AbstractContextManager[None]:
    """Damage some packets on each way."""
    damage = Conditions(corruption=0.1)
    return worse(place, damage, damage)


def farther(place: Place) -> AbstractContextManager[None]:
    """Make both ways longer."""
    longer = Conditions(delay=0.075)
    return worse(place, longer, longer)


@contextmanager
def congested(place: Place) -> Iterator[None]:
    """Have a narrow way back with a long queue, and a copy under way that fills it."""
    shaped = ("dev", "to-client", "root", "tbf", "rate", "2mbit", "burst", "10k", "latency", "900ms")
    place.site.router.command("tc", "qdisc", "add", *shaped)
    try:
        with bulk(place.site.server, place.site.client, place.site.host):
            yield
    finally:
        place.site.router.command("tc", "qdisc", "del", "dev", "to-client", "root")


def encrypted(place: Place) -> dict[str, Any]:
    """Give a target that is reached over TLS: certificates make large packets."""
    return {"url": place.site.url(place.name, place.site.databases[place.name].encrypted)}


def talkative(place: Place) -> dict[str, Any]:
    """Give a target that is asked a large question."""
    return {"url": place.site.url(place.name), "probes": {"session": {"query": BIG}}}


def narrow(way: Way) -> Bringing:
    """Give a fault: larger packets vanish this way, and nobody says so."""
    interface = {"there": 'iifname "to-client"', "back": 'oifname "to-client"'}[way]
    return lambda place: place.site.firewall.filtering(f"{interface} meta length > 1300 drop")


def _scenario(name: str, expected: Cause, bring: Bringing, **more: Any) -> Scenario:
    return Scenario(
        name=name, expected=expected, bring=bring, **{"prepare": straight, "shared": True, **more}
    )


SCENARIOS: Final = (
    _scenario("10 % lost", Cause.NET_LOSS, lossy(10), seconds=60),
    _scenario("20 % lost", Cause.NET_LOSS, lossy(20), seconds=60),
    _scenario("10 % damaged", Cause.NET_CORRUPTION, damaging, prepare=around, seconds=60),
    _scenario("150 ms more", Cause.NET_LATENCY, farther, prepare=around, seconds=60),
    _scenario("long queue, filled", Cause.NET_LATENCY, congested, seconds=60),
    _scenario("black hole both ways", Cause.NET_BLACKHOLE, holes("there", "back")),
    _scenario("black hole there", Cause.NET_BLACKHOLE, holes("there")),
    _scenario("black hole back", Cause.NET_BLACKHOLE, holes("back")),
    _scenario("prohibited", Cause.NET_UNREACHABLE, prohibited),
    _scenario("no route at the router", Cause.NET_UNREACHABLE, no_route),
    _scenario("server unplugged", Cause.NET_UNREACHABLE, host_gone),
    _scenario("large answers vanish", Cause.NET_MTU_BLACKHOLE, narrow("back"), prepare=encrypted, seconds=60),
    _scenario(
        "large questions vanish", Cause.NET_MTU_BLACKHOLE, narrow("there"), prepare=talkative, seconds=60
    ),
)
