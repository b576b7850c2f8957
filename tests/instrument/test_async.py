"""Asynchronous engines: a driver that lets errors of asyncio and of its own through, which nobody wraps."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asyncpg import PostgresError
from prometheus_client import CollectorRegistry
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from exporter.instrument import instrument, retrying
from tests.instrument.engines import errors, told, url
from tests.servers import Postgres
from tests.servers.database import PASSWORD, free_port

ASKED = text("SELECT pg_backend_pid()")


@asynccontextmanager
async def shop(
    server: Postgres, registry: CollectorRegistry, *, password: str = PASSWORD, port: int = 0, **settings: Any
) -> AsyncIterator[AsyncEngine]:
    """Give an engine that is instrumented."""
    where = url(server, "postgresql+asyncpg", password=password).set(port=port or server.port)
    engine = create_async_engine(where, connect_args={"ssl": False, "timeout": 3}, **settings)
    instrument(engine, "orders", registry)
    yield engine
    await engine.dispose()


async def use(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(ASKED)).scalar_one())


def test_a_connection_that_was_ended_while_it_rested(postgres: Postgres, registry: CollectorRegistry) -> None:
    async def run() -> None:
        async with shop(postgres, registry) as engine:
            postgres.kill(await use(engine))
            with pytest.raises(DBAPIError):
                await use(engine)
            assert told(registry, "invalidations_total", reason="stale") == 1
            postgres.kill(await use(engine))
            assert await retrying(deadline=10)(use)(engine)

    asyncio.run(run())
    assert sum(errors(registry).values()) == 2
    assert told(registry, "retries_total", target="orders") == 1
    assert told(registry, "connects_total") == told(registry, "disconnects_total") == 3


def test_attempts_of_a_session_one_after_another(postgres: Postgres, registry: CollectorRegistry) -> None:
    async def run() -> int:
        attempts = 0
        async with shop(postgres, registry) as engine:
            async for attempt in retrying(deadline=10):
                with attempt:
                    attempts += 1
                    async with AsyncSession(engine) as session, session.begin():
                        number = (await session.execute(ASKED)).scalar_one()
                        if attempts == 1:
                            postgres.kill(number)
                        await session.execute(ASKED)
        return attempts

    assert asyncio.run(run()) == 2
    assert told(registry, "retries_total") == 1


def test_a_commit_whose_answer_was_lost_is_not_done_over(
    postgres: Postgres, registry: CollectorRegistry
) -> None:
    attempts = 0

    async def pay(engine: AsyncEngine) -> None:
        nonlocal attempts
        attempts += 1
        async with AsyncSession(engine) as session, session.begin():
            postgres.kill((await session.execute(ASKED)).scalar_one())

    async def run() -> None:
        async with shop(postgres, registry) as engine:
            with pytest.raises(DBAPIError):
                await retrying(deadline=10)(pay)(engine)

    asyncio.run(run())
    assert attempts == 1


@pytest.mark.parametrize(
    ("wrong", "cause", "tries"),
    [({"password": "wrong"}, "auth.credentials", 1), ({"port": 0}, "server.down", 2)],
)
def test_a_login_that_fails_is_counted_once_though_nobody_wraps_the_error(
    postgres: Postgres, registry: CollectorRegistry, wrong: dict[str, Any], cause: str, tries: int
) -> None:
    if "port" in wrong:
        wrong = {"port": free_port()}

    async def run() -> None:
        async with shop(postgres, registry, **wrong) as engine:
            with pytest.raises((DBAPIError, PostgresError, OSError)):  # before SQLAlchemy 2.1 as they are
                await retrying(attempts=2)(use)(engine)

    asyncio.run(run())
    assert errors(registry) == {cause: tries}


def test_a_pool_that_has_none_left(postgres: Postgres, registry: CollectorRegistry) -> None:
    async def run() -> None:
        async with (
            shop(postgres, registry, pool_size=1, max_overflow=0, pool_timeout=0.05) as engine,
            engine.connect(),
        ):
            with pytest.raises(PoolTimeout):
                await use(engine)

    asyncio.run(run())
    assert errors(registry) == {"client.pool_exhausted": 1}


def test_who_is_cancelled_has_met_no_error(postgres: Postgres, registry: CollectorRegistry) -> None:
    async def run() -> None:
        async with shop(postgres, registry) as engine:
            await use(engine)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1), engine.connect() as connection:
                    await connection.execute(text("SELECT pg_sleep(5)"))

    asyncio.run(run())
    assert errors(registry) == {}
    assert told(registry, "invalidations_total") == 0
    assert told(registry, "pool_connections", state="checked_out") == 0


def test_connections_chosen_at_once_are_told_apart(postgres: Postgres, registry: CollectorRegistry) -> None:
    """One that is closed while another task waits for its own was not replaced for that one."""

    async def run() -> None:
        async with shop(postgres, registry, pool_size=1, max_overflow=9) as engine:
            await asyncio.gather(*(use(engine) for _ in range(8)))

    asyncio.run(run())
    assert told(registry, "invalidations_total") == 0
    assert told(registry, "checkout_seconds_count") == 8
