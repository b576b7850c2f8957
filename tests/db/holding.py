"""Opening sessions and holding them, and waiting on them as the watcher does."""

import contextlib
import select
import time
from collections.abc import Iterator, Mapping

import pytest

from exporter.config.address import read_url
from exporter.db import DIALECTS
from exporter.db.dialect import Held, Session
from exporter.model import ProbeError
from exporter.net.phases import PhaseClock
from exporter.net.waiting import Stop
from tests.servers import Database, Postgres

SECONDS = 10.0
PARAMS = pytest.mark.parametrize("tls", ["plain", "encrypted"])


def opened(url: str) -> Session:
    """Log in."""
    endpoint, _ = read_url(url, None, DIALECTS)
    (dialect,) = (dialect for dialect in DIALECTS if endpoint.dialect in dialect.names)
    return dialect.prepare(endpoint).open([endpoint.host], PhaseClock(SECONDS, {}, Stop()))


@contextlib.contextmanager
def talking(url: str) -> Iterator[Session]:
    """Use a session, and close it well."""
    session = opened(url)
    try:
        yield session
    except BaseException:
        session.abandon()
        raise
    session.close()


@contextlib.contextmanager
def held(url: str, *, outlasting: bool = False) -> Iterator[tuple[Held, int]]:
    """Hold a session; gives its number, too."""
    session = opened(url)
    number = session.number
    if outlasting:
        session.outlast()
    connection = session.hold()
    try:
        yield connection, number
    finally:
        connection.abandon()


def url_of(database: Database, tls: str) -> str:
    """Write the URL, with TLS (`encrypted`) or without (`plain`)."""
    params: Mapping[str, str] = getattr(database, tls)
    return database.url(params)


def something_comes(connection: Held, seconds: float = SECONDS) -> bool:
    """Wait until there is something to hear."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def heard(connection: Held) -> None:
    """Wait for the answer; whatever comes before it is none."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until and something_comes(connection):
        if connection.hear():
            return
    pytest.fail("nothing came")


def answered(connection: Held, sql: str) -> None:
    """Ask, and wait for the answer."""
    connection.ask(sql)
    heard(connection)


def ending(connection: Held) -> ProbeError:
    """Wait for the end."""
    with pytest.raises(ProbeError) as raised:
        heard(connection)
    return raised.value


def verdict(error: ProbeError) -> tuple[str, str]:
    """Give the cause and the code of an end."""
    return str(error.cause), error.code


def kill(database: Database, number: int) -> None:
    """Let the superuser end a session."""
    sql = "SELECT pg_terminate_backend({})" if isinstance(database, Postgres) else "KILL {}"
    database.admin(sql.format(number))
