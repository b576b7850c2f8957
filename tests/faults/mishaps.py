"""What befalls a database server: blocks that bring it about at a place, and leave the server as it was."""

import contextlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.faults.scenario import Place
from tests.lab.namespace import command
from tests.lab.routers import address
from tests.servers import Database, Postgres
from tests.servers.dnsmasq import Dnsmasq
from tests.waiting import running, wait_for

AWAY: Final = 2.0
"""Seconds that a server is down which restarts."""
PATIENCE: Final = 60.0
MARKED: Final = {"postgresql": "SELECT 17", "mariadb": "SELECT 17 + sleep(0.2)"}
"""What a sentinel asks that is to be found among the sessions: MariaDB shows a question while it is asked."""
FOUND: Final = {
    "postgresql": "SELECT pid FROM pg_stat_activity WHERE query = '{}' AND state = 'idle'",
    "mariadb": "SELECT id FROM information_schema.processlist WHERE info = '{}'",
}


def database_of(place: Place) -> Database:
    """Give the database that a place is about."""
    return place.site.databases[place.name]


def postgres_of(place: Place) -> Postgres:
    """Give it where it can only be a PostgreSQL."""
    database = database_of(place)
    assert isinstance(database, Postgres)
    return database


@contextlib.contextmanager
def started_with(place: Place, **settings: str) -> Iterator[None]:
    """Restart the server with settings that it takes only then."""
    database = database_of(place)
    before = dict(database.settings)
    try:
        with place.site.down(place.name):
            database.settings |= settings
        yield
    finally:
        with place.site.down(place.name):
            database.settings = before


@contextlib.contextmanager
def restarted(
    place: Place, *, crash: bool = False, by: signal.Signals | None = None, away: float = AWAY
) -> Iterator[None]:
    """End the server and start it again, beside the block."""

    def restart() -> None:
        with place.site.down(place.name, crash=crash, by=by):
            time.sleep(away)

    with running(restart) as done:
        yield
        done.result(PATIENCE)


@contextlib.contextmanager
def starting(place: Place) -> Iterator[None]:
    """Restart, and be starting up for all of the block: the log to recover from does not come."""
    postgres = postgres_of(place)
    awaited, begin = postgres.directory / "awaited", postgres.data / "recovery.signal"
    postgres.halt()
    for file in (awaited, begin):
        file.touch()
        postgres.own(file)
    waiting = f"while [ -e {awaited} ]; do sleep 0.1; done; exit 1"
    before = postgres.settings
    postgres.settings = before | {"restore_command": waiting}
    try:
        postgres.start(ready=lambda: "starting up" in postgres.refusal())
        yield
    finally:
        postgres.settings = before
        awaited.unlink()
        wait_for(postgres.answers)


@contextlib.contextmanager
def crashed_inside(place: Place) -> Iterator[None]:
    """Kill one process of PostgreSQL, upon which it ends all sessions and recovers."""
    postgres = postgres_of(place)
    with contextlib.closing(postgres.connect()) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            ((pid,),) = cursor.fetchall()
        command("kill", "-KILL", str(pid))
    wait_for(postgres.answers)
    yield


def down(place: Place) -> contextlib.AbstractContextManager[None]:
    """Stop the server; it stays down."""
    return place.site.down(place.name)


def sentinel(place: Place) -> int:
    """Find the session of a sentinel that asks what is MARKED."""
    question = FOUND[place.name].format(MARKED[place.name].replace("'", "''"))
    found: list[tuple[object, ...]] = []

    def look() -> bool:
        found[:] = database_of(place).admin(question)
        return bool(found)

    wait_for(look)
    time.sleep(0.4)  # until it is idle
    return int(str(found[0][0]))


@contextlib.contextmanager
def killed(place: Place, *, everyone: bool = False) -> Iterator[None]:
    """Have an administrator end the sentinel's session, or all of the account."""
    for number in database_of(place).numbers() if everyone else [sentinel(place)]:
        database_of(place).kill(number)
    yield


def frozen(place: Place, *, alone: bool = False) -> contextlib.AbstractContextManager[None]:
    """Let the whole server stand still, or `alone` the process that lets clients in."""
    process = database_of(place).process
    assert process
    return place.site.frozen(place.name, process.pid if alone else None)


def frozen_session(place: Place) -> contextlib.AbstractContextManager[None]:
    """Let the process of the sentinel's session stand still."""
    return place.site.frozen(place.name, sentinel(place))


@contextlib.contextmanager
def name_server(place: Place, *, known: bool) -> Iterator[Dnsmasq]:
    """Have a name server in the server's network, where this machine expects one.

    It knows the exporter's host, or nobody: a name that is known is not looked up again.
    """
    hosts = {"exporter.test": [address(0, 1, 4)]} if known else {}
    lines = Path("/etc/resolv.conf").read_text().splitlines()
    addresses = [line.split()[1] for line in lines if line.startswith("nameserver")]
    node = place.site.server
    with contextlib.ExitStack() as stack:
        for one in addresses:
            node.ip(f"address add {one}/32 dev lo")
            stack.callback(node.ip, f"address del {one}/32 dev lo")
        with node.entered():
            server = stack.enter_context(
                Dnsmasq(*(f"listen-address={one}" for one in addresses), hosts=hosts)
            )
        yield server


@contextlib.contextmanager
def name_server_silent(place: Place) -> Iterator[None]:
    """Let the name server that `place.notes` has fall silent."""
    server: Dnsmasq = place.notes["name server"]
    server.pause()
    try:
        yield
    finally:
        server.resume()


@contextlib.contextmanager
def twin(place: Place, port: int) -> Iterator[Database]:
    """Run another server of the same kind beside the first one."""
    database = database_of(place)
    other = type(database)(database.certificates, database.place)
    other.port, other.settings = port, dict(database.settings)
    with other:
        yield other
