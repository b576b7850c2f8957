"""What the tests of the application's side share."""

import contextlib
from collections.abc import Callable, Iterator

import pytest
from prometheus_client import CollectorRegistry

from tests.servers import Database
from tests.servers.database import USER

HOST = "127.0.0.1"


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture(scope="session", params=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest, servers: Callable[[str], Database]) -> Iterator[Database]:
    """Give each of the databases in turn, with a table that the application may write."""
    found = servers(request.param)
    with _tables(found):
        yield found


@contextlib.contextmanager
def _tables(server: Database) -> Iterator[None]:
    postgres = server.name == "postgresql"
    account, table = (USER, "receipts") if postgres else (f"'{USER}'@'{HOST}'", "shop.receipts")
    _run(server, f"CREATE TABLE {table} (id INT PRIMARY KEY, amount INT NOT NULL)")
    _run(server, f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {account}")
    try:
        yield
    finally:
        if not postgres:
            _run(server, f"REVOKE ALL ON {table} FROM {account}")
        _run(server, f"DROP TABLE {table}")


def _run(server: Database, sql: str) -> None:
    words = {"dbname": "shop"} if server.name == "postgresql" else {}
    with contextlib.closing(server.connect(**words)) as connection, connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.fixture
def receipts(server: Database) -> Database:
    """Give the server with the table empty."""
    _run(server, f"DELETE FROM {'receipts' if server.name == 'postgresql' else 'shop.receipts'}")
    return server
