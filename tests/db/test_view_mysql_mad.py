"""Answers that no MariaDB or MySQL would give, and those of replicas."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from exporter.db.mysql import questions, replication
from exporter.db.mysql.asked import Asked
from exporter.db.mysql.replication import Replication
from exporter.db.mysql.view import view
from exporter.model import Cause, ProbeError
from tests.db.holding import opened
from tests.db.viewing_mysql import look
from tests.doubles import MYSQL_GREETING, MYSQL_OK, deaf, greets, hang_up, mysql_packet, says
from tests.doubles import server as double

GOOD = {
    "status": {
        "uptime": "10", "threads_connected": "1", "threads_running": "1", "max_used_connections": "1",
        "innodb_row_lock_current_waits": "0",
    },
    "variables": {"version": "8.0.36", "max_connections": "10", "max_user_connections": "0"},
    "own": {"now": "1000.5", "user": "probe@h", "account": "probe@%", "max_user_connections": "0"},
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
        return [{"ours": None, "blocked": 0}] if "host_cache" in sql else []

    return ask


@pytest.mark.parametrize("mariadb", [True, False])
def test_good_figures_are_understood(mariadb: bool) -> None:
    """Else nothing would be told by those that follow."""
    assert view(Asked(answering({})), mariadb=mariadb, tables=False).most == 10


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
        globals_with(status={"aborted_clients": "9" * 400}),
        globals_with(status={"connection_errors_accept": "-1"}),
        globals_with(variables={"max_connections": ""}),
        globals_with(variables={"connect_timeout": "inf"}),
        globals_with(variables={"back_log": "nan"}),
        globals_with(variables={"version": None}),
        globals_with(variables={"wait_timeout": "for ever"}),
        globals_with(own={"now": "now"}),
        globals_with(own={"user": None}),
    ],
)
def test_figures_that_no_server_would_give(first: Rows) -> None:
    answers = {"host_cache": [{"ours": None, "blocked": 0}]}
    for mariadb in (True, False):
        assert view(Asked(answering(answers)), mariadb=mariadb, tables=False).version
        with pytest.raises(ProbeError, match="as others do"):
            view(Asked(answering(answers, first)), mariadb=mariadb, tables=False)


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
