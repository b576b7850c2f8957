"""A pool behind a middlebox that forgets in silence: which settings survive it, and what the others cost."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from exporter.config.address import read_url
from exporter.db import DIALECTS
from exporter.db.exercise import PoolSettings
from exporter.db.pool import Pool
from exporter.model import End, Invalidation
from exporter.net.waiting import Stop
from tests.lab.site import PORTS, Site
from tests.networks import needs_faults, needs_namespaces
from tests.probing import STOPS
from tests.servers import Database
from tests.servers.database import USER
from tests.waiting import ATTEMPTS, wait_for

pytestmark = [needs_namespaces, needs_faults]
FORGETS = 3
SHARE = 0.3
"""Seconds of the timeout below that the first wait is given at least."""


Lab = tuple[Site, Database]


@pytest.fixture(scope="module", params=["postgresql", "mariadb"])
def lab(request: pytest.FixtureRequest, site: Site) -> Iterator[Lab]:
    """The router forgets connections to one of the databases which were silent for so long."""
    site.firewall.forget(PORTS[request.param])  # what other tests have left there has another timeout
    with site.firewall.idle(PORTS[request.param], FORGETS):
        yield site, site.databases[request.param]


@pytest.fixture
def pool(lab: Lab) -> Iterator[Callable[..., Pool]]:
    """Makes a pool that connects through the router."""
    site, database = lab

    def make(**settings: Any) -> Pool:
        endpoint, dialect = read_url(site.url(database.name), None, DIALECTS)
        STOPS.append(Stop())
        whole: dict[str, Any] = {"size": 5, "overflow": 10, "wait": 1.0, "recycle": None, "pre_ping": False}
        made = Pool(
            dialect.prepare(endpoint),
            PoolSettings(**whole | settings),
            STOPS[-1],
            addresses=lambda _: (endpoint.host,),
            take=lambda: True,
            give_back=lambda: None,
        )
        ended.callback(made.empty)
        return made

    with contextlib.ExitStack() as ended, site.client.entered():
        yield make
    for number in listed(database):
        database.kill(number)


def forget(lab: Lab) -> None:
    """Wait until the router knows no connection to the database any more."""
    site, database = lab
    port = f"dport={database.port}"
    flows = ("conntrack", "-L", "-p", "tcp", "--state", "ESTABLISHED")
    wait_for(lambda: port not in site.router.command(*flows))


def listed(database: Database) -> set[int]:
    """Numbers of the probing account's sessions that the server lists."""
    if database.name == "postgresql":
        rows = database.admin("SELECT pid, usename FROM pg_stat_activity")
    else:
        rows = database.admin("SHOW PROCESSLIST")
    return {int(str(row[0])) for row in rows if row[1] == USER}


def test_what_was_forgotten_is_handed_out(lab: Lab, pool: Callable[..., Pool]) -> None:
    """With a pool_recycle above the timeout; the server lists the dead, and knows of nothing."""
    connections = pool(recycle=60.0)
    connections.exercise(2, 5.0)
    before = listed(lab[1])
    forget(lab)
    done = connections.exercise(2, 3.0)
    assert [str(out.failure and out.failure.cause) for out in done.checkouts] == ["net.blackhole"] * 2
    assert done.invalidations == [Invalidation.STALE] * 2
    for death in done.deaths:
        assert death.end is End.SILENCE
        assert death.used
        assert death.tcp
        assert death.tcp.unacked
        assert death.silent >= FORGETS
    lost = {number for number, _ in done.lost}
    assert len(lost) == 2
    assert lost <= before
    assert lost <= listed(lab[1])
    done = connections.exercise(2, 5.0)
    assert not any(out.failure for out in done.checkouts)


def test_what_is_recycled_in_time_is_never_stale(lab: Lab, pool: Callable[..., Pool]) -> None:
    connections = pool(recycle=0.8 * FORGETS)
    connections.exercise(2, 5.0)
    forget(lab)
    done = connections.exercise(2, 5.0)
    assert not any(out.failure for out in done.checkouts)
    assert done.invalidations == [Invalidation.RECYCLE] * 2
    assert not done.deaths
    assert len(done.lost) == 2, "no goodbye can have arrived"


def test_a_ping_hides_the_dead_and_costs_time(lab: Lab, pool: Callable[..., Pool]) -> None:
    """As much as it is given; an application gives it a quarter of an hour."""
    fresh = min(pool(pre_ping=True).exercise(2, 5.0).checkouts[0].seconds for _ in range(ATTEMPTS))
    connections = pool(pre_ping=True)
    connections.exercise(2, 5.0)
    forget(lab)
    done = connections.exercise(2, 5.0)
    assert not any(out.failure for out in done.checkouts)
    assert done.invalidations == [Invalidation.PRE_PING, Invalidation.POOL]
    assert done.checkouts[0].seconds > SHARE > fresh
    assert [death.end for death in done.deaths] == [End.SILENCE]
    assert len(done.lost) == 2
