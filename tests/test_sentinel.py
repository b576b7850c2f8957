"""Sentinels in the lab: every way in which a busy connection dies, as the exporter's own metrics show it."""

import re
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

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
from tests.waiting import unspoilt, wait_for

pytestmark = [needs_namespaces, needs_capture, needs_faults]

NAMES = list(PORTS)
HEARTBEAT = 0.5
SOON = 0.05
"""Seconds within which an end is seen that something tells."""
SILENT_SOON = 3.0
"""Seconds within which a heartbeat is given up."""
Ends = set[tuple[str, str]]


WAYS = ("plain", "encrypted")


class Watched:
    """One target of a running exporter, on which there is a sentinel."""

    def __init__(self, running: Exporter, target: str) -> None:
        self._running = running
        self.name = target

    def holds(self, connections: float = 1) -> bool:
        """Whether so many are held."""
        return self.value("conndrop_held_connections", probe="sentinel") == connections

    def value(self, name: str, **labels: str) -> float:
        return self._running.value(name, target=self.name, **labels) or 0.0

    def drops(self) -> Ends:
        return set(self._running.drops(self.name))

    def told(self) -> Ends:
        """Give the ends that the server told of.

        A question that has come and is not read any more makes its kernel answer with a reset.
        """
        seen = {(drop["end"], drop["cause"], drop["used"]) for drop in self.dropped()}
        return {(end, cause) for end, cause, _ in seen - {("rst", "unknown", "yes")}}

    def dropped(self) -> list[dict[str, Any]]:
        """Give the log lines of its drops."""
        return self._running.dropped(self.name)


class Watching(dict[str, Watched]):
    """A running exporter's targets by their names."""

    def all(self, what: Callable[[Watched], object]) -> Callable[[], bool]:
        """Give what asks whether something holds for every target."""
        return lambda: all(what(target) for target in self.values())

    def ends(self) -> dict[str, Ends]:
        return {name: target.drops() for name, target in self.items()}

    def told(self) -> dict[str, Ends]:
        return {name: target.told() for name, target in self.items()}


@pytest.fixture(autouse=True)
def nobody_listed(site: Site) -> None:
    """What a test before has left at the servers, say behind a black hole, is ended: it would count here."""
    for database in site.databases.values():
        for number in database.numbers():
            database.kill(number)
    wait_for(lambda: listed(site) == [0, 0, 0])


@contextmanager
def watching(
    site: Site,
    *names: str,
    via: Mapping[str, Reached] | None = None,
    ways: Sequence[str] = WAYS,
    heartbeat: float = HEARTBEAT,
    **settings: object,
) -> Iterator[Watching]:
    """Run an exporter with a sentinel on each of these databases, or on all, in each of these ways."""
    sentinel = {"heartbeat": f"{1000 * heartbeat:.0f}ms", "timeout": "3s", **settings}
    targets = [
        {
            "name": f"{name}-{way}",
            "url": site.url(name, getattr(site.databases[name], way), via=(via or {}).get(name)),
            "probes": only(sentinel=sentinel),
        }
        for name in names or NAMES
        for way in ways
    ]
    with exporter(site.client, targets) as running:
        every = Watching({str(target["name"]): Watched(running, str(target["name"])) for target in targets})
        wait_for(every.all(Watched.holds))
        yield every


def listed(site: Site, names: Sequence[str] = NAMES) -> list[int]:
    """Count the sessions that the servers list."""
    return [len(site.databases[name].numbers()) for name in names]


def numbers(site: Site) -> dict[str, list[int]]:
    """Give the sessions that the servers list."""
    return {name: database.numbers() for name, database in site.databases.items()}


def expected(ends: Mapping[str, Ends], ways: Sequence[str] = WAYS) -> dict[str, Ends]:
    return {f"{name}-{way}": of_it for name, of_it in ends.items() for way in ways}


def alike(ends: Ends) -> dict[str, Ends]:
    """Expect the same of every database."""
    return {name: ends for name in NAMES}  # noqa: C420  a set that nobody changes


UNEXPLAINED_FIN, SILENCE = ("fin", "unknown"), ("silence", "net.blackhole")
KILLED: dict[str, Ends] = {
    "postgresql": {("error", "server.session_killed")},
    "mariadb": {UNEXPLAINED_FIN},
    "mysql": {UNEXPLAINED_FIN},
}


def test_a_kill_is_seen_at_once_and_another_connection_opened(site: Site) -> None:
    """Three kills of each: how late a drop is logged is held against the packet that told.

    All die at the same moment, and where the machine is busy just then all are late; but not each time.
    """
    unspoilt(lambda: lateness(site), lambda late: statistics.median(late) < SOON)


def lateness(site: Site) -> list[float]:
    """Kill every session three times, and give by how many seconds each drop was logged too late."""
    late: list[float] = []
    with (
        Capture("to-r1", "tcp", inside=site.client) as capture,
        watching(site, heartbeat=60) as every,
    ):
        for number in range(1, 4):
            for database in site.databases.values():
                for session in database.numbers():
                    database.kill(session)
            wait_for(every.all(lambda it: len(it.dropped()) == number))  # noqa: B023  asked at once
            wait_for(every.all(Watched.holds))
            wait_for(lambda: listed(site) == [2, 2, 2])
        assert every.told() == expected(KILLED)
        packets = capture.stop()
        for name in NAMES:
            told = [one.at / 1e9 for one in arrivals(packets, source=PORTS[name])]
            # A log line is stamped in whole milliseconds, downwards.
            seen = [drop["ts"] + 0.001 for way in WAYS for drop in every[f"{name}-{way}"].dropped()]
            late += [min(at - word for word in told if word <= at) for at in seen]
    return late


Fault = Callable[[Site, str], AbstractContextManager[object]]
RESTARTED: dict[str, Ends] = {
    **alike({UNEXPLAINED_FIN, ("error", "server.restart")}),
    "postgresql": {("error", "server.session_killed")},  # a shutdown says no more than a kill
}
FAULTS: dict[str, tuple[Fault, dict[str, Ends]]] = {
    "black hole": (lambda site, name: site.firewall.black_hole(PORTS[name]), alike({SILENCE})),
    "state lost": (lambda site, name: site.firewall.forgotten(PORTS[name]), alike({SILENCE})),
    "state lost, and told": (
        lambda site, name: site.firewall.forgotten(PORTS[name], "rst"),
        alike({("rst", "unknown")}),
    ),
    "frozen": (
        lambda site, name: site.frozen(name),
        alike({("silence", "server.unresponsive")}),
    ),
    "restart": (lambda site, name: site.down(name), RESTARTED),
    "crash": (
        lambda site, name: site.down(name, crash=True),
        alike({UNEXPLAINED_FIN, ("error", "server.restart"), ("rst", "unknown")}),
    ),
}
LETTING_GO = ("restart", "crash")
"""Those in which a server closes, whatever has been asked meanwhile."""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_shows_its_end_and_nobody_is_left_behind(site: Site, fault: str) -> None:
    """Afterwards one connection of each is held again, and the servers list those only."""
    bring, ends = FAULTS[fault]
    begun = time.monotonic()
    with watching(site) as every:
        with ExitStack() as stack:
            for name in NAMES:
                stack.enter_context(bring(site, name))
            wait_for(every.all(Watched.drops))
        wait_for(every.all(Watched.holds))
        wait_for(lambda: listed(site) == [2, 2, 2])
        found, allowed = every.told() if fault in LETTING_GO else every.ends(), expected(ends)
        assert {name: more for name in found if (more := found[name] - allowed[name])} == {}
        assert all(len(target.dropped()) == 1 for target in every.values())
        if fault == "black hole":
            whole = time.monotonic() - begun
            for target in every.values():
                assert 1 < target.value("conndrop_outage_seconds_total") < whole


@pytest.mark.parametrize("ways", WAYS)
def test_a_heartbeat_in_vain_is_given_up_within_seconds(site: Site, ways: str) -> None:
    """By what the kernel sends again and again; the words tell how long it took."""

    def longest() -> float:
        with watching(site, ways=[ways]) as every, ExitStack() as stack:
            for name in NAMES:
                stack.enter_context(site.firewall.black_hole(PORTS[name]))
            wait_for(every.all(Watched.drops))
            return max(waited(*target.dropped()) for target in every.values())

    unspoilt(longest, soon)


def waited(drop: Mapping[str, Any]) -> float:
    """Read from the log how long there was no answer, in seconds; it is not given up at once."""
    found = re.search(r"no answer within ([\d.]+) s", str(drop["detail"]))
    assert found, drop
    assert float(found[1]) > 1.0
    return float(found[1])


def soon(waited_for: float) -> bool:
    return waited_for < SILENT_SOON


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
        targets = [{"name": "it", "url": database.url(host=far), "probes": probes}]

        def until_given_up() -> float:
            with exporter(client, targets) as running:
                wait_for(
                    lambda: running.value("conndrop_held_connections", target="it", probe="sentinel") == 1
                )
                gone = Conditions(loss=1.0)
                link.set(there=gone, back=gone)
                wait_for(lambda: running.dropped("it"))
                (drop,) = running.dropped("it")
                link.set(there=way, back=way)
                assert (drop["end"], drop["cause"]) == SILENCE
                return waited(drop)

        unspoilt(until_given_up, soon)


def test_a_silent_connection_may_answer_after_all(site: Site) -> None:
    """No new connection can be had when the old one can be heard again: it goes on."""
    with watching(site) as every:
        wait_for(lambda: listed(site) == [2, 2, 2])
        before = numbers(site)
        with no_new_ones(site):
            with ExitStack() as stack:
                for name in NAMES:
                    stack.enter_context(site.firewall.black_hole(PORTS[name]))
                wait_for(every.all(Watched.drops))
                assert not any(target.holds() for target in every.values())
            wait_for(every.all(Watched.holds))
        assert every.all(lambda it: it.value("conndrop_sentinel_revivals_total") == 1)()
        # A successor that was being opened may come in now, and leave at once.
        wait_for(lambda: numbers(site) == before)
        assert every.ends() == expected(alike({SILENCE}))


@contextmanager
def no_new_ones(site: Site) -> Iterator[None]:
    """Let nobody connect; those who are connected notice nothing."""
    ports = ", ".join(str(port) for port in PORTS.values())
    site.server.rules("input", f"tcp dport {{ {ports} }} tcp flags & (syn | ack) == syn drop")
    try:
        yield
    finally:
        site.server.rules("input")


LIMITS = {
    "postgresql": ("idle_session_timeout", {("error", "server.idle_timeout")}),
    "mariadb": ("wait_timeout", {("rst", "unknown")}),
    "mysql": ("wait_timeout", {("error", "server.idle_timeout")}),
}


def test_a_timeout_of_the_server_shows_in_its_own_way(site: Site) -> None:
    with ExitStack() as stack:
        for name, (setting, _) in LIMITS.items():
            stack.enter_context(site.databases[name].limited(setting, 1))
        every = stack.enter_context(watching(site, heartbeat=60))
        wait_for(every.all(Watched.drops))
        assert every.ends() == expected({name: ends for name, (_, ends) in LIMITS.items()})
        for target in every.values():
            assert 0.8 < float(target.dropped()[0]["silent"]) < 2.5


def test_a_transaction_left_open_shows_why_it_was_ended(site: Site) -> None:
    limited = site.databases["postgresql"].limited("idle_in_transaction_session_timeout", 1)
    with limited, watching(site, "postgresql", heartbeat=60, query="BEGIN") as every:
        wait_for(every.all(Watched.drops))
        assert every.ends() == expected({"postgresql": {("error", "server.idle_timeout")}})
        assert all("idle-in-transaction" in target.dropped()[0]["detail"] for target in every.values())


def test_a_balancer_resets_and_the_reset_is_seen(site: Site) -> None:
    with ExitStack() as stack:
        resetters = [stack.enter_context(Resetter(site.router, port)) for port in PORTS.values()]
        every = stack.enter_context(watching(site, heartbeat=60))
        for resetter in resetters:
            resetter.reset()
        wait_for(every.all(Watched.drops))
        assert every.ends() == expected(alike({("rst", "unknown")}))
        words = {line["detail"] for target in every.values() for line in target.dropped()}
        assert words == {"connection reset by the peer"}
        wait_for(every.all(Watched.holds))
        wait_for(lambda: listed(site) == [2, 2, 2])


def test_a_proxy_closes_what_is_idle(site: Site) -> None:
    """MySQL is told that its connection broke, and what it says of that is passed on.

    After a drop each is asked every second for a while. A proxy that closes after just as long may be asked
    while it does so, and then it resets what it has not read: so this one waits for longer.
    """
    with ExitStack() as stack:
        fronts = {
            name: stack.enter_context(Haproxy(site, site.databases[name], client=2, port=9000 + number))
            for number, name in enumerate(NAMES)
        }
        every = stack.enter_context(watching(site, via=fronts, ways=["plain"], heartbeat=60))
        wait_for(every.all(Watched.drops))
        ends = {**alike({UNEXPLAINED_FIN}), "mysql": {("error", "unknown")}}
        assert every.ends() == expected(ends, ["plain"])


def test_a_pooler_says_why(site: Site) -> None:
    database = site.databases["postgresql"]
    with (
        PgBouncer(site, database, pooling="transaction", client_idle=1) as front,
        watching(site, "postgresql", via={"postgresql": front}, ways=["plain"], heartbeat=60) as every,
    ):
        wait_for(every.all(Watched.drops))
        assert every.ends() == {"postgresql-plain": {("error", "proxy.idle_timeout")}}


@pytest.mark.thorough
def test_an_age_limit_ends_them_one_by_one_and_an_event_at_once(site: Site) -> None:
    """Sentinels differ in age: by what they die of together, and of what each in its turn, one can tell."""
    with (
        Balancer(site, site.databases["postgresql"]) as balancer,
        watching(site, "postgresql", via={"postgresql": balancer}, ways=["plain"], connections=2) as every,
    ):
        (it,) = every.values()
        wait_for(lambda: it.holds(2), 30)
        balancer.end("fin")
        wait_for(lambda: len(it.dropped()) == 2)
        first, second = (drop["ts"] for drop in it.dropped())
        assert second - first < 1
        wait_for(lambda: it.holds(2), 40)
        balancer.set(age=20)
        wait_for(lambda: len(it.dropped()) == 4, 40)
        *_, first, second = (drop["ts"] for drop in it.dropped())
        assert second - first > 5


def test_a_full_server_gets_everything_back(site: Site) -> None:
    """A session refused for want of slots makes the sentinel leave, and nothing is held for a while."""
    database = site.databases["mariadb"]
    probes = only(sentinel={"heartbeat": "500ms"}, session={"interval": "1s", "timeout": "1s"})
    with exporter(site.client, [{"name": "it", "url": site.url("mariadb"), "probes": probes}]) as running:
        it = Watched(running, "it")
        wait_for(it.holds)
        with database.full():
            wait_for(lambda: it.holds(0))
        wait_for(lambda: it.value("conndrop_up") == 1)
        assert it.holds(0)
        assert [line for line in running.log if line["msg"] == "nothing is held for a while"]
        assert not it.drops()


def test_the_end_of_the_exporter_is_polite(site: Site) -> None:
    before = [database.aborted() for database in site.databases.values()]
    with watching(site):
        pass
    wait_for(lambda: listed(site) == [0, 0, 0])
    assert [database.aborted() for database in site.databases.values()] == before
