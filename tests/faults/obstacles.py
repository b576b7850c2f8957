"""What keeps a server from serving us: limits, locks and rules, brought about by blocks and taken back."""

import contextlib
import socket
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from tests.faults.crowd import crowd, ours
from tests.faults.mishaps import database_of, postgres_of
from tests.faults.scenario import Place
from tests.servers import Postgres
from tests.servers.postgres import OPEN

BROKEN: Final = 20
"""Handshakes that are broken off: many more than the server takes."""
MOST_BROKEN: Final = 3
UNBLOCK: Final = {"mariadb": "FLUSH HOSTS", "mysql": "TRUNCATE TABLE performance_schema.host_cache"}
LOCK: Final = {
    "postgresql": ("BEGIN", "LOCK TABLE stock IN ACCESS EXCLUSIVE MODE"),
    "mariadb": ("LOCK TABLES shop.stock WRITE",),
}


@contextlib.contextmanager
def altered(place: Place, *, by: Sequence[str], undone: Sequence[str]) -> Iterator[None]:
    """Have the superuser say something, and take it back."""
    database = database_of(place)
    try:
        for sql in by:
            database.admin(sql)
        yield
    finally:
        for sql in undone:
            database.admin(sql)


@contextlib.contextmanager
def full(place: Place) -> Iterator[None]:
    """Have others take every connection there is, and those that the exporter gives back."""
    with database_of(place).full(), crowd(place, partial(ours, place)):
        yield


def crowded(place: Place) -> contextlib.AbstractContextManager[None]:
    """Have others take every connection that the account may have."""
    return crowd(place, partial(ours, place))


@contextlib.contextmanager
def blocked(place: Place) -> Iterator[None]:
    """Break off handshakes on the exporter's host until the server blocks it."""
    where = place.site.host, place.port
    most = database_of(place).admin("SELECT @@GLOBAL.max_connect_errors")[0][0]
    by, undone = (f"SET GLOBAL max_connect_errors = {count}" for count in (MOST_BROKEN, most))
    with altered(place, by=[by], undone=[undone, UNBLOCK[place.name]]):
        for _ in range(BROKEN):
            with place.site.client.run(lambda: socket.create_connection(where, 5)) as broken:
                broken.recv(1)
        yield


@contextlib.contextmanager
def locked(place: Place) -> Iterator[None]:
    """Lock the table that the session's query reads."""
    database = database_of(place)
    opened = database.connect(dbname="shop") if isinstance(database, Postgres) else database.connect()
    with contextlib.closing(opened) as connection, connection.cursor() as cursor:
        for sql in LOCK[place.name]:
            cursor.execute(sql)
        yield


@contextlib.contextmanager
def filled(place: Place) -> Iterator[None]:
    """Fill what the session's query needs: a file system, or a table in memory."""
    if place.name == "postgresql":
        filler: Path = place.notes["directory"] / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        yield
        filler.unlink()
        return
    with contextlib.suppress(Exception):
        while True:
            database_of(place).admin("INSERT INTO shop.scratch (filler) SELECT filler FROM shop.scratch")
    yield
    database_of(place).admin("DELETE FROM shop.scratch")


@contextlib.contextmanager
def ruled(place: Place, rule: str) -> Iterator[None]:
    """Put another rule in the place of the one by which PostgreSQL lets the account in from everywhere."""
    postgres = postgres_of(place)
    file = postgres.data / "pg_hba.conf"
    before = file.read_text()
    assert OPEN in before
    try:
        file.write_text(before.replace(OPEN, rule))
        postgres.admin("SELECT pg_reload_conf()")
        yield
    finally:
        file.write_text(before)
        postgres.admin("SELECT pg_reload_conf()")
