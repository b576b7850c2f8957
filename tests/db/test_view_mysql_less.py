"""What MariaDB and MySQL still say with less: a privilege, performance_schema, or their wits."""

import contextlib
import re
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pymysql
import pytest

from exporter.db.mysql import questions, replication
from exporter.db.mysql.asked import Asked
from exporter.db.mysql.replication import Replication
from exporter.db.mysql.view import view
from exporter.model import Cause, Counted, Limit, ProbeError, Scope, ServerView, State
from tests.conftest import SERVERS, started
from tests.db.holding import opened
from tests.db.test_view_mysql import HERE, logged_in, look
from tests.doubles import MYSQL_GREETING, MYSQL_OK, deaf, greets, hang_up, mysql_packet, says
from tests.doubles import server as double
from tests.networks import needs_namespaces
from tests.servers import Certificates, Database
from tests.servers.database import PASSWORD, USER
from tests.servers.mysql import MysqlFamily
from tests.test_tls_goodbye import ADDRESS, NAME, counting, in_the_network
from tests.waiting import wait_for

BOTH = pytest.mark.parametrize("database", ["mariadb", "mysql"], indirect=True)
ACCOUNT = f"'{USER}'@'{HERE}'"
TABLES = ("session_connect_attrs", "host_cache")


def family(database: Database) -> MysqlFamily:
    assert isinstance(database, MysqlFamily)
    return database


@contextlib.contextmanager
def without(server: MysqlFamily, grant: str) -> Iterator[ServerView]:
    """Look at the server while the account lacks one of its privileges."""
    server.admin(re.sub(r"^GRANT", "REVOKE", grant).replace(" TO ", " FROM ") % ACCOUNT)
    try:
        with contextlib.closing(opened(server.url())) as session:
            yield look(session)
    finally:
        server.admin(grant % ACCOUNT)


@BOTH
def test_without_process(database: Database) -> None:
    """What is left is how many are at work, and what is our account's."""
    server = family(database)
    wait_for(lambda: not server.numbers())
    with without(server, questions.PROCESS.grant) as seen:
        assert seen.missing == (questions.PROCESS,)
        assert set(seen.connections) == {State.ACTIVE, State.IDLE}
        assert sum(seen.connections.values()) == seen.limits[0].connections
        assert seen.accounts == {USER: 1}
        assert (seen.oldest_transaction, seen.oldest_idle_in_transaction) == (None, None)
        assert seen.lock_waiters == 0
        assert seen.replica is False
        assert seen.applications


@BOTH
def test_without_the_replicas_privilege(database: Database) -> None:
    server = family(database)
    needed = questions.REPLICA_MONITOR if server.name == "mariadb" else questions.REPLICATION_CLIENT
    with without(server, needed.grant) as seen:
        assert seen.missing == (needed,)
        assert (seen.replica, seen.replication_lag) == (None, None)
        assert State.ACTIVE in seen.connections


@BOTH
def test_without_the_applications(database: Database) -> None:
    with without(family(database), questions.ATTRIBUTES.grant) as seen:
        assert seen.missing == (questions.ATTRIBUTES,)
        assert seen.applications == {}
        assert seen.accounts


@BOTH
def test_what_is_denied_is_not_asked_again(database: Database) -> None:
    """MariaDB counts each denial, so it would look as if somebody were trying keys."""
    server = family(database)
    server.admin(f"CREATE USER bare@'{HERE}' IDENTIFIED BY '{PASSWORD}'")
    try:
        with contextlib.closing(opened(server.url(user="bare", database=""))) as session:
            first, second = look(session), look(session)
        assert len(first.missing) == 3
        assert first.missing == second.missing
        if server.name == "mariadb":
            assert first.counters[""][Counted.ACCESS_DENIED] + 3 == denied(server)
            assert second.counters[""][Counted.ACCESS_DENIED] == denied(server)
    finally:
        server.admin(f"DROP USER bare@'{HERE}'")


def denied(server: MysqlFamily) -> int:
    return int(str(server.admin("SHOW GLOBAL STATUS LIKE 'Access_denied_errors'")[0][1]))


@contextlib.contextmanager
def bare(kind: str, certificates: Certificates, *options: str) -> Iterator[MysqlFamily]:
    """Run a server without performance_schema, and with other options."""
    server = family(started(SERVERS[kind], certificates))
    usual = server.options
    server.options = lambda: [*usual(), "--performance-schema=OFF", *options]  # type: ignore[method-assign]
    with server:
        yield server


@pytest.mark.parametrize("kind", ["mariadb", "mysql"])
def test_without_performance_schema(kind: str, certificates: Certificates) -> None:
    """Only applications are missing; here each account has a limit besides, and others come near it."""
    with bare(kind, certificates, "--max-user-connections=3") as server:
        server.admin(f"CREATE USER somebody IDENTIFIED BY '{PASSWORD}'")
        with contextlib.ExitStack() as stack:
            session = stack.enter_context(contextlib.closing(opened(server.url())))
            others = [stack.enter_context(contextlib.closing(logged_in(server))) for _ in range(3)]
            with pytest.raises(pymysql.err.OperationalError, match=r"1203|1226"):
                logged_in(server)
            seen = look(session)
            assert len(others) == 3
        assert seen.connections == {State.ACTIVE: 1, State.IDLE: 3}
        assert seen.accounts == {USER: 1, "somebody": 3}
        assert seen.limits[1:] == (
            Limit(scope=Scope.ACCOUNT, name=USER, connections=1, most=3, ours=True),
            Limit(scope=Scope.ACCOUNT, name="somebody", connections=3, most=3),
        )
        assert (seen.applications, seen.missing) == ({}, ())
        assert (seen.host_errors, seen.hosts_blocked) == (None, None)


@needs_namespaces
@pytest.mark.parametrize("kind", ["mariadb", "mysql"])
def test_a_server_that_blocks_hosts(kind: str, certificates: Certificates, tmp_path: Path) -> None:
    """It counts what breaks off from our address, and knows this by its name."""

    def inside() -> None:
        with counting(kind, certificates, 2) as database:
            server = family(database)
            server.grant(f"'{USER}'@'{NAME}'")
            url = server.url(host=ADDRESS)
            with contextlib.closing(opened(url)) as session:
                before = look(session)
                assert before.address == NAME
                assert (before.host_errors, before.hosts_blocked) == (0, 0)
                break_off(server)
                wait_for(lambda: look(session).host_errors == 1)
                assert look(session).hosts_blocked == 0
                break_off(server)
                wait_for(lambda: look(session).hosts_blocked == 1)
                assert look(session).host_errors == 2
                with pytest.raises(ProbeError) as refused:
                    opened(url)
                assert refused.value.cause is Cause.SERVER_HOST_BLOCKED
                server.admin("FLUSH HOSTS" if kind == "mariadb" else EMPTY)
                gone = look(session)
                assert (gone.host_errors, gone.hosts_blocked) == (None, 0)
            server.admin(f"REVOKE SELECT ON performance_schema.host_cache FROM '{USER}'@'{NAME}'")
            with contextlib.closing(opened(url)) as session:
                seen = look(session)
                assert seen.missing == (questions.HOST_CACHE,)
                assert (seen.host_errors, seen.hosts_blocked) == (None, None)
                server.admin("SET GLOBAL host_cache_size = 0")
                assert look(session).hosts_blocked is None

    in_the_network(inside, tmp_path / "hosts")


EMPTY = "TRUNCATE TABLE performance_schema.host_cache"


def break_off(server: MysqlFamily) -> None:
    """Read the greeting and go."""
    with socket.create_connection((ADDRESS, server.port), source_address=(ADDRESS, 0)) as sock:
        sock.recv(1000)


GOOD = {
    "status": {
        "uptime": "10", "threads_connected": "1", "threads_running": "1", "max_used_connections": "1",
        "innodb_row_lock_current_waits": "0",
    },
    "variables": {"version": "8.0.36", "max_connections": "10", "max_user_connections": "0"},
    "own": {"now": "1000.5", "user": "probe@h", "max_user_connections": "0"},
}  # fmt: skip
Rows = list[dict[str, Any]]


def globals_with(**changes: Mapping[str, Any]) -> Rows:
    kinds = {kind: {**figures, **changes.get(kind, {})} for kind, figures in GOOD.items()}
    return [
        {"kind": kind, "name": name, "value": value}
        for kind, figures in kinds.items()
        for name, value in figures.items()
    ]


def answering(answers: Mapping[str, Any], first: Rows | None = None) -> Callable[[str], Any]:
    """Answer questions by a word in them, the first with good figures."""

    def ask(sql: str) -> Any:
        if "global_status" in sql:
            return globals_with() if first is None else first
        for word, answer in answers.items():
            if word in sql:
                if isinstance(answer, ProbeError):
                    raise answer
                return answer
        return []

    return ask


@pytest.mark.parametrize(
    "first",
    [
        [],
        [{}],
        [{"kind": "news", "name": "a", "value": "b"}],
        [{"kind": "own", "name": None, "value": "b"}],
        globals_with(status={"uptime": "soon"}),
        globals_with(status={"uptime": None}),
        globals_with(status={"threads_connected": "1e400"}),
        globals_with(variables={"max_connections": ""}),
        globals_with(variables={"version": None}),
        globals_with(variables={"wait_timeout": "for ever"}),
        globals_with(own={"now": "now"}),
        globals_with(own={"user": None}),
    ],
)
def test_figures_that_no_server_would_give(first: Rows) -> None:
    for mariadb in (True, False):
        with pytest.raises(ProbeError, match="as others do"):
            view(Asked(answering({}, first)), mariadb=mariadb, tables=False)


@pytest.mark.parametrize(
    ("word", "rows"),
    [
        ("processlist", [{"state": "dancing", "account": "a", "connections": 1}]),
        ("processlist", [{"state": "idle", "account": "a", "connections": None}]),
        ("processlist", [{"state": "idle", "account": "a", "connections": 1, "waiting": 0, "age": "x"}]),
        ("SHOW SLAVE", [{"seconds_behind_moon": 1}]),
        ("SHOW REPLICA", [{"replica_io_running": "Yes", "replica_sql_running": "Yes"}]),
        ("host_cache", []),
        ("host_cache", [{"ours": "many", "blocked": 1}]),
        ("session_connect_attrs", [{"application": "a"}]),
    ],
)
def test_rows_that_no_server_would_give(word: str, rows: Rows) -> None:
    version = "8.0.11" if "SLAVE" in word else "8.0.36"
    first = globals_with(variables={"performance_schema": "ON", "version": version})
    with pytest.raises(ProbeError, match="as others do"):
        view(Asked(answering({word: rows}, first)), mariadb=False, tables=False)


def test_a_table_that_is_not_there_is_nobodys_fault() -> None:
    """And is not asked for again; any other refusal is a failure."""
    asked: list[str] = []
    gone = ProbeError(Cause.UNKNOWN, "no such table", code="1146")

    def ask(sql: str) -> Any:
        asked.append(sql)
        return answering({"host_cache": gone})(sql)

    server = Asked(ask)
    for _ in range(2):
        seen = view(server, mariadb=False, tables=False)
        assert (seen.missing, seen.hosts_blocked) == ((), None)
    assert len([sql for sql in asked if sql == questions.HOSTS]) == 1
    slow = ProbeError(Cause.SERVER_SLOW_QUERY, "given up", code="3024")
    with pytest.raises(ProbeError, match="given up"):
        view(Asked(answering({"processlist": slow})), mariadb=False, tables=False)


def result_set(*packets: bytes) -> bytes:
    return b"".join(mysql_packet(number, body) for number, body in enumerate(packets, 1))


OK = mysql_packet(1, MYSQL_OK)
LOGIN = (mysql_packet(2, MYSQL_OK), OK)


@pytest.mark.parametrize(
    "answer",
    [
        OK,  # no rows at all
        result_set(b"\x01", b"nonsense", b"\xfe\0\0\0\0"),
        result_set(b"\xfb/etc/passwd"),  # asks for a file of ours
        result_set(b"\xff\xff\xff"),
        result_set(b"\x00"),
        b"\x00",
    ],
)
def test_a_hostile_server(answer: bytes) -> None:
    """Whatever it says, the look ends with our own error."""
    script = greets(MYSQL_GREETING, says(*LOGIN, OK, answer, then=hang_up))
    with double(script) as port:
        session = opened(f"mysql://probe:secret@127.0.0.1:{port}/shop?ssl_mode=disabled")
        with pytest.raises(ProbeError) as raised:
            look(session)
        session.abandon()
    assert "secret" not in repr(raised.value)


def test_a_deaf_server() -> None:
    with double(greets(MYSQL_GREETING, says(*LOGIN, then=deaf))) as port:
        session = opened(f"mysql://probe:secret@127.0.0.1:{port}/shop?ssl_mode=disabled")
        session.renew(0.3)
        with pytest.raises(ProbeError) as raised:
            session.view(tables=False)
        session.abandon()
    assert raised.value.cause is Cause.SERVER_UNRESPONSIVE


SOURCE = {"replica_io_running": "Yes", "replica_sql_running": "Yes", "seconds_behind_source": 3}
MASTER = {"slave_io_running": "Yes", "slave_sql_running": "Yes", "seconds_behind_master": 5}
MEMBER = {**SOURCE, "channel_name": "group_replication_applier"}


@pytest.mark.parametrize(
    ("rows", "read_only", "expected"),
    [
        ([], True, (False, None)),
        ([SOURCE], False, (True, 3.0)),
        ([MASTER], True, (True, 5.0)),
        ([MASTER, {**MASTER, "seconds_behind_master": 9}], True, (True, 9.0)),
        ([MASTER, {**MASTER, "seconds_behind_master": None}], True, (True, None)),
        ([{**SOURCE, "replica_io_running": "Connecting"}], True, (True, None)),
        ([{**MASTER, "slave_sql_running": "No"}], True, (True, None)),
        ([MEMBER], False, (False, None)),
        ([MEMBER], True, (True, None)),
        ([MEMBER, SOURCE], False, (True, 3.0)),
    ],
)
def test_replication(rows: Rows, *, read_only: bool, expected: tuple[bool, float | None]) -> None:
    """Rows as both servers give them: two servers and a stream between them would take too long here."""
    replica, lag = expected
    assert replication.read(rows, read_only=read_only) == Replication(replica=replica, lag=lag)
