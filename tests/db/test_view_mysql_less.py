"""What MariaDB and MySQL still say without a privilege, or performance_schema; and who is blocked."""

import contextlib
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pymysql
import pytest

from exporter.db.mysql import questions
from exporter.model import Cause, Counted, Limit, ProbeError, Scope, ServerView, State
from tests.conftest import SERVERS, started
from tests.db.holding import opened
from tests.db.viewing_mysql import BOTH, HERE, logged_in, look
from tests.networks import needs_namespaces
from tests.servers import Certificates, Database
from tests.servers.database import PASSWORD, USER
from tests.servers.mysql import MysqlFamily
from tests.test_tls_goodbye import ADDRESS, NAME, counting, in_the_network
from tests.waiting import wait_for

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
        assert seen.missing == (questions.PROCESS.of(ACCOUNT),)
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
        assert seen.missing == (needed.of(ACCOUNT),)
        assert (seen.replica, seen.replication_lag) == (None, None)
        assert State.ACTIVE in seen.connections


@BOTH
def test_without_the_applications(database: Database) -> None:
    with without(family(database), questions.ATTRIBUTES.grant) as seen:
        assert seen.missing == (questions.ATTRIBUTES.of(ACCOUNT),)
        assert seen.applications == {}
        assert seen.accounts


@BOTH
def test_what_grants_can_be_copied(database: Database) -> None:
    """The next session has been granted all of it, whatever the account is called."""
    server = family(database)
    server.admin(f"CREATE USER 'o''brien'@'{HERE}' IDENTIFIED BY '{PASSWORD}'")
    url = server.url(user="o'brien", database="")
    try:
        with contextlib.closing(opened(url)) as session:
            for missing in look(session).missing:
                server.admin(missing.grant)
        with contextlib.closing(opened(url)) as session:
            assert look(session).missing == ()
    finally:
        server.admin(f"DROP USER 'o''brien'@'{HERE}'")


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
        assert {State.ACTIVE: 1, State.IDLE: 3, State.LOGIN: 0}.items() <= seen.connections.items()
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
                assert seen.missing == (questions.HOST_CACHE.of(f"'{USER}'@'{NAME}'"),)
                assert (seen.host_errors, seen.hosts_blocked) == (None, None)
                server.admin("SET GLOBAL host_cache_size = 0")
                assert look(session).hosts_blocked is None

    in_the_network(inside, tmp_path / "hosts")


EMPTY = "TRUNCATE TABLE performance_schema.host_cache"


@needs_namespaces
@pytest.mark.parametrize("kind", ["mariadb", "mysql"])
def test_blocked_hosts_without_performance_schema(
    kind: str, certificates: Certificates, tmp_path: Path
) -> None:
    """Where nobody is told who is blocked, it is not said that nobody is."""

    def inside() -> None:
        with counting(kind, certificates, 1, "--performance-schema=OFF") as database:
            server = family(database)
            server.grant(f"'{USER}'@'{NAME}'")
            url = server.url(host=ADDRESS)
            with contextlib.closing(opened(url)) as session:
                break_off(server)
                with pytest.raises(ProbeError) as refused:
                    opened(url)
                assert refused.value.cause is Cause.SERVER_HOST_BLOCKED
                seen = look(session)
            told = (None, None) if kind == "mariadb" else (1, 1)
            assert ((seen.host_errors, seen.hosts_blocked), seen.missing) == (told, ())

    in_the_network(inside, tmp_path / "hosts")


def break_off(server: MysqlFamily) -> None:
    """Read the greeting and go; the server has counted it once it has closed its end, too."""
    where = (ADDRESS, server.port)
    with socket.create_connection(where, timeout=10, source_address=(ADDRESS, 0)) as sock:
        sock.recv(1000)
        sock.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            while sock.recv(1000):
                pass
