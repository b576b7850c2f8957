"""When silent connections are kept alive: what is published is what the kernel does on an application's."""

import socket
from collections.abc import Mapping
from pathlib import Path

import psycopg2
import pymysql
import pytest

from exporter.config.address import read_url
from exporter.db import DIALECTS
from exporter.db.dialect import Opener
from exporter.exposition.own import Keepalives
from exporter.exposition.registry import new_registry
from exporter.net.keepalive import keepalive_time
from exporter.net.tcp_info import borrowed
from tests.servers import Database, Postgres

URL = "postgresql://u@db.example/d"


def opener(url: str) -> Opener:
    endpoint, dialect = read_url(url, None, DIALECTS)
    return dialect.prepare(endpoint)


def first(descriptor: int) -> float | None:
    """Ask the kernel when it sends the first keepalive on this connection."""
    with borrowed(descriptor) as sock:
        if not sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE):
            return None
        return float(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE))


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"keepalives": "0"},
        {"keepalives": "0", "keepalives_idle": "75"},
        {"keepalives": "2"},
        {"keepalives_idle": "75"},
    ],
    ids=str,
)
def test_libpq_does_what_we_say_of_it(postgres: Postgres, params: Mapping[str, str]) -> None:
    url = postgres.url({**postgres.plain, **params})
    connection = psycopg2.connect(url)
    try:
        assert opener(url).keepalive(keepalive_time()) == first(connection.fileno())
    finally:
        connection.close()


@pytest.mark.parametrize(
    "params", [{"keepalives": "on"}, {"keepalives_idle": "1m"}, {"keepalives_idle": "0"}], ids=str
)
def test_where_libpq_refuses_a_parameter_nothing_is_kept_alive(
    postgres: Postgres, params: Mapping[str, str]
) -> None:
    url = postgres.url({**postgres.plain, **params})
    with pytest.raises(psycopg2.OperationalError, match=r"(?i)keep_?(alives|idle)"):
        psycopg2.connect(url)
    assert opener(url).keepalive(7200.0) is None


@pytest.mark.parametrize("database", ["mariadb", "mysql"], indirect=True)
def test_pymysql_does_what_we_say_of_it(database: Database) -> None:
    endpoint, _ = read_url(url := database.url(database.plain), None, DIALECTS)
    assert endpoint.password
    connection = pymysql.connect(
        host=endpoint.host, port=endpoint.port, user=endpoint.user, password=endpoint.password.reveal()
    )
    try:
        assert opener(url).keepalive(keepalive_time()) == first(connection._sock.fileno())
    finally:
        connection.close()


def test_what_the_kernel_does_not_tell_nobody_knows(tmp_path: Path) -> None:
    assert keepalive_time(tmp_path / "nowhere") is None
    (garbled := tmp_path / "garbled").write_text("soon\n")
    assert keepalive_time(garbled) is None
    assert opener(URL).keepalive(None) is None
    assert opener(f"{URL}?keepalives_idle=60").keepalive(None) == 60
    assert opener("mysql://u@db.example/d").keepalive(None) is None


def test_the_kernel_is_asked_at_each_scrape() -> None:
    """Who follows the advice and lowers the sysctl sees it at once, and need not start anything anew."""
    registry, told = new_registry(), [7200.0]
    urls = {"orders": URL, "billing": f"{URL}?keepalives=0", "shop": f"{URL}?keepalives_idle=75"}
    Keepalives(
        lambda: {name: opener(url).keepalive for name, url in urls.items()}, registry, lambda: told[-1]
    )

    def published(target: str) -> float | None:
        return registry.get_sample_value("conndrop_keepalive_seconds", {"target": target})

    assert [published(name) for name in urls] == [7200, None, 75]
    told.append(60.0)
    assert [published(name) for name in urls] == [60, None, 75]
