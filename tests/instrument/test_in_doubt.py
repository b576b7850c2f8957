"""Commits that SQLAlchemy's own event does not tell of: none of them is done twice."""

import asyncio
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from exporter.instrument import instrument, retrying
from tests.instrument.engines import engine, errors
from tests.instrument.test_again import number
from tests.instrument.test_async import shop as asynchronous
from tests.servers import Database, MariaDb, Postgres


def attempts(server: Database, shop: Engine, sql: str = "") -> int:
    """Count attempts of a transaction whose connection is lost before its last statement, or its commit."""
    made = 0

    @retrying(attempts=2)
    def pay() -> None:
        nonlocal made
        made += 1
        with Session(shop) as session, session.begin():
            server.kill(number(session, server))
            if sql:
                session.execute(text(sql))

    with pytest.raises(DBAPIError):
        pay()
    shop.dispose()
    return made


@pytest.mark.parametrize("watched", [True, False])
def test_the_second_phase_of_two(servers: Any, registry: CollectorRegistry, *, watched: bool) -> None:
    server = servers("mariadb")
    assert isinstance(server, MariaDb)
    shop = engine(server)
    if watched:
        instrument(shop, "orders", registry)
    made = 0

    @retrying(attempts=2)
    def pay() -> None:
        nonlocal made
        made += 1
        with shop.connect() as connection, connection.begin_twophase() as phases:
            known = connection.execute(text("SELECT connection_id()")).scalar_one()
            phases.prepare()
            server.kill(known)

    with pytest.raises(DBAPIError):
        pay()
    shop.dispose()
    assert made == 1


@pytest.mark.parametrize("watched", [True, False])
def test_a_commit_in_sql(server: Database, registry: CollectorRegistry, *, watched: bool) -> None:
    shop = engine(server)
    if watched:
        instrument(shop, "orders", registry)
    assert attempts(server, shop, sql="\n commit") == 1


def test_an_engine_that_was_watched_by_what_its_options_give(
    server: Database, registry: CollectorRegistry
) -> None:
    shop = engine(server)
    instrument(shop.execution_options(stream_results=False), "orders", registry)
    assert attempts(server, shop) == 1


def test_a_driver_that_commits_each_statement(server: Database, registry: CollectorRegistry) -> None:
    if server.name == "postgresql":
        shop = engine(server)
        event.listen(shop, "connect", lambda connection, _: setattr(connection, "autocommit", True))
    else:
        shop = engine(server, connect_args={"autocommit": True})
    instrument(shop, "orders", registry)
    assert attempts(server, shop, sql="SELECT 1") == 1


def test_a_value_that_the_driver_refuses_is_no_trouble_of_the_networks(
    postgres: Postgres, registry: CollectorRegistry
) -> None:
    made = 0

    @retrying(attempts=2)
    async def find(shop: Any) -> None:
        nonlocal made
        made += 1
        async with shop.connect() as connection:
            await connection.execute(text("SELECT CAST(:n AS INT)"), {"n": "Connection reset by peer"})

    async def run() -> None:
        async with asynchronous(postgres, registry) as shop:
            with pytest.raises(DBAPIError):
                await find(shop)

    asyncio.run(run())
    assert made == 1
    assert errors(registry) == {}
