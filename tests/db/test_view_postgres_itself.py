"""What PostgreSQL says of itself as a whole: its settings, its start, its identity, and whom it follows."""

import contextlib

import pytest

from exporter.db.postgres.view_sql import SECONDS
from exporter.model import Cause, ProbeError
from tests.db.holding import opened, talking
from tests.db.viewing import number, ordinary, rows_of, seen
from tests.servers import Postgres, Standby
from tests.servers.postgres import MAX_CONNECTIONS
from tests.waiting import wait_for

IDENTITY = "SELECT system_identifier FROM pg_control_system()"
LAG = "SELECT extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())"


def test_settings(server: Postgres) -> None:
    """They are what a session begins with, in seconds, whatever we have set in our own since."""
    server.admin("ALTER DATABASE shop SET statement_timeout = '90s'")
    server.admin("ALTER DATABASE shop SET idle_session_timeout = '2h'")
    server.admin("ALTER DATABASE shop SET default_transaction_read_only = on")
    try:
        with talking(server.url()) as session, ordinary(server) as other:
            session.outlast()
            view = seen(session)
            names = [name for (name,) in rows_of(other, "SELECT name FROM pg_settings") if name in SECONDS]
            own = "SELECT extract(epoch FROM current_setting('{}')::interval)"
            assert view.settings == {name: float(rows_of(other, own.format(name))[0][0]) for name in names}
            assert view.settings["statement_timeout"] == 90
            assert view.settings["idle_session_timeout"] == 7200
            assert view.settings["tcp_keepalives_idle"] > 0
            assert view.values == {
                "tcp_keepalives_count": float(rows_of(other, "SHOW tcp_keepalives_count")[0][0]),
                "log_hostname": 0.0,
            }
            assert view.read_only
    finally:
        for setting in ("statement_timeout", "idle_session_timeout", "default_transaction_read_only"):
            server.admin(f"ALTER DATABASE shop RESET {setting}")


def test_a_restart(server: Postgres) -> None:
    """The session ends with words; afterwards it is the same server, which began later."""
    with contextlib.ExitStack() as stack:
        session = opened(server.url())
        stack.callback(session.abandon)
        before = seen(session)
        server.halt()
        with pytest.raises(ProbeError) as raised:
            seen(session)
        assert raised.value.cause is Cause.SERVER_SESSION_KILLED
    server.start()
    with talking(server.url()) as session:
        after = seen(session)
    assert before.identity == after.identity == str(server.admin(IDENTITY)[0][0])
    own = "SELECT extract(epoch FROM pg_postmaster_start_time())"
    assert after.started == pytest.approx(number(server, own), abs=1e-5)
    assert (after.started or 0) > (before.started or 0)


def test_slots_that_are_kept(server: Postgres) -> None:
    """From 16 on, some can be kept for chosen accounts, too."""
    knows = bool(server.admin("SELECT 1 FROM pg_settings WHERE name = 'reserved_connections'"))
    server.settings = {"superuser_reserved_connections": "4"}
    if knows:
        server.settings["reserved_connections"] = "2"
    try:
        server.halt()
        server.start()
        with talking(server.url()) as session:
            view = seen(session)
    finally:
        server.settings = {}
        server.halt()
        server.start()
    assert (view.most, view.reserved) == (MAX_CONNECTIONS, 6 if knows else 4)
    assert view.limits[0].most == MAX_CONNECTIONS - view.reserved


def test_what_it_is(server: Postgres) -> None:
    with talking(server.url()) as session:
        view = seen(session)
    assert view.product == "PostgreSQL"
    assert view.version == str(server.admin("SHOW server_version")[0][0]).split()[0]
    assert view.address == "127.0.0.1"
    assert (view.replica, view.read_only, view.replication_lag) == (False, False, None)
    assert (view.missing, view.tables) == ((), {})


def test_a_replica(server: Postgres) -> None:
    """It lags by the age of the last transaction that it has done, unless it has done all there is."""
    with Standby(server) as standby, talking(standby.url()) as session, talking(server.url()) as primary:
        assert seen(session).identity == seen(primary).identity
        assert seen(session).replica
        assert seen(session).read_only
        server.admin("CREATE TABLE first ()")
        wait_for(lambda: standby.admin("SELECT to_regclass('first')") != [(None,)])
        wait_for(lambda: seen(session).replication_lag == 0)
        standby.admin("SELECT pg_wal_replay_pause()")
        server.admin("DROP TABLE first")
        wait_for(lambda: seen(session).replication_lag)
        before = number(standby, LAG)
        lag = seen(session).replication_lag
        assert lag is not None
        assert before < lag < number(standby, LAG)
        standby.admin("SELECT pg_wal_replay_resume()")
        wait_for(lambda: seen(session).replication_lag == 0)
        standby.admin("ALTER SYSTEM SET primary_conninfo = ''")
        standby.admin("SELECT pg_reload_conf()")
        wait_for(lambda: seen(session).replication_lag)  # nothing comes in: there may be more
        standby.admin("SELECT pg_promote()")
        view = seen(session)
        assert (view.replica, view.read_only, view.replication_lag) == (False, False, None)
