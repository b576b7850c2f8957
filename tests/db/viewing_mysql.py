"""Looking at MariaDB and MySQL over a session that is kept, while others are at work there."""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import pymysql
import pytest

from exporter.db.dialect import Session
from exporter.model import Counted, ServerView
from tests.db.holding import SECONDS, opened
from tests.servers import Database
from tests.servers.database import PASSWORD
from tests.servers.mysql import MysqlFamily
from tests.waiting import wait_for

BOTH = pytest.mark.parametrize("database", ["mariadb", "mysql"], indirect=True)
HERE = "127.0.0.1"
OTHER = "somebody"


@pytest.fixture
def server(database: Database) -> MysqlFamily:
    assert isinstance(database, MysqlFamily)
    return database


@pytest.fixture
def session(server: MysqlFamily) -> Iterator[Session]:
    """Keep a session of ours, beside which there is none."""
    wait_for(lambda: not server.numbers())
    kept = opened(server.url())
    yield kept
    kept.abandon()
    wait_for(lambda: not server.numbers())


@pytest.fixture
def somebody(server: MysqlFamily) -> Iterator[str]:
    """Have another account."""
    server.admin(f"CREATE USER {OTHER} IDENTIFIED BY '{PASSWORD}'")
    server.admin(f"GRANT ALL ON shop.* TO {OTHER}")
    yield OTHER
    server.admin(f"DROP USER {OTHER}")


def look(session: Session, *, tables: bool = False) -> ServerView:
    """Look once more over a session that is kept."""
    session.renew(SECONDS)
    return session.view(tables=tables)


def turns_out(condition: Callable[[], object]) -> None:
    """Wait for what transactions do: the server looks at them anew only after a pause of 0.1 s."""

    def after_a_pause() -> object:
        time.sleep(0.15)
        return condition()

    wait_for(after_a_pause)


def logged_in(server: MysqlFamily, user: str = OTHER, password: str = PASSWORD, **settings: Any) -> Any:
    """Log in as an application does."""
    return pymysql.connect(host=HERE, port=server.port, user=user, password=password, **settings)


def ask(connection: Any, *commands: str) -> None:
    with connection.cursor() as cursor:
        for sql in commands:
            cursor.execute(sql)


def works(connection: Any) -> None:
    """Be at work until somebody ends it, which not every server calls an error."""
    with contextlib.suppress(pymysql.err.OperationalError):
        ask(connection, "SELECT sleep(60)")


def status(server: MysqlFamily) -> dict[str, str]:
    return {str(name).lower(): str(value) for name, value in server.admin("SHOW GLOBAL STATUS")}


def variables(server: MysqlFamily) -> dict[str, str]:
    return {str(name).lower(): str(value) for name, value in server.admin("SHOW GLOBAL VARIABLES")}


def counters(view: ServerView) -> dict[Counted, int]:
    return dict(view.counters[""])


def moved(before: ServerView, after: ServerView, *names: Counted) -> dict[Counted, int]:
    return {name: counters(after)[name] - counters(before)[name] for name in names}
