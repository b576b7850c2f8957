"""What a session asks its server about itself and its like, at real servers."""

import contextlib
from types import ModuleType
from typing import Any

import psycopg2
import pymysql
import pytest

from exporter.db.mysql import threads
from exporter.db.postgres import backends
from exporter.model import ProbeError
from tests.db.holding import ending, held, kill, opened, talking, url_of
from tests.servers import Database, Postgres
from tests.servers.database import PASSWORD, USER
from tests.servers.mysql import MysqlFamily
from tests.servers.postgres import MAX_CONNECTIONS
from tests.waiting import wait_for


def somebody(database: Database) -> Any:
    """Open a session of the same account with another program."""
    if isinstance(database, Postgres):
        return psycopg2.connect(
            host="127.0.0.1", port=database.port, user=USER, password=PASSWORD, dbname="shop"
        )
    return pymysql.connect(
        host="127.0.0.1", port=database.port, user=USER, password=PASSWORD, database="shop"
    )


def root(database: Database) -> Any:
    """Open a session of the superuser."""
    assert isinstance(database, Postgres | MysqlFamily)
    return database.connect()


def number_of(connection: Any) -> int:
    with contextlib.suppress(AttributeError):
        return int(connection.info.backend_pid)
    return int(connection.thread_id())


def test_the_number_is_the_servers_own(database: Database) -> None:
    for tls in ("plain", "encrypted"):
        with talking(url_of(database, tls)) as session:
            assert session.number
            assert session.direct()


def test_free_slots_are_counted(database: Database) -> None:
    """Each of ours takes one; what the server would take is what it does take."""
    with contextlib.ExitStack() as stack:
        before = free_when_idle(database)
        session = stack.enter_context(talking(database.url()))
        wait_for(lambda: session.free_slots() == before)  # whoever asked as root takes a moment to leave
        for _ in range(2):
            stack.enter_context(held(database.url()))
        assert session.free_slots() == before - 2


def free_when_idle(database: Database) -> int:
    """Say how many are free beside one session."""
    if isinstance(database, Postgres):
        return MAX_CONNECTIONS - 3 - 1
    return int(str(database.admin("SELECT @@max_connections")[0][0])) - 1


def test_the_limit_of_an_account_counts(database: Database) -> None:
    if isinstance(database, Postgres):
        limit, unlimit = f"ALTER ROLE {USER} CONNECTION LIMIT 3", f"ALTER ROLE {USER} CONNECTION LIMIT -1"
    else:
        limit = f"ALTER USER {USER}@'127.0.0.1' WITH MAX_USER_CONNECTIONS 3"
        unlimit = f"ALTER USER {USER}@'127.0.0.1' WITH MAX_USER_CONNECTIONS 0"
    database.admin(limit)
    try:
        with talking(database.url()) as session:
            wait_for(lambda: session.free_slots() == 2)
            with held(database.url()):
                assert session.free_slots() == 1
    finally:
        database.admin(unlimit)


def test_ours_is_listed_until_it_is_ended(database: Database) -> None:
    with talking(database.url()) as session, held(database.url()) as (connection, number):
        assert session.lists(number, 0.0)
        assert session.end(number, 0.0)
        ending(connection)
        wait_for(lambda: not session.lists(number, 0.0))
        assert not session.end(number, 0.0)


def test_what_is_not_ours_is_left_alone(database: Database) -> None:
    """Of the same account, but of another program; of another account; of another age; of nobody."""
    with contextlib.ExitStack() as stack:
        session = stack.enter_context(talking(database.url()))
        others = [
            stack.enter_context(contextlib.closing(each)) for each in (somebody(database), root(database))
        ]
        _, young = stack.enter_context(held(database.url()))
        cases = [(number_of(others[0]), 0.0), (number_of(others[1]), 0.0), (2**31 - 1, 0.0), (young, 1e6)]
        for number, age in cases:
            assert not session.lists(number, age)
            assert not session.end(number, age)
        for other in others:
            with other.cursor() as cursor:
                cursor.execute("SELECT 1")


def test_a_session_ended_in_between_is_no_error(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    if isinstance(database, Postgres):
        return
    monkeypatch.setattr("exporter.db.mysql.threads.lists", lambda *_: True)
    with talking(database.url()) as session:
        assert not session.end(2**31 - 1, 0.0)
        monkeypatch.setattr("exporter.db.mysql.threads.END", "KILL nonsense %s")
        with pytest.raises(ProbeError):
            session.end(2**31 - 1, 0.0)


def test_the_number_outlives_the_session(database: Database) -> None:
    """By it the session is ended on the server, which may go on after it has ended here."""
    session = opened(database.url())
    number = session.number
    kill(database, number)
    with pytest.raises(ProbeError):
        session.direct()
    assert session.number == number
    session.abandon()
    assert session.number == number


def test_a_login_that_took_long_is_still_ours(postgres: Postgres) -> None:
    """PostgreSQL counts from the first packet, we from the last: by a slow path these are seconds."""
    with talking(postgres.url()) as session, held(postgres.url()) as (connection, number):
        assert session.end(number, -5.0)
        ending(connection)


@pytest.mark.parametrize("rows", [(), ((),), ((None,),), (("many", "x"),)])
@pytest.mark.parametrize("room", [backends, threads])
def test_a_server_that_is_another_than_it_says(
    room: ModuleType, rows: tuple[tuple[object, ...], ...]
) -> None:
    """What stands in between may answer in the server's place, and know nothing of sessions."""
    for asking in (room.free_slots, lambda ask: room.is_number(ask, 1), lambda ask: room.lists(ask, 1, 0.0)):
        with pytest.raises(ProbeError, match="does not tell of its sessions"):
            asking(lambda *_: rows)
