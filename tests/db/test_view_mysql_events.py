"""What MariaDB and MySQL say when something happens: ends, refusals, limits, restarts."""

import contextlib
import socket
import time
from collections.abc import Callable
from typing import Any

import pymysql
import pytest

from exporter.db.dialect import Session
from exporter.model import Counted, Limit, ProbeError, Scope, ServerView
from tests.db.holding import opened
from tests.db.viewing_mysql import (
    BOTH,
    HERE,
    ask,
    counters,
    logged_in,
    look,
    moved,
    server,
    session,
    somebody,
    status,
)
from tests.servers.database import USER
from tests.servers.mysql import MysqlFamily
from tests.waiting import wait_for

pytestmark = BOTH
__all__ = ["server", "session", "somebody"]


def kills(server: MysqlFamily, connection: Any) -> None:
    server.kill(connection.thread_id())


def vanishes(_: MysqlFamily, connection: Any) -> None:
    connection._force_close()


@pytest.mark.parametrize("end", [kills, vanishes])
def test_a_client_that_goes_without_a_word(
    server: MysqlFamily, session: Session, somebody: str, end: Callable[[MysqlFamily, Any], None]
) -> None:
    before = look(session)
    one = logged_in(server, somebody)
    end(server, one)
    expected = {Counted.ABORTED_CLIENTS: 1, Counted.ABORTED_CONNECTS: 0}
    wait_for(lambda: moved(before, look(session), *expected) == expected)
    assert counters(look(session))[Counted.ABORTED_CLIENTS] == int(status(server)["aborted_clients"])
    one._force_close()


def test_a_wrong_password(server: MysqlFamily, session: Session, somebody: str) -> None:
    before = look(session)
    with pytest.raises(pymysql.err.OperationalError):
        logged_in(server, somebody, "wrong")
    expected = {Counted.ABORTED_CONNECTS: 1, Counted.ABORTED_CLIENTS: 0}
    if server.name == "mariadb":
        expected |= {Counted.ACCESS_DENIED: 1, Counted.ABORTED_CONNECTS_PREAUTH: 0}
    wait_for(lambda: moved(before, look(session), *expected) == expected)


def test_a_client_that_goes_before_it_logs_in(server: MysqlFamily, session: Session) -> None:
    before = look(session)
    with socket.create_connection((HERE, server.port)) as sock:
        sock.recv(1000)
    expected = {Counted.ABORTED_CONNECTS: 1, Counted.CONNECTIONS_OPENED: 1}
    if server.name == "mariadb":
        expected |= {Counted.ABORTED_CONNECTS_PREAUTH: 1}
    wait_for(lambda: moved(before, look(session), *expected) == expected)


def test_load(server: MysqlFamily, session: Session, somebody: str) -> None:
    """Statements that commit themselves are transactions, too."""
    server.admin("CREATE TABLE shop.goods (number int PRIMARY KEY) ENGINE=InnoDB")
    try:
        with contextlib.closing(logged_in(server, somebody, autocommit=True)) as one:
            before = look(session)
            ask(one, *["SELECT * FROM shop.goods"] * 50)
            after = look(session)
        grown = moved(before, after, Counted.TRANSACTIONS, Counted.QUERIES, Counted.BUFFER_REQUESTS)
        assert grown[Counted.TRANSACTIONS] >= 50
        assert grown[Counted.QUERIES] >= 50
        assert grown[Counted.BUFFER_REQUESTS] >= 50
    finally:
        server.admin("DROP TABLE shop.goods")


def test_a_full_server_goes_on_telling(server: MysqlFamily, session: Session, somebody: str) -> None:
    """Those it turns away count as errors of its own, in MySQL also by their reason."""
    before = look(session)
    with server.full():
        full = look(session)
        with pytest.raises(pymysql.err.OperationalError, match="1040"):
            logged_in(server, somebody)
        (limit,) = [limit for limit in full.limits if limit.scope is Scope.SERVER]
        assert limit.connections >= limit.most == full.most
        wait_for(lambda: turned_away(server, look(session)) > turned_away(server, before))
        assert {reason: str(count) for reason, count in look(session).errors.items()} == {
            name.removeprefix("connection_errors_"): value
            for name, value in status(server).items()
            if name.startswith("connection_errors_")
        }
    assert (full.high_water or 0) >= limit.connections


def turned_away(server: MysqlFamily, view: ServerView) -> int:
    """Count them where each server does (MariaDB 10.11 leaves its errors by reason alone)."""
    if server.name == "mariadb":
        return counters(view)[Counted.ABORTED_CONNECTS]
    return view.errors["max_connections"]


def test_the_limit_of_our_account(server: MysqlFamily) -> None:
    account = f"'{USER}'@'{HERE}'"
    wait_for(lambda: not server.numbers())
    server.admin(f"ALTER USER {account} WITH MAX_USER_CONNECTIONS 2")
    try:
        one, two = opened(server.url()), opened(server.url())
        try:
            with pytest.raises(ProbeError) as refused:
                opened(server.url())
            assert refused.value.code == "1226"
            (limit,) = [limit for limit in look(one).limits if limit.scope is Scope.ACCOUNT]
            assert limit == Limit(scope=Scope.ACCOUNT, name=USER, connections=2, most=2, ours=True)
        finally:
            one.abandon()
            two.abandon()
    finally:
        server.admin(f"ALTER USER {account} WITH MAX_USER_CONNECTIONS 0")


def test_counters_that_are_flushed_fall(server: MysqlFamily, session: Session, somebody: str) -> None:
    """By what is set back to nothing, we agree with the server."""
    with pytest.raises(pymysql.err.OperationalError):
        logged_in(server, somebody, "wrong")
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(contextlib.closing(logged_in(server, somebody)))
        before = look(session)
    wait_for(lambda: look(session).accounts == {USER: 1})
    server.admin("FLUSH STATUS")
    after, said = look(session), status(server)
    assert counters(after)[Counted.ABORTED_CONNECTS] == int(said["aborted_connects"])
    fallen = counters(after)[Counted.ABORTED_CONNECTS] < counters(before)[Counted.ABORTED_CONNECTS]
    assert fallen == (server.name == "mariadb"), "MySQL keeps it"
    assert (after.high_water or 0) < (before.high_water or 0)
    assert after.started == pytest.approx(before.started, abs=2.1)


def test_read_only(server: MysqlFamily, session: Session) -> None:
    with server.limited("read_only", 1):
        assert look(session).read_only
    assert look(session).read_only is False


def test_a_restart(server: MysqlFamily) -> None:
    first = opened(server.url())
    before = look(first)
    server.halt()
    with pytest.raises(ProbeError):
        look(first)
    first.abandon()
    time.sleep(max(0.0, 3 - (time.time() - (before.started or 0))))
    server.start()
    with contextlib.closing(opened(server.url())) as second:
        after = look(second)
    assert (after.started or 0) > (before.started or 0) + 1
    assert after.identity == before.identity
    assert counters(after)[Counted.CONNECTIONS_OPENED] < counters(before)[Counted.CONNECTIONS_OPENED]
