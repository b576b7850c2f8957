"""Looking at a real PostgreSQL with its own view of itself, and with its own tools."""

import contextlib
from collections.abc import Iterator
from typing import Any

import psycopg2

from exporter.db.dialect import Session
from exporter.model import ServerView
from tests.servers import Postgres
from tests.servers.database import PASSWORD, USER


def seen(session: Session, *, tables: bool = False) -> ServerView:
    """Look once more over a session that is kept."""
    session.renew(10.0)
    return session.view(tables=tables)


@contextlib.contextmanager
def client(server: Postgres, **settings: str) -> Iterator[Any]:
    """Open a superuser's connection, as an application would: each query begins a transaction."""
    with contextlib.closing(server.connect(dbname="shop", **settings)) as connection:
        connection.autocommit = False
        yield connection


@contextlib.contextmanager
def ordinary(server: Postgres, user: str = USER, **settings: str) -> Iterator[Any]:
    """Open a connection of an account without privileges, over TCP."""
    login: dict[str, Any] = {"user": user, "password": PASSWORD, "dbname": "shop"} | settings
    connection = psycopg2.connect(host="127.0.0.1", port=server.port, **login)
    connection.autocommit = True
    with contextlib.closing(connection):
        yield connection


def rows_of(connection: Any, sql: str) -> list[tuple[Any, ...]]:
    """Ask over a connection."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        rows: list[tuple[Any, ...]] = cursor.fetchall() if cursor.description else []
        return rows


def number(server: Postgres, sql: str) -> float:
    """Ask the superuser for one number."""
    ((value,),) = server.admin(sql)
    return float(str(value))


def others(server: Postgres) -> bool:
    """Whether anybody is there beside the superuser who asks."""
    clients = "FROM pg_stat_activity WHERE backend_type = 'client backend'"
    return number(server, f"SELECT count(*) {clients}") > 1
