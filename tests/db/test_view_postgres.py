"""What PostgreSQL says of itself, against its own tools, after real events."""

import contextlib
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg2

from exporter.model import Counted, Limit, Scope, State
from tests.db.holding import opened, talking
from tests.db.viewing import client, number, rows_of, seen
from tests.servers import Postgres
from tests.servers.database import USER
from tests.servers.postgres import MAX_CONNECTIONS
from tests.waiting import wait_for

STARTUP = b"\0\0\0\x22\0\3\0\0user\0probe\0database\0shop\0\0"
STATE = "SELECT state FROM pg_stat_activity WHERE application_name = 'till' ORDER BY state"
AGE = (
    "SELECT extract(epoch FROM clock_timestamp() - {}) FROM pg_stat_activity WHERE application_name = 'till'"
)


@contextlib.contextmanager
def at_work(connection: Any, sql: str) -> Iterator[None]:
    """Let a query go on during the block."""
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(rows_of, connection, sql)
        yield
        connection.cancel()
        with contextlib.suppress(psycopg2.Error):
            done.result()


def test_every_state(server: Postgres) -> None:
    with contextlib.ExitStack() as stack:
        tills = [stack.enter_context(client(server, application_name="till")) for _ in range(5)]
        for till in tills:
            rows_of(till, "SELECT 1")
        tills[0].commit()
        with contextlib.suppress(psycopg2.Error):
            rows_of(tills[2], "SELECT nonsense")
        rows_of(tills[3], "SET track_activities = off")
        stack.enter_context(at_work(tills[4], "SELECT pg_sleep(60)"))
        nobody = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
        nobody.sendall(STARTUP)
        assert nobody.recv(1) == b"R"  # it is asked for its password, and does not say it
        newest = int(server.admin("SHOW server_version_num")[0][0]) >= 180000  # type: ignore[call-overload]
        expected = {
            State.ACTIVE: 2,  # the one that sleeps, and our own
            State.IDLE: 1,
            State.IDLE_IN_TRANSACTION: 2,
            State.OTHER: 1,
            State.LOGIN: int(newest),
            State.HIDDEN: 0,
        }
        session = stack.enter_context(talking(server.url()))
        wait_for(lambda: seen(session).connections == expected)
        view = seen(session)
        assert view.accounts == {"postgres": 5, USER: 1}
        assert {name: count for name, count in view.applications.items() if name} == {
            "till": 5,
            "conndrop-exporter": 1,
        }
        listed = [state for (state,) in server.admin(STATE)]
        assert listed == [
            "active",
            "disabled",
            "idle",
            "idle in transaction",
            "idle in transaction (aborted)",
        ]


def test_a_transaction_that_is_held(server: Postgres) -> None:
    """Its age lies between what the server's own clock said before and after."""
    with talking(server.url()) as session, client(server, application_name="till") as till:
        assert seen(session).oldest_transaction == seen(session).oldest_idle_in_transaction == 0
        rows_of(till, "SELECT 1")
        for column, field in (
            ("xact_start", "oldest_transaction"),
            ("state_change", "oldest_idle_in_transaction"),
        ):
            before = number(server, AGE.format(column))
            age = getattr(seen(session), field)
            assert before < age < number(server, AGE.format(column))
        with at_work(till, "SELECT pg_sleep(60)"):
            wait_for(lambda: seen(session).oldest_idle_in_transaction == 0)
            assert (seen(session).oldest_transaction or 0) > 0


def test_who_waits_for_a_lock(server: Postgres) -> None:
    with talking(server.url()) as session, client(server) as holder, client(server) as waiter:
        assert seen(session).lock_waiters == 0
        rows_of(holder, "SELECT pg_advisory_lock(1)")
        with at_work(waiter, "SELECT pg_advisory_lock(1)"):
            wait_for(lambda: number(server, "SELECT count(*) FROM pg_locks WHERE NOT granted") == 1)
            assert seen(session).lock_waiters == 1


def test_limits(server: Postgres) -> None:
    """Of the server, of accounts and of databases, but for those that never hold."""
    making = (
        f"ALTER ROLE {USER} CONNECTION LIMIT 7",
        "ALTER DATABASE shop CONNECTION LIMIT 9",
        "CREATE ROLE tenant LOGIN CONNECTION LIMIT 3",
        "CREATE ROLE team CONNECTION LIMIT 3",
        "CREATE ROLE chief LOGIN SUPERUSER CONNECTION LIMIT 3",
        "CREATE DATABASE cellar CONNECTION LIMIT 2",
    )
    undoing = (
        f"ALTER ROLE {USER} CONNECTION LIMIT -1",
        "ALTER DATABASE shop CONNECTION LIMIT -1",
        *(f"DROP ROLE {name}" for name in ("tenant", "team", "chief")),
        "DROP DATABASE cellar",
    )
    try:
        for sql in making:
            server.admin(sql)
        with talking(server.url()) as session, client(server):
            wait_for(lambda: seen(session).limits[0].connections == 2)
            most = MAX_CONNECTIONS - 3
            assert set(seen(session).limits) == {
                Limit(scope=Scope.SERVER, connections=2, most=most, ours=True),
                Limit(scope=Scope.ACCOUNT, name=USER, connections=1, most=7, ours=True),
                Limit(scope=Scope.ACCOUNT, name="tenant", connections=0, most=3),
                Limit(scope=Scope.DATABASE, name="shop", connections=2, most=9, ours=True),
                Limit(scope=Scope.DATABASE, name="cellar", connections=0, most=2),
            }
    finally:
        for sql in undoing:
            server.admin(sql)


def test_sessions_that_did_not_end_well(server: Postgres) -> None:
    """One is killed, one idle for too long, one gone without a word; all others end well."""
    (datid,) = server.admin("SELECT oid::text FROM pg_database WHERE datname = 'shop'")[0]
    shop = str(datid)
    with talking(server.url()) as session:
        before = seen(session).counters[shop]
        killed = opened(server.url())
        server.kill(killed.number)
        server.admin(f"ALTER ROLE {USER} SET idle_session_timeout = '50ms'")
        idle = opened(server.url())
        server.admin(f"ALTER ROLE {USER} RESET idle_session_timeout")
        gone = opened(server.url())
        with socket.socket(fileno=gone.descriptor) as sock:
            sock.shutdown(socket.SHUT_RDWR)
            sock.detach()
        expected = {
            Counted.CONNECTIONS_OPENED: 3,
            Counted.SESSIONS_KILLED: 1,
            Counted.SESSIONS_FATAL: 1,
            Counted.SESSIONS_ABANDONED: 1,
            Counted.ABORTED_CLIENTS: 1,
        }
        wait_for(
            lambda: (
                expected
                == {counted: seen(session).counters[shop][counted] - before[counted] for counted in expected}
            )
        )
        for each in (killed, idle, gone):
            each.abandon()
        columns = "sessions, sessions_killed, sessions_fatal, sessions_abandoned"
        told = seen(session).counters[shop]
        own = server.admin(f"SELECT {columns} FROM pg_stat_database WHERE datname = 'shop'")[0]
        assert own == tuple(told[counted] for counted in list(expected)[:4])


def test_counters_of_each_database(server: Postgres) -> None:
    """They lie between what the server itself says before and after; those of one that is gone are gone.

    A database goes by its number: under another name it is still the same.
    """
    columns = {
        Counted.TRANSACTIONS: "xact_commit + xact_rollback",
        Counted.BUFFER_REQUESTS: "blks_hit + blks_read",
        Counted.BUFFER_MISSES: "blks_read",
    }
    sql = f"SELECT datid::text, {', '.join(columns.values())} FROM pg_stat_database"

    def listed() -> dict[object, dict[Counted, Any]]:
        return {name: dict(zip(columns, row, strict=True)) for name, *row in server.admin(sql)}

    server.admin("CREATE DATABASE cellar")
    with talking(server.url()) as session:
        before, told, after = listed(), seen(session).counters, listed()
        rows = server.admin("SELECT datname, oid::text FROM pg_database")
        oids = {str(name): str(datid) for name, datid in rows}
        assert set(told) == set(before) == {"0", *oids.values()}
        for name in told:
            for counted in columns:
                assert before[name][counted] <= told[name][counted] <= after[name][counted]
        shop, cellar = oids["shop"], oids["cellar"]
        assert told[oids["postgres"]][Counted.TRANSACTIONS] > 0 < told[shop][Counted.BUFFER_REQUESTS]
        server.admin("DROP DATABASE cellar")
        assert cellar not in seen(session).counters
