"""P13: what probing with defaults costs a database server, and what a look does, beside a scrape."""

import contextlib
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.bench import ours, peers
from tests.bench.cpu import Account, account
from tests.bench.plan import Plan, say
from tests.bench.report import NOTHING, Goal, Row, limit, ratio
from tests.bench.running import fetch, scraped
from tests.db.holding import talking
from tests.db.viewing import seen
from tests.servers import Certificates, Database, MariaDb, MySql, Postgres, Postgres18, ServerMissing
from tests.servers.database import PASSWORD, USER

SERVERS: tuple[type[Database], ...] = (Postgres, Postgres18, MariaDb, MySql)
MINUTE = 60.0
QUICK = 3
"""So many times the usual length in a quick run."""
EVERY = 15.0
"""Seconds from one scrape to the next."""
SESSIONS = 30
"""Other sessions that a server has while it is looked at."""
LOOKS = 5
"""Looks, or scrapes, for each second that a measurement is to last."""
SETTINGS = {"max_connections": "100", "autovacuum": "off"}
"""Of a PostgreSQL: the connections it allows by itself, of which the exporter takes more than of the suite's
few; and nothing that comes by itself and takes as much as all that is measured."""
BACKGROUND = (
    "SELECT thread_os_id FROM performance_schema.threads"
    " WHERE type = 'BACKGROUND' AND name LIKE 'thread/innodb/%' AND name NOT LIKE '%pool%'"
)
"""Threads of a MySQL that go on for ever and serve nobody; MariaDB has a pool that comes and goes."""
STATEMENT = re.compile(r"LOG: +(?:statement|execute [^:]*): ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A server that is measured: with TLS or without, and what it has used so far."""

    server: Database
    account: Account
    tls: bool

    @property
    def url(self) -> str:
        """The URL that the exporter gets."""
        return self.server.url(self.server.encrypted if self.tls else self.server.plain)

    @property
    def name(self) -> str:
        """The product, its version, and TLS."""
        statement = "SHOW server_version" if isinstance(self.server, Postgres) else "SELECT version()"
        version = re.split(r"[- ]", str(self.server.admin(statement)[0][0]))[0]
        return f"{self.server.name} {version}{' with TLS' if self.tls else ''}"

    @property
    def peer(self) -> str:
        """The exporter that people have for it."""
        return "postgres_exporter" if isinstance(self.server, Postgres) else "mysqld_exporter"

    @property
    def source(self) -> str:
        """The data source that this exporter gets: the same account."""
        if isinstance(self.server, Postgres):
            return self.url
        return f"{USER}:{PASSWORD}@(127.0.0.1:{self.server.port})/{'?tls=skip-verify' if self.tls else ''}"


def measure(plan: Plan) -> list[Row]:
    """Measure minutes at all servers side by side, then looks and scrapes at one after the other."""
    with _sites() as sites:
        rows = minutes(plan, sites)
        for site in sites:
            if not site.tls:
                rows += looks(plan, site)
    return rows


@contextlib.contextmanager
def _sites() -> Iterator[Sequence[Site]]:
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="conndrop-bench-")))
        directory.chmod(0o755)
        certificates, sites = Certificates(directory), []
        for kind in SERVERS:
            for tls in (False, True) if kind.encrypted else (False,):
                try:
                    server = kind(certificates)
                except ServerMissing as missing:
                    say(f"Left out: {missing}")
                    break
                if isinstance(server, Postgres):
                    server.settings |= SETTINGS
                used = stack.enter_context(account())
                stack.enter_context(server)
                assert server.process
                used.watch(server.process.pid, but=_background(server))
                sites.append(Site(server=server, account=used, tls=tls))
        yield sites


def _background(server: Database) -> list[int]:
    """Number the threads that serve nobody: InnoDB's use so much that a session's work is lost in it."""
    if isinstance(server, Postgres):
        return []
    return [int(str(number)) for (number,) in server.admin(BACKGROUND)]


def minutes(plan: Plan, sites: Sequence[Site]) -> list[Row]:
    """Compare minutes; what a server does for nobody is taken off."""
    contenders: dict[str, Callable[[], contextlib.AbstractContextManager[object]]] = {
        "nothing": contextlib.nullcontext,
        "peers": partial(_scraped, sites),
        "conndrop": partial(_probed, sites),
    }
    if not plan.quick:
        time.sleep(MINUTE)  # a server that has just begun has work of its own
    turns = plan.turns({name: partial(_minute, plan, sites, whose) for name, whose in contenders.items()})
    rows = []
    for at, site in enumerate(sites):
        used = {name: statistics.median(each[at] for each in found) for name, found in turns.items()}
        goal = Goal(number="P13", what=f"CPU of the server a minute, {site.name}", peer=site.peer)
        theirs, mine = (used[name] - used["nothing"] for name in ("peers", "conndrop"))
        rows.append(_compared(goal, theirs, mine))
    return rows


def _minute(
    plan: Plan, sites: Sequence[Site], whose: Callable[[], contextlib.AbstractContextManager[object]]
) -> list[float]:
    """Give what each server uses in a minute, in seconds, while somebody is at work."""
    seconds = QUICK * plan.seconds if plan.quick else MINUTE
    with whose():
        time.sleep(plan.warm_up)
        before = [site.account.seconds() for site in sites]
        time.sleep(seconds)
        after = [site.account.seconds() for site in sites]
    return [(end - begin) * MINUTE / seconds for begin, end in zip(before, after, strict=True)]


@contextlib.contextmanager
def _scraped(sites: Sequence[Site]) -> Iterator[None]:
    """Let each server have the exporter that people have for it, if it is installed."""
    with contextlib.ExitStack() as stack:
        for site in sites:
            if peers.present({site.peer: None}):
                peer = stack.enter_context(peers.database_exporter(site.peer, site.source))
                stack.enter_context(scraped(peer.url, EVERY))
        yield


@contextlib.contextmanager
def _probed(sites: Sequence[Site]) -> Iterator[None]:
    """Let each server be a target, with all defaults."""
    text = ours.configuration((), {}, [site.url for site in sites])
    with ours.exporter(text) as exporter, scraped(exporter.url, EVERY):
        yield


def looks(plan: Plan, site: Site) -> list[Row]:
    """Compare one look with one scrape: the server's work, and the questions it is asked."""
    often = max(1, round(LOOKS * plan.seconds))
    kinds = peers.present({site.peer: _scraping}) | {"conndrop": _looking}
    with contextlib.ExitStack() as stack:
        for _ in range(SESSIONS):
            stack.enter_context(contextlib.closing(site.server.connect()))
        used = plan.medians({name: partial(_work, site, kind, often) for name, kind in kinds.items()})
        asked = {name: _asked(site, kind) for name, kind in kinds.items()}
    work = Goal(number="P13", what=f"CPU of the server for a look, {site.name}", peer=site.peer)
    questions = Goal(number="P13", what=f"queries for a look, {site.name}", peer=site.peer)
    return [
        _compared(work, used.get(site.peer), used["conndrop"]),
        _fewer(questions, theirs=asked.get(site.peer), ours=asked["conndrop"]),
    ]


def _compared(goal: Goal, theirs: float | None, ours: float) -> Row:
    """Compare, unless theirs is lost in what the server does by itself, as in a short run."""
    return ratio(goal, theirs=theirs if theirs is not None and theirs > 0 else None, ours=ours, most=1)


def _fewer(goal: Goal, *, theirs: int | None, ours: int) -> Row:
    if theirs is None:
        return Row(goal=goal, theirs=NOTHING, ours=f"{ours}", wanted="≤ peer's")
    return limit(goal, theirs=f"{theirs}", ours=ours, most=theirs, written="{:g}")


@contextlib.contextmanager
def _scraping(site: Site) -> Iterator[Callable[[], object]]:
    with peers.database_exporter(site.peer, site.source) as peer:
        yield lambda: fetch(peer.url)


@contextlib.contextmanager
def _looking(site: Site) -> Iterator[Callable[[], object]]:
    with talking(site.url) as session:
        yield lambda: seen(session)


Way = Callable[[Site], contextlib.AbstractContextManager[Callable[[], object]]]


def _work(site: Site, way: Way, often: int) -> float:
    """Give what the server uses for one look after the first, in seconds."""
    with way(site) as look:
        look()
        before = site.account.seconds()
        for _ in range(often):
            look()
        return (site.account.seconds() - before) / often


def _asked(site: Site, way: Way) -> int:
    """Count the questions of a look after the first, as the server does."""
    with _counting(site.server) as count, way(site) as look:
        look()
        before = count()
        nothing = count() - before
        before = count()
        look()
        return count() - before - nothing


@contextlib.contextmanager
def _counting(server: Database) -> Iterator[Callable[[], int]]:
    """Give what counts the questions so far; counting itself may be one."""
    if not isinstance(server, Postgres):
        yield lambda: int(str(server.admin("SHOW GLOBAL STATUS LIKE 'Questions'")[0][1]))
        return
    server.admin(f"ALTER ROLE {USER} SET log_statement = 'all'")
    try:
        yield lambda: len(STATEMENT.findall(server.log.read_text()))
    finally:
        server.admin(f"ALTER ROLE {USER} RESET log_statement")
