"""What MariaDB and MySQL say of themselves, against what their superuser sees."""

import contextlib
import socket
import time

import pytest

from exporter.db.dialect import PROGRAM, Session
from exporter.model import Counted, Limit, Scope, State
from tests.db.holding import SECONDS, opened
from tests.db.viewing_mysql import (
    BOTH,
    HERE,
    ask,
    counters,
    logged_in,
    look,
    server,
    session,
    somebody,
    status,
    turns_out,
    variables,
    works,
)
from tests.servers.database import USER
from tests.servers.mysql import MysqlFamily
from tests.waiting import running

pytestmark = BOTH
__all__ = ["server", "session", "somebody"]


NAMES = {
    Counted.CONNECTIONS_OPENED: "connections",
    Counted.ABORTED_CONNECTS: "aborted_connects",
    Counted.ABORTED_CLIENTS: "aborted_clients",
    Counted.QUERIES: "questions",
    Counted.BUFFER_REQUESTS: "innodb_buffer_pool_read_requests",
    Counted.BUFFER_MISSES: "innodb_buffer_pool_reads",
}
OF_MARIADB = {
    Counted.ABORTED_CONNECTS_PREAUTH: "aborted_connects_preauth",
    Counted.ACCESS_DENIED: "access_denied_errors",
}


def test_it_says_what_the_superuser_sees(server: MysqlFamily, session: Session) -> None:
    names = NAMES | (OF_MARIADB if server.name == "mariadb" else {})
    before, view, after = status(server), look(session), status(server)
    told = counters(view)
    assert told.pop(Counted.TRANSACTIONS) >= int(before["handler_commit"])
    assert set(told) == set(names)
    for counted, name in names.items():
        assert int(before[name]) <= told[counted] <= int(after[name]), counted
    settings = variables(server)
    assert view.version == settings["version"]
    assert view.product.lower() == server.name
    assert view.identity == settings["server_uid" if server.name == "mariadb" else "server_uuid"]
    assert (view.most, view.reserved) == (int(settings["max_connections"]), 0)
    assert view.high_water == int(after["max_used_connections"])
    assert view.started == pytest.approx(time.time() - int(after["uptime"]), abs=3)
    assert (view.replica, view.replication_lag, view.read_only) == (False, None, False)
    assert view.address == HERE
    assert (view.missing, view.tables, view.pooler) == ((), {}, None)


TIMES = {
    "connect_timeout", "innodb_lock_wait_timeout", "interactive_timeout", "lock_wait_timeout",
    "net_read_timeout", "net_write_timeout", "wait_timeout",
}  # fmt: skip
TIMES_OF = {
    "mariadb": {
        "idle_readonly_transaction_timeout", "idle_transaction_timeout", "idle_write_transaction_timeout",
        "max_statement_time",
    },
    "mysql": {"max_execution_time"},
}  # fmt: skip


def test_settings_are_seconds(server: MysqlFamily, session: Session) -> None:
    view, said = look(session), variables(server)
    assert set(view.settings) == TIMES | TIMES_OF[server.name]
    for name in TIMES:
        assert view.settings[name] == float(said[name])
    for name in ("back_log", "max_allowed_packet", "max_connect_errors"):
        assert view.values[name] == float(said[name])
    assert view.values["skip_name_resolve"] == 1
    short = "max_statement_time" if server.name == "mariadb" else "max_execution_time"
    with server.limited(short, 90 if server.name == "mariadb" else 90_000):
        assert look(session).settings[short] == 90
    with server.limited("wait_timeout", 77):
        assert look(session).settings["wait_timeout"] == 77, "what new sessions get, not ours"


def test_keepalives_that_the_server_sets(server: MysqlFamily, session: Session) -> None:
    """Zero leaves them to its operating system, and then they are not told."""
    if server.name == "mysql":
        assert not {name for name in look(session).settings if "keepalive" in name}
        return
    with server.limited("tcp_keepalive_time", 120), server.limited("tcp_keepalive_probes", 5):
        view = look(session)
    assert view.settings["tcp_keepalive_time"] == 120
    assert "tcp_keepalive_interval" not in view.settings
    assert view.values["tcp_keepalive_probes"] == 5


def test_states_add_up(server: MysqlFamily, session: Session, somebody: str) -> None:
    """One of each: at work, idle, idle in a transaction, and one that has not logged in yet."""
    server.admin("CREATE TABLE shop.goods (number int PRIMARY KEY) ENGINE=InnoDB")
    with contextlib.ExitStack() as stack:
        stack.callback(server.admin, "DROP TABLE shop.goods")
        idle, open_, busy = (
            stack.enter_context(contextlib.closing(logged_in(server, somebody, program_name="till")))
            for _ in range(3)
        )
        ask(idle, "SELECT 1")
        ask(open_, "BEGIN", "SELECT * FROM shop.goods")
        stack.enter_context(running(lambda: works(busy)))
        stack.callback(server.admin, f"KILL QUERY {busy.thread_id()}")
        silent = stack.enter_context(socket.create_connection((HERE, server.port)))
        silent.recv(1)
        expected = {
            State.ACTIVE: 2,
            State.IDLE: 1,
            State.IDLE_IN_TRANSACTION: 1,
            State.LOGIN: 1,
            State.OTHER: 0,
        }
        turns_out(lambda: look(session).connections == expected)
        view = look(session)
        assert view.accounts == {USER: 1, somebody: 3}
        assert view.applications == {"till": 3, PROGRAM: 1}
        assert sum(view.connections.values()) == 5
        (limit,) = view.limits
        assert limit == Limit(scope=Scope.SERVER, connections=5, most=view.most or 0, ours=True)


def test_ages(server: MysqlFamily, session: Session, somebody: str) -> None:
    """A transaction that is left open, another one at work; whatever time zone sessions have."""
    view = look(session)
    assert (view.oldest_transaction, view.oldest_idle_in_transaction, view.lock_waiters) == (0, 0, 0)
    server.admin("CREATE TABLE shop.goods (number int PRIMARY KEY) ENGINE=InnoDB")
    before = server.admin("SELECT @@GLOBAL.time_zone")[0][0]
    server.admin("SET GLOBAL time_zone = '-07:00'")
    try:
        with contextlib.closing(logged_in(server, somebody)) as open_:
            begun = time.monotonic()
            ask(open_, "BEGIN", "SELECT * FROM shop.goods")
            with contextlib.closing(opened(server.url())) as fresh:
                turns_out(lambda: (look(fresh).oldest_idle_in_transaction or 0) >= 1)
                view = look(fresh)
            assert view.oldest_transaction is not None
            assert 0 <= view.oldest_transaction <= time.monotonic() - begun + 1
            open_.rollback()
        turns_out(lambda: look(session).oldest_transaction == 0)
    finally:
        server.admin(f"SET GLOBAL time_zone = '{before}'")
        server.admin("DROP TABLE shop.goods")


@pytest.mark.parametrize("sql", ["UPDATE shop.goods SET number = 2", "ALTER TABLE shop.goods ADD more int"])
@pytest.mark.usefixtures("somebody")
def test_lock_waiters(server: MysqlFamily, session: Session, sql: str) -> None:
    """On a row, and on a table's definition."""
    server.admin("CREATE TABLE shop.goods (number int PRIMARY KEY) ENGINE=InnoDB")
    server.admin("INSERT INTO shop.goods VALUES (1)")
    try:
        with contextlib.closing(logged_in(server)) as one, contextlib.closing(logged_in(server)) as two:
            ask(one, "BEGIN", "UPDATE shop.goods SET number = 3")
            with running(lambda: ask(two, sql)) as waiting:
                turns_out(lambda: look(session).lock_waiters == 1)
                one.rollback()
                waiting.result()
        turns_out(lambda: look(session).lock_waiters == 0)
    finally:
        server.admin("DROP TABLE shop.goods")


def test_the_rows_for_other_names(server: MysqlFamily, session: Session) -> None:
    """All that SHOW shows, as text, by names in lower case."""
    tables = look(session, tables=True).tables
    ((told,), (settings,)) = (tables["global_status"], tables["global_variables"])
    assert set(tables) == {"global_status", "global_variables"}
    assert set(told) == set(status(server))
    assert settings == variables(server)
    assert told["threads_connected"] == "1"


def test_at_most_six_questions_each_given_up_in_time(server: MysqlFamily, session: Session) -> None:
    look(session)
    before = look(session)
    asked = counters(look(session))[Counted.QUERIES] - counters(before)[Counted.QUERIES]
    assert asked <= 6
    setting = "max_statement_time" if server.name == "mariadb" else "max_execution_time / 1000"
    for seconds in (SECONDS, 1.0):
        session.renew(seconds)
        session.view(tables=False)
        ((limit,),) = session._ask(f"SELECT @@SESSION.{setting}")  # type: ignore[attr-defined]
        assert seconds / 2 < limit < seconds


def test_a_replica(server: MysqlFamily, session: Session) -> None:
    """Its source is out of reach, so nobody knows how far it is behind."""
    mariadb = server.name == "mariadb"
    word, source = ("SLAVE", "MASTER") if mariadb else ("REPLICA", "SOURCE")
    command = "CHANGE MASTER" if mariadb else "CHANGE REPLICATION SOURCE"
    server.admin(f"{command} TO {source}_HOST = '127.0.0.1', {source}_PORT = 1, {source}_USER = 'nobody'")
    try:
        server.admin(f"START {word}")
        view = look(session)
        assert (view.replica, view.replication_lag) == (True, None)
        assert sum(view.connections.values()) == view.connections[State.ACTIVE] == 1, (
            "its own threads hold no slot"
        )
    finally:
        server.admin(f"STOP {word}")
        server.admin(f"RESET {word} ALL")
    assert look(session).replica is False
