"""Sessions that are held at real servers: what is asked is answered, and every end is told."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.model import ProbeError
from exporter.net.tcp_info import tcp_info
from tests.conftest import SERVERS, started
from tests.db.holding import (
    PARAMS,
    answered,
    ending,
    heard,
    held,
    kill,
    something_comes,
    url_of,
    verdict,
)
from tests.servers import Certificates, Database, MariaDb, Postgres


@PARAMS
def test_questions_are_answered(database: Database, tls: str) -> None:
    """Refused ones, too, and those without rows; a refusal is no last word."""
    with held(url_of(database, tls)) as (connection, number):
        for sql in ("SELECT 1", "SELECT nonsense", "BEGIN", "SELECT 1, 'two' UNION SELECT 3, NULL"):
            assert not connection.hear()
            answered(connection, sql)
        assert not connection.hear()
        answered(connection, "SELECT nonsense")
        kill(database, number)
        error = ending(connection)
    assert "nonsense" not in error.said + error.detail


@PARAMS
@pytest.mark.parametrize("busy", [False, True])
def test_a_session_that_is_killed(database: Database, tls: str, busy: bool) -> None:
    """PostgreSQL says so; under TLS its SQLSTATE is hidden in libpq. The MySQL family closes."""
    with held(url_of(database, tls)) as (connection, number):
        connection.ask(database.busy if busy else "SELECT 1")
        if not busy:
            heard(connection)
        kill(database, number)
        error = ending(connection)
    if isinstance(database, Postgres):
        assert error.said == "FATAL:  terminating connection due to administrator command"
        assert verdict(error) == ("server.session_killed", "57P01" if tls == "plain" else "")
    else:
        assert (verdict(error), error.said) == (("unknown", ""), "")
        assert error.detail == "connection closed by the peer"


@PARAMS
def test_a_session_that_was_idle_for_too_long(database: Database, tls: str) -> None:
    """PostgreSQL and MySQL say so; MariaDB resets."""
    limit = "idle_session_timeout = '1s'" if isinstance(database, Postgres) else "wait_timeout = 1"
    with held(url_of(database, tls)) as (connection, _):
        answered(connection, f"SET SESSION {limit}")
        error = ending(connection)
        assert tcp_info(connection.fileno()), "the descriptor is there until it is let go"
    if isinstance(database, MariaDb):
        assert (verdict(error), error.said) == (("unknown", ""), "")
        assert error.detail == "connection reset by the peer"
    else:
        code = {"postgresql": "57P05" if tls == "plain" else "", "mysql": "4031"}[database.name]
        assert verdict(error) == ("server.idle_timeout", code)
        assert error.said


@PARAMS
def test_a_transaction_that_was_idle_for_too_long(database: Database, tls: str) -> None:
    if not isinstance(database, Postgres):
        return
    with held(url_of(database, tls)) as (connection, _):
        answered(connection, "SET idle_in_transaction_session_timeout = '1s'")
        answered(connection, "BEGIN")
        error = ending(connection)
    assert verdict(error) == ("server.idle_timeout", "25P03" if tls == "plain" else "")


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_that_ends(certificates: Certificates, name: str) -> None:
    """Those that say something say it; nothing that was held is left."""
    with started(SERVERS[name], certificates) as server, contextlib.ExitStack() as stack:
        connections = [stack.enter_context(held(url_of(server, tls)))[0] for tls in ("plain", "encrypted")]
        assert server.process
        server.process.send_signal(signal.SIGINT if name == "postgresql" else signal.SIGTERM)
        for connection in connections:
            error = ending(connection)
            assert str(error.cause) in ("server.session_killed", "server.restart", "unknown")
            assert bool(error.said) == (name == "postgresql")
            with pytest.raises(ProbeError):
                answered(connection, "SELECT 1")


@PARAMS
def test_a_session_that_was_outlasted(database: Database, tls: str) -> None:
    """Without our asking for it the server would have ended it."""
    with idle_limit(database):
        url = url_of(database, tls)
        with held(url, outlasting=True) as (lasting, _), held(url) as (idle, _):
            ending(idle)
            assert not something_comes(lasting, 0.5)
            answered(lasting, "SELECT 1")


@contextlib.contextmanager
def idle_limit(database: Database) -> Iterator[None]:
    """Let new sessions be idle for a second."""
    if isinstance(database, Postgres):
        short, usual = ("ALTER ROLE probe SET idle_session_timeout = '1s'", "ALTER ROLE probe RESET ALL")
    else:
        short, usual = ("SET GLOBAL wait_timeout = 1", "SET GLOBAL wait_timeout = 28800")
    database.admin(short)
    try:
        yield
    finally:
        database.admin(usual)


@PARAMS
def test_who_parts_is_not_counted_as_aborted(database: Database, tls: str) -> None:
    """The server closes, and until it has, the socket is held on to; what still comes is no answer."""
    before = database.aborted()
    for _ in range(10):
        with held(url_of(database, tls)) as (connection, _):
            answered(connection, "SELECT 1")
            descriptor = connection.fileno()
            connection.part()
            assert connection.fileno() == descriptor
            ending(connection)
            connection.part()
    assert database.aborted() == before


def sockets() -> set[int]:
    """Give the inodes of all that is open here: duplicates of a socket have the same."""
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found.add(descriptor.stat().st_ino)
    return found


@PARAMS
def test_who_lets_go_leaves_nothing(database: Database, tls: str) -> None:
    with held(url_of(database, tls)) as (connection, _):
        connection.ask("SELECT 1")
        mine = os.fstat(connection.fileno()).st_ino
        assert mine in sockets()
        connection.abandon()
        connection.abandon()
        assert connection.fileno() == -1
        assert mine not in sockets()


@PARAMS
def test_what_comes_while_idle_is_no_answer(postgres: Postgres, tls: str) -> None:
    with held(url_of(postgres, tls)) as (connection, _):
        answered(connection, "LISTEN news")
        with contextlib.closing(postgres.connect(dbname="shop")) as other, other.cursor() as cursor:
            cursor.execute("NOTIFY news")
        assert something_comes(connection)
        assert not connection.hear()
        answered(connection, "SELECT 1")
