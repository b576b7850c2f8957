"""The chapters of the story, and how each is brought about."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Final

from exporter.model import Cause
from tests.dashboards.scene import KINDS, Scene
from tests.faults.harmless import failing, leaving
from tests.faults.mishaps import killed, restarted
from tests.faults.names import HOST
from tests.faults.obstacles import full
from tests.faults.repeating import repeating
from tests.lab.application import Application
from tests.lab.routers import address, subnet
from tests.lab.site import PORTS

Bringing = Callable[[Scene], AbstractContextManager[object]]
STRAIGHT: Final = 1
ASIDE: Final = 101
"""The links that lead from the first router toward the third."""
NARROW: Final = 1300
"""Bytes that pass where larger packets vanish."""
AGAIN: Final = 3
"""After how many times that for which an incident stays quiet what is over at once is brought about again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A part of the story: its minutes of the hour, its seconds in the short form, and what holds in it.

    It goes on for longer where Prometheus has no answer yet to one of the questions that are `known` in the
    end: `$since` is the time since before its fault.
    """

    name: str
    minutes: float
    seconds: float
    bring: Bringing
    known: tuple[str, ...] = ()


def healthy(scene: Scene) -> AbstractContextManager[object]:  # noqa: ARG001  all alike
    """Do nothing."""
    return nullcontext()


def loss(scene: Scene) -> AbstractContextManager[object]:
    """Lose packets on both ways at the second router: what stands behind it seems to lose them."""
    share = f"numgen random mod 100 < {scene.pace.loss} drop"
    site = scene.site
    return scene.carrier.filtering(*(f"{whose} {share}" for whose in _of(site.host, site.host_six)))


@contextmanager
def route(scene: Scene) -> Iterator[None]:
    """Lead what goes to the databases over the other router."""
    _lead(scene, ASIDE)
    try:
        yield
    finally:
        _lead(scene, STRAIGHT)


@contextmanager
def names(scene: Scene) -> Iterator[None]:
    """Let the client's name server know an IPv6 address of the databases' host, too."""
    site = scene.site
    site.client.run(lambda: scene.names.move(HOST, site.host, site.host_six))
    try:
        yield
    finally:
        site.client.run(lambda: scene.names.move(HOST, site.host))


def nat(scene: Scene) -> AbstractContextManager[object]:
    """Forget silent connections to PostgreSQL at the first router, without a word."""
    return scene.site.firewall.idle(PORTS["postgresql"], scene.pace.timeout)


def narrow(scene: Scene) -> AbstractContextManager[object]:
    """Let large answers vanish at the first router; node_exporter's come through."""
    site = scene.site
    large = f"oifname to-client meta length > {NARROW} drop"
    return site.firewall.filtering(
        "tcp sport 9100 accept", f"ip saddr {site.host} {large}", f"ip6 saddr {site.host_six} {large}"
    )


@contextmanager
def crowded(scene: Scene) -> Iterator[None]:
    """Let others take every connection of a PostgreSQL and a MariaDB; one shop keeps what its pool has."""
    with ExitStack() as stack:
        for name in ("orders", "stock"):
            stack.enter_context(scene.shops[0].hoarding(name))
        for name in ("orders", "stock"):
            stack.enter_context(full(scene.place(name)))
        yield


@contextmanager
def rude(scene: Scene) -> Iterator[None]:
    """Let clients vanish without goodbye, and try wrong passwords, at every database."""
    with ExitStack() as stack:
        for kind in KINDS.values():
            one = stack.enter_context(Application(scene.site, kind))
            for what in (leaving, failing):
                stack.enter_context(repeating(partial(what, one, scene.site, kind), scene.pace.breath))
        yield


@contextmanager
def restart(scene: Scene) -> Iterator[None]:
    """Restart a PostgreSQL and a MariaDB, and end all sessions of a MySQL.

    That is over at once, and who missed it learns nothing by waiting: once it is past, it is done again.
    """
    with repeating(partial(_ended, scene), AGAIN * scene.pace.quiet):
        yield


def _ended(scene: Scene) -> None:
    """End what there is; all of it can be reached again then."""
    with ExitStack() as stack:
        for name in ("orders", "stock"):
            stack.enter_context(restarted(scene.place(name)))
        stack.enter_context(killed(scene.place("billing"), everyone=True))


def _lead(scene: Scene, link: int) -> None:
    """Lead what leaves the first router for the last link, and nothing else, over another one."""
    last = len(scene.site.row.routers)
    for version in (4, 6):
        way = f"{subnet(last, version)} via {address(link, 2, version)}"
        scene.site.router.ip(f"route replace {way}")


def _of(four: str, six: str) -> Iterator[str]:
    """Give the nft words for what goes to a host, and what comes from it."""
    for layer, host in (("ip", four), ("ip6", six)):
        for end in ("saddr", "daddr"):
            yield f"{layer} {end} {host}"


def _named(vantage: str, cause: Cause) -> str:
    """Ask whether a name was told there for so long that every graph of the time shows it."""
    return f'sum_over_time(conndrop_incident_active{{vantage="{vantage}",cause="{cause}"}}[$since]) >= 2'


def _grown(counter: str) -> str:
    """Ask whether a counter has counted something."""
    return f"increase({counter}[$since]) > 0"


CHAPTERS: Final = (
    Chapter(name="healthy", minutes=5, seconds=6, bring=healthy),
    Chapter(
        name="packet loss",
        minutes=8,
        seconds=30,
        bring=loss,
        known=(
            _named("app-1", Cause.NET_LOSS),
            "count_over_time(conndrop_path_loss_start_ttl[$since]) >= 2",
        ),
    ),
    Chapter(
        name="NAT idle timeout",
        minutes=22,
        seconds=46,
        bring=nat,
        known=("conndrop_idle_timeout_seconds", _named("app-1", Cause.MIDDLEBOX_IDLE_TIMEOUT)),
    ),
    Chapter(
        name="MTU black hole",
        minutes=5,
        seconds=9,
        bring=narrow,
        known=(_named("app-1", Cause.NET_MTU_BLACKHOLE), _grown("conndrop_path_mtu_failures_total")),
    ),
    Chapter(
        name="saturation",
        minutes=5,
        seconds=6,
        bring=crowded,
        known=tuple(_named(one, Cause.SERVER_SATURATED) for one in ("app-1", "bastion")),
    ),
    Chapter(
        name="restart",
        minutes=3,
        seconds=8,
        bring=restart,
        known=(
            *(_named(one, Cause.SERVER_RESTART) for one in ("app-1", "bastion")),
            _named("bastion", Cause.SERVER_SESSION_KILLED),
            _grown("conndrop_server_restarts_total"),
        ),
    ),
    Chapter(name="rude clients", minutes=3, seconds=4, bring=rude),
    Chapter(
        name="route changed",
        minutes=3,
        seconds=6,
        bring=route,
        known=(_grown("conndrop_path_changes_total"),),
    ),
    Chapter(
        name="name changed",
        minutes=2,
        seconds=6,
        bring=names,
        known=(_grown("conndrop_dns_answer_changes_total"),),
    ),
    Chapter(name="healthy again", minutes=4, seconds=5, bring=healthy),
)
"""The hour."""
HELD: Final = 0.8
"""The share of a chapter's time for which its fault holds; for the rest of it all may recover."""
