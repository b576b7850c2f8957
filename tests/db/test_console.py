"""PgBouncer's admin console, read by an account that may only look: real poolers, and answers of others."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2 import extras

from exporter.config.address import read_url
from exporter.db import DIALECTS
from exporter.db.dialect import Session
from exporter.db.postgres import console
from exporter.model import Cause, Counted, Limit, ProbeError, Scope, ServerView, State
from exporter.net.phases import PhaseClock
from tests.db.test_hostile import PG_OK, PG_READY
from tests.doubles import postgres_message, says, server
from tests.lab.fronts import KEEPER, STRANGER, PgBouncer
from tests.networks import needs_faults
from tests.probing import probe_tools, session, verdict
from tests.servers import Postgres
from tests.servers.database import PASSWORD, USER, free_port
from tests.test_daemon import daemon
from tests.waiting import wait_for

TIMEOUT = 5.0
Make = Callable[..., PgBouncer]


@pytest.fixture
def pooler(postgres: Postgres) -> Iterator[Make]:
    """Start a PgBouncer before the PostgreSQL, with these lines in its configuration."""
    with contextlib.ExitStack() as stack:

        def make(*settings: str) -> PgBouncer:
            front = PgBouncer(None, postgres, port=free_port(), pooling="transaction", settings=settings)
            return stack.enter_context(front)

        yield make


def url(front: PgBouncer, user: str = USER, database: str = "pgbouncer") -> str:
    login = f"{user}:{PASSWORD.replace('@', '%40').replace('/', '%2F').replace(':', '%3A')}"
    return f"postgresql://{login}@{front.host}:{front.port}/{database}?sslmode=disable"


@contextlib.contextmanager
def opened(where: str) -> Iterator[Session]:
    endpoint, _ = read_url(where, None, DIALECTS)
    tools = probe_tools(endpoint)
    session = tools.opener.open((endpoint.host,), PhaseClock(TIMEOUT, {}, tools.stop))
    try:
        yield session
    finally:
        session.abandon()


def look(session: Session) -> ServerView:
    session.renew(TIMEOUT)
    return session.view(tables=True)


class Client:
    """Somebody else's connection through a pooler, or to its console."""

    def __init__(self, front: PgBouncer, database: str = "shop", user: str = USER) -> None:
        self.connection = psycopg2.connect(
            host=front.host, port=front.port, user=user, password=PASSWORD, dbname=database, connect_timeout=5
        )
        self.connection.autocommit = True

    def run(self, sql: str) -> list[Mapping[str, Any]]:
        with self.connection.cursor(cursor_factory=extras.RealDictCursor) as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []

    def close(self) -> None:
        self.connection.close()


@contextlib.contextmanager
def clients(front: PgBouncer, count: int) -> Iterator[list[Client]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(contextlib.closing(Client(front))) for _ in range(count)]


@contextlib.contextmanager
def keeper(front: PgBouncer) -> Iterator[Client]:
    """Work the console as the pooler's administrator."""
    with contextlib.closing(Client(front, "pgbouncer", KEEPER)) as client:
        yield client


@needs_faults
def test_clients_are_active_idle_or_wait(pooler: Make) -> None:
    """One has the only connection to the server, one waits for it, one has nothing to ask; we are idle."""
    front = pooler("default_pool_size=1")
    with clients(front, 3) as (busy, waiting, idle), opened(url(front)) as session, keeper(front) as other:
        idle.run("SELECT 1")
        busy.run("BEGIN")
        busy.run("SELECT 1")
        asking = threading.Thread(target=lambda: waiting.run("SELECT 1"))
        asking.start()
        wait_for(lambda: look(session).connections[State.WAITING])
        seen = look(session)
        assert seen.connections == {
            State.ACTIVE: 1, State.WAITING: 1, State.IDLE: 3, State.LOGIN: 0, State.OTHER: 0
        }  # fmt: skip
        pools = {row["database"]: row for row in other.run("SHOW POOLS")}
        assert (pools["shop"]["cl_active"], pools["shop"]["cl_waiting"]) == (2, 1)
        assert pools["pgbouncer"]["cl_active"] == 2
        assert seen.accounts == {USER: 3, "pgbouncer": 2}
        assert seen.pooler
        assert seen.pooler.backends[State.ACTIVE] == pools["shop"]["sv_active"] == 1
        wait_for(lambda: (now := look(session).pooler) and now.longest_wait > 1)
        assert Limit(scope=Scope.DATABASE, name="shop", connections=1, most=1) in seen.limits
        busy.run("COMMIT")
        asking.join(TIMEOUT)
        wait_for(lambda: not look(session).connections[State.WAITING])
        after = look(session)
        assert after.pooler
        assert after.pooler.longest_wait == 0
        assert after.pooler.backends[State.IDLE] == 1
        assert Limit(scope=Scope.DATABASE, name="shop", connections=0, most=1) in after.limits


@needs_faults
def test_it_says_who_it_is_and_what_it_counts(pooler: Make) -> None:
    """The totals are those of the console itself; what is asked of the console is not among them."""
    front = pooler()
    with clients(front, 1) as (client,), opened(url(front)) as session, keeper(front) as other:
        for _ in range(3):
            client.run("SELECT 1")
        seen = look(session)
        assert (seen.product, f"PgBouncer {seen.version}") == (
            "PgBouncer",
            other.run("SHOW VERSION")[0]["version"],
        )
        (told,) = (row for row in other.run("SHOW STATS") if row["database"] == "shop")
        assert seen.counters == {
            "shop": {
                Counted.TRANSACTIONS: told["total_xact_count"],
                Counted.QUERIES: told["total_query_count"],
            }
        }
        assert seen.counters["shop"][Counted.QUERIES] >= 3
        assert (seen.identity, seen.started, seen.tables) == ("", None, {})


@needs_faults
def test_settings_are_in_seconds(pooler: Make) -> None:
    """Also where the pooler has them in milliseconds; a zero that leaves it to the system is no setting."""
    front = pooler(
        "client_login_timeout=7",
        "query_wait_timeout=2.5",
        "server_idle_timeout=0",
        "server_lifetime=0",
        "tcp_user_timeout=2500",
        "tcp_keepidle=33",
        "tcp_keepcnt=4",
        "default_pool_size=11",
    )
    with opened(url(front)) as session, keeper(front) as other:
        seen = look(session)
        told = {row["key"]: row["value"] for row in other.run("SHOW CONFIG")}
    assert seen.settings["client_login_timeout"] == 7
    assert seen.settings["query_wait_timeout"] == 2.5
    assert seen.settings["server_idle_timeout"] == 0
    assert seen.settings["tcp_user_timeout"] == 2.5
    assert seen.settings["tcp_keepidle"] == 33
    assert not {"server_lifetime", "tcp_keepintvl"} & seen.settings.keys()
    assert (seen.values["tcp_keepcnt"], seen.values["default_pool_size"]) == (4, 11)
    exact = set(seen.settings) - {"tcp_user_timeout"}
    assert {name: seen.settings[name] for name in exact} == {name: float(told[name]) for name in exact}


@needs_faults
def test_a_full_pooler_still_tells_its_figures(pooler: Make) -> None:
    """Nobody is let in any more, but to the console."""
    front = pooler("max_client_conn=3")
    with opened(url(front)) as ours, clients(front, 2):
        assert ours.free_slots() == 0
        with pytest.raises(psycopg2.OperationalError, match="no more connections allowed"):
            Client(front)
        with opened(url(front)) as late:
            seen = look(late)
    assert seen.most == 3
    assert seen.limits[0] == Limit(scope=Scope.SERVER, connections=4, most=3, ours=True)
    # It notices after us that we have gone.
    wait_for(lambda: verdict(session(url(front, database="shop"))) is None)


@needs_faults
def test_other_limits_are_told_with_what_they_concern(pooler: Make) -> None:
    """A database's own limit where that is nearer than the size of a pool; an account's by its pools."""
    front = pooler("max_db_connections=2", "max_user_connections=5", "reserve_pool_size=3")
    with opened(url(front)) as session, clients(front, 2) as (one, two):
        for client in (one, two):
            client.run("BEGIN")
            client.run("SELECT 1")
        _, database, account = look(session).limits
    assert database == Limit(scope=Scope.DATABASE, name="shop", connections=2, most=2)
    assert account == Limit(scope=Scope.ACCOUNT, name=USER, connections=2, most=5)


@needs_faults
def test_a_login_that_goes_on_is_counted(pooler: Make) -> None:
    front = pooler()
    with opened(url(front)) as session, socket.create_connection((front.host, front.port)) as stuck:
        stuck.sendall(bytes.fromhex("0000000804d2162f"))  # asks for TLS
        assert stuck.recv(1) == b"N"
        assert look(session).connections[State.LOGIN] == 1


@needs_faults
def test_paused_and_disabled_databases_are_counted(pooler: Make) -> None:
    front = pooler()
    with opened(url(front)) as session, clients(front, 1) as (client,), keeper(front) as other:
        client.run("SELECT 1")
        assert look(session).values["databases_paused"] == 0
        other.run("PAUSE shop")
        other.run("DISABLE shop")
        values = look(session).values
        assert (values["databases_paused"], values["databases_disabled"]) == (1, 1)


@needs_faults
def test_who_may_not_look_is_told_so(pooler: Make) -> None:
    """An account that is among neither its stats_users nor its admin_users does not get in."""
    front = pooler()
    assert verdict(session(url(front, STRANGER))) == ("auth", "auth.not_allowed")


@needs_faults
def test_a_console_is_asked_nothing_that_it_does_not_know(pooler: Make) -> None:
    """Its log would fill with our errors. A query of one's own is asked as it is written."""
    front = pooler()
    assert verdict(session(url(front))) is None
    assert verdict(session(url(front), query="SHOW LISTS")) is None
    with opened(url(front)) as ours:
        assert not ours.direct()
        assert ours.free_slots() == 999
        held = ours.hold()
        held.ask("SELECT 1")
        wait_for(held.hear)
        held.abandon()
    assert "invalid command" not in front.log.read_text()
    assert verdict(session(url(front), query="SELECT 2")) == ("query", "unknown")
    assert "invalid command" in front.log.read_text()


@needs_faults
def test_nothing_of_a_daemon_fails_at_a_console(pooler: Make, tmp_path: Path) -> None:
    """Sessions, held connections and silent ones; only a pool of them is not made, and that is said."""
    front = pooler()
    text = (
        f"targets:\n- name: pooler\n  url: {url(front)}\n  probes:\n"
        "    session: {interval: 1s, timeout: 500ms}\n    sentinel: {heartbeat: 200ms}\n"
        "    idle: {ladder: [1s]}\n    pool: {interval: 1s}\n"
    )
    with daemon(tmp_path, text) as running:
        wait_for(lambda: running.value("conndrop_held_connections", probe="sentinel") == 1)
        wait_for(lambda: running.value("conndrop_idle_survived_seconds") == 1)
        wait_for(lambda: any("console of a pooler" in line for line in running.lines))
        assert running.value("conndrop_up", target="pooler") == 1
        assert not [line for line in running.lines if "failed" in line or "drop" in line]
        left = running.value("conndrop_pool_checkout_failures_total")
        running.end()
    assert not left
    assert "ERROR" not in front.log.read_text()


@needs_faults
def test_a_server_behind_a_pooler_is_seen_over_a_kept_connection(pooler: Make, postgres: Postgres) -> None:
    """With transactions pooled, each question may be answered by another backend."""
    front = pooler("default_pool_size=2")
    with opened(url(front, database="shop")) as session, clients(front, 1) as (other,):
        for _ in range(3):
            seen = look(session)
            assert seen.product == "PostgreSQL"
            assert seen.version in str(postgres.admin("SHOW server_version")[0][0])
            other.run("SELECT 1")


ANSWERS: dict[str, list[dict[str, Any]]] = {
    "SHOW CONFIG": [{"key": "max_client_conn", "value": "100"}, {"key": "query_timeout", "value": "0"}],
    "SHOW LISTS": [
        {"list": name, "items": items}
        for name, items in (("databases", 1), ("pools", 1), ("used_clients", 9), ("login_clients", 0))
    ],
    "SHOW DATABASES": [{"name": "shop", "pool_size": 20, "reserve_pool": 0}],
    "SHOW STATS": [{"database": "shop", "total_xact_count": 5, "total_query_count": 6}],
    "SHOW POOLS": [
        {"database": "shop", "user": "u", "cl_active": 4, "cl_waiting": 0, "sv_active": 5, "maxwait": 3}
    ],
}
NEWER: dict[str, list[dict[str, Any]]] = {
    "SHOW DATABASES": [
        {"name": "shop", "pool_size": 20, "reserve_pool_size": 5}
        | {"max_connections": 0, "current_connections": 5}
        | {"max_client_connections": 10, "current_client_connections": 9}
    ]
}


def asking(answers: Mapping[str, list[dict[str, Any]]]) -> console.Ask:
    def ask(command: str) -> Sequence[console.Row]:
        return answers[command]

    return ask


def changed(command: str, **columns: object) -> console.Ask:
    """Give the answers with these columns in each row, or without where they are None."""
    rows = [
        {name: told for name, told in (row | columns).items() if told is not None} for row in ANSWERS[command]
    ]
    return asking(ANSWERS | {command: rows})


def test_what_a_version_does_not_tell_is_left_out() -> None:
    """As 1.12 has it: fewer settings and columns. Cancelled requests are something else than clients."""
    old = console.view(changed("SHOW POOLS", cl_cancel_req=2), "1.12.0")
    assert old.settings == {"query_timeout": 0}
    assert old.connections[State.OTHER] == 2
    assert old.connections[State.ACTIVE] == 4
    assert old.pooler
    assert old.pooler.longest_wait == 3
    new = console.view(asking(ANSWERS | NEWER), "1.24.1")
    assert new.limits[1] == Limit(scope=Scope.DATABASE, name="shop", connections=9, most=10)


def test_a_pool_without_a_size_has_no_limit() -> None:
    (limit,) = console.view(changed("SHOW DATABASES", pool_size=0), "1.18.0").limits
    assert limit.scope is Scope.SERVER


def test_lists_that_are_too_long_are_not_asked_for() -> None:
    lists = [dict(row) for row in ANSWERS["SHOW LISTS"]]
    for row in lists[:2]:
        row["items"] = 1001
    asked = {name: ANSWERS[name] for name in ("SHOW CONFIG",)} | {"SHOW LISTS": lists}
    seen = console.view(asking(asked), "1.18.0")
    assert (seen.connections, seen.counters, seen.pooler) == ({}, {}, None)
    assert seen.limits[0].connections == 9


STRANGE = [
    changed("SHOW CONFIG", key="other"),
    changed("SHOW CONFIG", value="many"),
    changed("SHOW CONFIG", value=None),
    changed("SHOW LISTS", items=-1),
    changed("SHOW LISTS", list=None),
    changed("SHOW LISTS", list=["a"]),
    changed("SHOW DATABASES", pool_size="1e3"),
    changed("SHOW STATS", total_xact_count=2**63),
    changed("SHOW STATS", total_query_count=float("nan")),
    changed("SHOW POOLS", sv_active=None),
    changed("SHOW POOLS", maxwait="9" * 5000),
    changed("SHOW POOLS", user=["u"]),
]


@pytest.mark.parametrize("ask", STRANGE)
def test_answers_of_others_are_not_understood(ask: console.Ask) -> None:
    with pytest.raises(ProbeError) as caught:
        console.view(ask, "1.18.0")
    assert caught.value.cause is Cause.UNKNOWN


def rows(kind: int, value: bytes) -> bytes:
    """Answer with one row of one column of that type (pg_type.oid)."""
    column = b"key\0" + bytes(6) + kind.to_bytes(4, "big") + b"\xff\xff" + b"\xff\xff\xff\xff" + bytes(2)
    return b"".join(
        (
            postgres_message(b"T", b"\0\1" + column),
            postgres_message(b"D", b"\0\1" + len(value).to_bytes(4, "big") + value),
            postgres_message(b"C", b"SHOW\0"),
            PG_READY,
        )
    )


BOUNCER = b"".join(
    (
        PG_OK,
        postgres_message(b"S", b"DateStyle\0ISO\0"),
        postgres_message(b"S", b"client_encoding\0UTF8\0"),
        postgres_message(b"S", b"server_version\x001.18.0/bouncer\0"),
        PG_READY,
    )
)
INT4, NUMERIC, DATE, TEXT = 23, 1700, 1082, 25


@pytest.mark.parametrize(
    ("kind", "value"),
    [(INT4, b"many"), (NUMERIC, b"--"), (DATE, b"0000-99-99"), (TEXT, b"\xff\xfe"), (INT4, b"9" * 5000)],
)
def test_an_answer_that_is_not_what_it_claims_to_be_ends_in_a_probe_error(kind: int, value: bytes) -> None:
    with (
        server(says(BOUNCER, rows(kind, value))) as port,
        opened(f"postgresql://u:p@127.0.0.1:{port}/pgbouncer?sslmode=disable") as session,
        pytest.raises(ProbeError),
    ):
        look(session)


def test_a_version_that_cannot_be_read_is_none_of_a_console() -> None:
    login = BOUNCER.replace(b"1.18.0/bouncer", b"1.18.\xff/bouncer")
    with (
        server(says(login)) as port,
        opened(f"postgresql://u:p@127.0.0.1:{port}/pgbouncer?sslmode=disable") as session,
        pytest.raises(ProbeError),
    ):
        session.view(tables=False)
