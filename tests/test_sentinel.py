"""Sentinels in the lab: every way in which a busy connection dies, as the exporter's own metrics show it."""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from tests.conftest import started
from tests.lab.balancer import Balancer
from tests.lab.capture import Capture
from tests.lab.exporter import Exporter, exporter, only
from tests.lab.fronts import Haproxy, PgBouncer
from tests.lab.link import Conditions, Link
from tests.lab.namespace import Namespace
from tests.lab.resetter import Resetter
from tests.lab.site import PORTS, Reached, Site
from tests.lab.truth import arrivals
from tests.networks import needs_capture, needs_faults, needs_namespaces
from tests.servers import Certificates, Place, Postgres
from tests.waiting import wait_for

pytestmark = [needs_namespaces, needs_capture, needs_faults]

NAMES = list(PORTS)
HEARTBEAT = 0.5
SOON = 0.05
"""Seconds within which an end is seen that something tells."""
SILENT_SOON = 3.0
"""Seconds within which a heartbeat is given up."""
Fault = Callable[[Site, str], AbstractContextManager[None]]
Ends = set[tuple[str, str]]


class Watching:
    """An exporter with a sentinel on one target."""

    def __init__(self, site: Site, name: str, running: Exporter) -> None:
        self.database = site.databases[name]
        self.exporter = running
        wait_for(self.holds)

    def holds(self, connections: float = 1) -> bool:
        """Whether it holds so many."""
        held = self.exporter.value("conndrop_held_connections", target="it", probe="sentinel")
        return held == connections

    def value(self, name: str) -> float:
        return self.exporter.value(name, target="it") or 0.0

    def drops(self) -> Ends:
        return set(self.exporter.drops("it"))

    def alone(self) -> bool:
        """Whether the server lists what is held, and nothing else of ours."""
        return len(self.database.numbers()) == 1


@contextmanager
def watching(
    site: Site,
    name: str,
    *,
    via: Reached | None = None,
    encrypted: bool = False,
    heartbeat: float = HEARTBEAT,
    **settings: object,
) -> Iterator[Watching]:
    params = site.databases[name].encrypted if encrypted else None
    sentinel = {"heartbeat": f"{1000 * heartbeat:.0f}ms", "timeout": "3s", **settings}
    target = {"name": "it", "url": site.url(name, params, via=via), "probes": only(sentinel=sentinel)}
    with exporter(site.client, [target]) as running:
        yield Watching(site, name, running)


def kill(site: Site, name: str) -> None:
    for number in site.databases[name].numbers():
        site.databases[name].kill(number)


KILLED = {
    "postgresql": ("error", "server.session_killed"),
    "mariadb": ("fin", "unknown"),
    "mysql": ("fin", "unknown"),
}


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
@pytest.mark.parametrize("name", NAMES)
def test_a_kill_is_seen_at_once_and_another_connection_opened(
    site: Site, name: str, *, encrypted: bool
) -> None:
    """Five kills: how late each is logged is held against the packet that told."""
    with (
        Capture("to-r1", "tcp", inside=site.client) as capture,
        watching(site, name, encrypted=encrypted, heartbeat=60) as it,
    ):
        for number in range(1, 6):
            kill(site, name)
            wait_for(lambda: len(it.exporter.dropped("it")) == number)  # noqa: B023  asked at once
            wait_for(lambda: it.holds() and it.alone())
        assert it.drops() == {KILLED[name]}
        told = [one.at / 1e9 for one in arrivals(capture.stop(), source=PORTS[name])]
        # A log line is stamped in whole milliseconds, downwards.
        seen = [drop["ts"] + 0.001 for drop in it.exporter.dropped("it")]
        late = [min(at - word for word in told if word <= at) for at in seen]
    assert statistics.median(late) < SOON, late


def black_hole(site: Site, name: str) -> AbstractContextManager[None]:
    return site.firewall.black_hole(PORTS[name])


def forgotten(site: Site, name: str) -> AbstractContextManager[None]:
    return site.firewall.forgotten(PORTS[name])


def refused(site: Site, name: str) -> AbstractContextManager[None]:
    return site.firewall.forgotten(PORTS[name], "rst")


def down(site: Site, name: str) -> AbstractContextManager[None]:
    return site.down(name)


def crash(site: Site, name: str) -> AbstractContextManager[None]:
    return site.down(name, crash=True)


def frozen(site: Site, name: str) -> AbstractContextManager[None]:
    return site.frozen(name)


UNEXPLAINED_FIN, SILENCE = ("fin", "unknown"), ("silence", "net.blackhole")
FAULTS: list[tuple[Fault, str, Ends]] = [
    *((black_hole, name, {SILENCE}) for name in NAMES),
    *((forgotten, name, {SILENCE}) for name in NAMES),
    *((refused, name, {("rst", "unknown")}) for name in NAMES),
    *((frozen, name, {("silence", "server.unresponsive")}) for name in NAMES),
    (down, "postgresql", {("error", "server.session_killed")}),  # a shutdown says no more than a kill
    (down, "mariadb", {UNEXPLAINED_FIN}),
    (down, "mysql", {UNEXPLAINED_FIN, ("error", "server.restart")}),
    *((crash, name, {UNEXPLAINED_FIN, ("error", "server.restart")}) for name in NAMES),
]


@pytest.mark.parametrize(
    ("fault", "name", "ends"), FAULTS, ids=[f"{fault.__name__}-{name}" for fault, name, _ in FAULTS]
)
def test_a_fault_shows_its_end_and_nobody_is_left_behind(
    site: Site, fault: Fault, name: str, ends: Ends
) -> None:
    """Afterwards one connection is held again, and the server lists that one only."""
    with watching(site, name) as it:
        with fault(site, name):
            wait_for(it.drops)
        wait_for(it.holds)
        wait_for(it.alone)
        assert it.drops() <= ends
        assert sum(it.exporter.drops("it").values()) == 1


@pytest.mark.parametrize("name", NAMES)
def test_silence_is_told_in_seconds_and_the_outage_counted(site: Site, name: str) -> None:
    """The black hole is there for as long as it takes: the outage is what passed since the first question."""
    with watching(site, name) as it:
        begun = time.monotonic()
        with site.firewall.black_hole(PORTS[name]):
            wait_for(it.drops)
            seen = time.monotonic() - begun
            assert seen < HEARTBEAT + SILENT_SOON
        wait_for(it.holds)
        whole = time.monotonic() - begun
        assert seen - HEARTBEAT - 0.5 < it.value("conndrop_outage_seconds_total") < whole


def test_silence_is_told_as_soon_over_a_long_way(certificates: Certificates) -> None:
    """At a round trip of 50 ms: the kernel waits a little longer before it sends again."""
    far = "10.88.0.2"
    way = Conditions(delay=0.025)
    with (
        Namespace() as client,
        Namespace() as server,
        Link(client, server, ("10.88.0.1/24",), (f"{far}/24",)) as link,
        started(
            Postgres, certificates, Place(addresses=("127.0.0.1", far), open=True, entered=server.entered)
        ) as database,
    ):
        link.set(there=way, back=way)
        probes = only(sentinel={"heartbeat": "500ms"})
        with exporter(client, [{"name": "it", "url": database.url(host=far), "probes": probes}]) as running:
            wait_for(lambda: running.value("conndrop_held_connections", target="it", probe="sentinel") == 1)
            gone = Conditions(loss=1.0)
            link.set(there=gone, back=gone)
            wait_for(lambda: running.dropped("it"))
            (drop,) = running.dropped("it")
            link.set(there=way, back=way)
            assert (drop["end"], drop["cause"]) == SILENCE
            waited = float(drop["detail"].removeprefix("no answer within ").removesuffix(" s"))
            assert 1.0 < waited < SILENT_SOON


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
@pytest.mark.parametrize("name", NAMES)
def test_a_silent_connection_may_answer_after_all(site: Site, name: str, *, encrypted: bool) -> None:
    """No new connection can be had when the old one can be heard again: it goes on."""
    with watching(site, name, encrypted=encrypted) as it:
        before = it.database.numbers()
        with no_new_ones(site, name):
            with site.firewall.black_hole(PORTS[name]):
                wait_for(it.drops)
                assert not it.holds()
            wait_for(it.holds)
        assert it.value("conndrop_sentinel_revivals_total") == 1
        assert it.database.numbers() == before
        assert it.drops() == {SILENCE}


@contextmanager
def no_new_ones(site: Site, name: str) -> Iterator[None]:
    """Let nobody connect; those who are connected notice nothing."""
    site.server.rules("input", f"tcp dport {PORTS[name]} tcp flags & (syn | ack) == syn drop")
    try:
        yield
    finally:
        site.server.rules("input")


LIMITS = [
    ("postgresql", "idle_session_timeout", {"heartbeat": 60}, ("error", "server.idle_timeout")),
    ("postgresql", "idle_in_transaction_session_timeout", {"query": "BEGIN", "heartbeat": 60},
     ("error", "server.idle_timeout")),
    ("mariadb", "wait_timeout", {"heartbeat": 60}, ("rst", "unknown")),
    ("mysql", "wait_timeout", {"heartbeat": 60}, ("error", "server.idle_timeout")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "setting", "settings", "end"), LIMITS)
def test_a_timeout_of_the_server_shows_in_its_own_way(
    site: Site, name: str, setting: str, settings: dict[str, object], end: tuple[str, str]
) -> None:
    limited = site.databases[name].limited(setting, 1)
    with limited, watching(site, name, **settings) as it:  # type: ignore[arg-type]
        wait_for(it.drops)
        assert it.drops() == {end}
        assert 0.8 < float(it.exporter.dropped("it")[0]["silent"]) < 2.5


@pytest.mark.parametrize("name", NAMES)
def test_a_balancer_resets_and_the_reset_is_seen(site: Site, name: str) -> None:
    with Resetter(site.router, PORTS[name]) as resetter, watching(site, name, heartbeat=60) as it:
        resetter.reset()
        wait_for(it.drops)
        assert it.drops() == {("rst", "unknown")}
        assert [line["detail"] for line in it.exporter.dropped("it")] == ["connection reset by the peer"]
        wait_for(lambda: it.holds() and it.alone())


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("postgresql", UNEXPLAINED_FIN),
        ("mariadb", UNEXPLAINED_FIN),
        ("mysql", ("error", "unknown")),  # it is told that its connection broke, and passes that on
    ],
)
def test_a_proxy_closes_what_is_idle(site: Site, name: str, end: tuple[str, str]) -> None:
    with (
        Haproxy(site, site.databases[name], client=1) as front,
        watching(site, name, via=front, heartbeat=60) as it,
    ):
        wait_for(it.drops)
        assert it.drops() == {end}


def test_a_pooler_says_why(site: Site) -> None:
    database = site.databases["postgresql"]
    with (
        PgBouncer(site, database, pooling="transaction", client_idle=1) as front,
        watching(site, "postgresql", via=front, heartbeat=60) as it,
    ):
        wait_for(it.drops)
        assert it.drops() == {("error", "proxy.idle_timeout")}


def test_an_age_limit_ends_them_one_by_one_and_an_event_at_once(site: Site) -> None:
    """Sentinels differ in age: by what they die of together, and of what each in its turn, one can tell."""
    with (
        Balancer(site, site.databases["postgresql"]) as balancer,
        watching(site, "postgresql", via=balancer, connections=2) as it,
    ):
        wait_for(lambda: it.holds(2), 30)
        balancer.end("fin")
        wait_for(lambda: len(it.exporter.dropped("it")) == 2)
        first, second = (drop["ts"] for drop in it.exporter.dropped("it"))
        assert second - first < 1
        wait_for(lambda: it.holds(2), 40)
        balancer.set(age=20)
        wait_for(lambda: len(it.exporter.dropped("it")) == 4, 40)
        *_, first, second = (drop["ts"] for drop in it.exporter.dropped("it"))
        assert second - first > 5


def test_a_full_server_gets_everything_back(site: Site) -> None:
    """A session refused for want of slots makes the sentinel leave, and nothing is held for a while."""
    database = site.databases["mariadb"]
    probes = only(sentinel={"heartbeat": "500ms"}, session={"interval": "1s", "timeout": "1s"})
    with exporter(site.client, [{"name": "it", "url": site.url("mariadb"), "probes": probes}]) as running:
        wait_for(lambda: running.value("conndrop_held_connections", target="it", probe="sentinel") == 1)
        with database.full():
            wait_for(lambda: running.value("conndrop_held_connections", target="it", probe="sentinel") == 0)
        wait_for(lambda: running.value("conndrop_up", target="it") == 1)
        assert running.value("conndrop_held_connections", target="it", probe="sentinel") == 0
        assert [line for line in running.log if line["msg"] == "nothing is held for a while"]
        assert not running.drops("it")


def test_the_end_of_the_exporter_is_polite(site: Site) -> None:
    for name in NAMES:
        before = site.databases[name].aborted()
        with watching(site, name):
            pass
        wait_for(lambda: not site.databases[name].numbers())  # noqa: B023  asked at once
        assert site.databases[name].aborted() == before
