"""What PostgreSQL tells whom, how often it is asked, and what the names of another exporter need."""

import contextlib
import re

import pytest

from exporter.db.postgres.view import IDENTIFY, SEE_ALL
from exporter.model import Cause, ProbeError, State
from tests.db.holding import talking
from tests.db.viewing import client, ordinary, rows_of, seen
from tests.lab.fronts import PgBouncer
from tests.lab.routers import address
from tests.lab.site import Site
from tests.servers import Postgres
from tests.servers.database import USER
from tests.servers.postgres import GRANTS
from tests.waiting import wait_for

PLAIN = {"sslmode": "disable"}
STATEMENT = "LOG:  statement: "
COLUMNS = "SELECT attname FROM pg_attribute WHERE attrelid = 'pg_stat_database'::regclass AND attnum > 0"
OF_THE_SESSION = {
    ("application_name", "conndrop-exporter", None, "string"),
    ("application_name", "", None, "string"),
}


def test_an_account_without_privileges(server: Postgres) -> None:
    """What it lacks is named, and the rest goes on; what is named for it is what helps."""
    url = server.url(PLAIN, user="bare")
    with talking(url) as session, client(server, application_name="till") as till:
        rows_of(till, "SELECT 1")
        wait_for(lambda: seen(session).accounts == {"bare": 1, "postgres": 1})
        view = seen(session)
        assert view.missing == (SEE_ALL.of("bare"),)
        assert (view.connections[State.HIDDEN], view.connections[State.ACTIVE]) == (1, 1)
        assert view.applications == {"conndrop-exporter": 1, "till": 1}
        assert view.oldest_transaction is view.oldest_idle_in_transaction is view.lock_waiters is None
        with talking(server.url()) as privileged:
            known = seen(privileged)
        for field in ("identity", "started", "most", "reserved", "settings", "values", "address"):
            assert getattr(view, field) == getattr(known, field)
        assert view.counters.keys() == known.counters.keys()
        server.admin(view.missing[0].grant)
        try:
            view = seen(session)
            assert view.missing == ()
            assert view.connections[State.IDLE_IN_TRANSACTION] == 1
            assert (view.oldest_transaction or 0) > 0
        finally:
            server.admin("REVOKE pg_read_all_stats FROM bare")


def test_the_grants_are_those_that_are_named(server: Postgres) -> None:
    """They are given as people would give them: with psql, to the very account."""
    login = ("-h", str(server.directory), "-p", str(server.port), "-U", "postgres", "-d", "postgres")
    server.run(str(server.programs / "psql"), *login, "-v", "ON_ERROR_STOP=1", "-f", str(GRANTS))
    try:
        assert server.admin("SELECT pg_has_role('conndrop', 'pg_read_all_stats', 'USAGE')") == [(True,)]
        assert SEE_ALL.grant % "conndrop" in GRANTS.read_text()
    finally:
        server.admin("DROP ROLE conndrop")


def test_an_identity_that_is_not_for_everybody(server: Postgres) -> None:
    with talking(server.url()) as session, client(server) as chief:
        chief.autocommit = True
        rows_of(chief, "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
        try:
            before = server.log.read_text().count("ERROR")
            view = seen(session)
            assert (view.identity, view.missing) == ("", (IDENTIFY.of(USER),))
            assert server.log.read_text().count("ERROR") == before
            rows_of(chief, view.missing[0].grant)
            view = seen(session)
            assert view.identity
            assert view.missing == ()
        finally:
            rows_of(chief, f"REVOKE EXECUTE ON FUNCTION pg_control_system() FROM {USER}")
            rows_of(chief, "GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC")


def test_no_more_queries_than_need_be(server: Postgres) -> None:
    server.admin(f"ALTER ROLE {USER} SET log_statement = 'all'")
    try:
        with talking(server.url()) as session:
            before = server.log.read_text().count(STATEMENT)
            seen(session, tables=True)
            assert server.log.read_text().count(STATEMENT) - before == 2
    finally:
        server.admin(f"ALTER ROLE {USER} RESET log_statement")


def test_a_few_statements_are_all_there_are(server: Postgres) -> None:
    """Each that is spelt in another way would take a place in pg_stat_statements from somebody else's."""
    server.admin(f"ALTER ROLE {USER} SET log_statement = 'all'")
    try:
        with talking(server.url()) as session:
            begun = server.log.stat().st_size
            for _ in range(9):
                seen(session)
            said = server.log.read_bytes()[begun:].decode()
            assert len(set(re.findall(r"SET LOCAL statement_timeout = \d+", said))) == 1
    finally:
        server.admin(f"ALTER ROLE {USER} RESET log_statement")


@pytest.mark.parametrize("encoding", ["UTF8", "LATIN1", "SQL_ASCII"])
def test_names_in_whatever_encoding(server: Postgres, encoding: str) -> None:
    """Those of accounts are the whole server's: it keeps the bytes that came in one of its databases."""
    server.admin(f"CREATE DATABASE other TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'")
    try:
        with contextlib.closing(server.connect(dbname="other")) as chief:
            chief.set_client_encoding(encoding if encoding != "SQL_ASCII" else "LATIN1")
            rows_of(chief, 'CREATE ROLE "käse" LOGIN CONNECTION LIMIT 3')
            for database in ("shop", "other"):
                with talking(server.url(database=database)) as session:
                    names = [limit.name for limit in seen(session).limits if limit.most == 3]
                    assert [name[0] + name[-2:] for name in names] == ["kse"]
                    if (encoding, database) in {("UTF8", "shop"), ("UTF8", "other"), ("LATIN1", "other")}:
                        assert names == ["käse"]
            rows_of(chief, 'DROP ROLE "käse"')
    finally:
        server.admin("DROP DATABASE other WITH (FORCE)")


def test_a_server_that_takes_too_long(server: Postgres) -> None:
    """It gives up by itself, before we do, and the session can be used again."""
    with talking(server.url()) as session, client(server) as chief:
        rows_of(chief, "LOCK TABLE pg_database IN ACCESS EXCLUSIVE MODE")
        session.renew(0.5)
        with pytest.raises(ProbeError) as raised:
            session.view(tables=False)
        assert (raised.value.cause, raised.value.code) == (Cause.SERVER_SLOW_QUERY, "57014")
        chief.rollback()
        assert seen(session).version


def test_rows_for_the_names_of_another_exporter(server: Postgres) -> None:
    """They are those of the server's own views, as a session of the same account sees them."""
    server.admin(f"ALTER ROLE {USER} CONNECTION LIMIT 9")
    try:
        with talking(server.url()) as session, client(server), ordinary(server) as other:
            wait_for(lambda: sum(seen(session).connections.values()) == 3)
            tables = seen(session, tables=True).tables
            for name, sql in (
                ("pg_static", "SELECT version()"),
                ("pg_settings", "SELECT name, setting, unit, vartype FROM pg_settings"),
                ("pg_roles", "SELECT rolname, rolconnlimit FROM pg_roles"),
                ("pg_database", "SELECT datname, datconnlimit FROM pg_database"),
            ):
                theirs = set(rows_of(other, sql))
                assert {tuple(row.values()) for row in tables[name]} ^ theirs <= OF_THE_SESSION
            columns = [name for (name,) in rows_of(other, COLUMNS)]
            assert all(set(row) == set(columns) for row in tables["pg_stat_database"])
            listed = {(row["datid"], row["datname"]) for row in tables["pg_stat_database"]}
            assert listed == set(rows_of(other, "SELECT datid::text, datname FROM pg_stat_database"))
            activity = "SELECT datname, state, count(*) FROM pg_stat_activity WHERE datname = 'shop'"
            told = [
                (row["datname"], row["state"], row["count"])
                for row in tables["pg_stat_activity"]
                if row["usename"] == "postgres" and row["datname"]
            ]
            assert told == rows_of(other, f"{activity} AND usename = 'postgres' GROUP BY 1, 2")
    finally:
        server.admin(f"ALTER ROLE {USER} CONNECTION LIMIT -1")


def test_behind_a_pooler(site: Site) -> None:
    """Each query may come to another session of the server: none leaves anything behind there."""
    database = site.databases["postgresql"]
    assert isinstance(database, Postgres)
    ((begun,),) = database.admin("SELECT now()::text")  # what a test before has left there is not of this one
    with contextlib.ExitStack() as stack:
        front = stack.enter_context(PgBouncer(site, database, pooling="transaction"))
        stack.enter_context(site.client.entered())
        session = stack.enter_context(talking(database.url(PLAIN, host=front.host, port=front.port)))
        view = seen(session, tables=True)
        assert view.identity
        assert view.missing == ()
        assert view.settings["statement_timeout"] == 0
        assert view.address == address(1, 1, 4)
        ours = f"SELECT count(*) FROM pg_stat_activity WHERE usename = '{USER}' AND backend_start > '{begun}'"
        assert database.admin(ours) == [(1,)]
