"""An engine that is instrumented, at real servers: what befalls its connections is counted and told."""

import logging
import subprocess
import threading
from functools import partial
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import Engine, NullPool, event, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from exporter.instrument import instrument
from tests.instrument.engines import engine, errors, told
from tests.servers import Database
from tests.servers.database import PASSWORD

SMALL: dict[str, Any] = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.1}


def use(engine: Engine, sql: str = "SELECT 1") -> Any:
    with engine.connect() as connection:
        return connection.execute(text(sql)).scalar_one()


def kill(server: Database, engine: Engine) -> None:
    """End all sessions that rest in an engine's pool, each by its number."""
    asked = "SELECT pg_backend_pid()" if server.name == "postgresql" else "SELECT connection_id()"
    with engine.connect() as connection:
        number = connection.execute(text(asked)).scalar_one()
    server.kill(int(number))


def test_a_connection_is_counted_from_its_opening_to_its_end(
    server: Database, registry: CollectorRegistry
) -> None:
    shop = engine(server)
    watched = instrument(shop, "orders", registry)
    with shop.connect():
        assert told(registry, "pool_connections", target="orders", state="checked_out") == 1
        assert told(registry, "pool_connections", target="orders", state="idle") == 0
    use(shop)
    assert watched.connections() == {"checked_out": 0, "idle": 1}
    assert told(registry, "connects_total", target="orders") == 1
    assert told(registry, "checkout_seconds_count", target="orders") == 2
    shop.dispose()
    assert told(registry, "disconnects_total", target="orders") == 1
    use(shop)
    assert told(registry, "connects_total") == 2, "the pool was made anew"
    assert told(registry, "checkout_seconds_count") == 3
    shop.dispose()
    assert told(registry, "disconnects_total") == 2
    assert errors(registry) == {}


def test_an_engine_is_instrumented_once_and_no_more_after_removal(
    server: Database, registry: CollectorRegistry
) -> None:
    shop = engine(server)
    watched = instrument(shop, "orders", registry)
    assert instrument(shop, "orders", registry) is watched
    assert instrument(shop.execution_options(isolation_level="AUTOCOMMIT"), "orders", registry) is watched
    use(shop)
    shop.dispose()
    watched.remove()
    watched.remove()
    use(shop)
    shop.dispose()
    assert told(registry, "connects_total") == told(registry, "disconnects_total") == 1
    assert told(registry, "checkout_seconds_count") == 1
    assert told(registry, "pool_connections") == 0
    again = instrument(shop, "orders", registry)
    assert again is not watched
    use(shop)
    shop.dispose()
    assert told(registry, "connects_total") == 2


def test_a_connection_that_was_ended_while_it_rested(
    server: Database, registry: CollectorRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    shop = engine(server)
    instrument(shop, "orders", registry)
    kill(server, shop)
    with caplog.at_level(logging.WARNING, "conndrop.app"), pytest.raises(OperationalError):
        use(shop)
    assert told(registry, "invalidations_total", reason="stale") == 1
    # MariaDB's KILL is silent, and nobody but its server could tell.
    cause = "server.session_killed" if server.name == "postgresql" else "unknown"
    assert errors(registry) == {cause: 1}
    assert told(registry, "errors_total", error="OperationalError", cause=cause) == 1
    error, invalidation = caplog.records
    assert error.getMessage().startswith(f"event=error target=orders cause={cause} error=OperationalError")
    assert error.__dict__["lost"] == "yes"
    assert invalidation.getMessage().startswith("event=invalidation target=orders reason=stale")
    assert use(shop) == 1
    shop.dispose()


def test_what_the_ping_finds_dead_is_no_error_of_the_application(
    server: Database, registry: CollectorRegistry
) -> None:
    shop = engine(server, pool_pre_ping=True)
    instrument(shop, "orders", registry)
    with shop.connect(), shop.connect():
        pass
    kill(server, shop)
    for _ in range(3):  # the one that is well, the dead one, and then the other is trusted no more
        use(shop)
    assert told(registry, "invalidations_total", reason="pre_ping") == 1
    assert told(registry, "invalidations_total", reason="pool") == 1
    assert told(registry, "invalidations_total") == 2
    assert errors(registry) == {}
    shop.dispose()


def test_a_connection_that_dies_in_use_was_not_stale(server: Database, registry: CollectorRegistry) -> None:
    shop = engine(server)
    instrument(shop, "orders", registry)
    use(shop)
    asked = "SELECT pg_backend_pid()" if server.name == "postgresql" else "SELECT connection_id()"
    with shop.connect() as connection:
        server.kill(int(connection.execute(text(asked)).scalar_one()))
        with pytest.raises(DBAPIError):
            connection.execute(text("SELECT 1"))
    assert told(registry, "invalidations_total") == 0
    assert sum(errors(registry).values()) == 1
    assert told(registry, "disconnects_total") == 1
    shop.dispose()


def test_a_connection_of_a_great_age_is_recycled(server: Database, registry: CollectorRegistry) -> None:
    shop = engine(server, pool_recycle=0)
    instrument(shop, "orders", registry)
    use(shop)
    replaced = told(registry, "disconnects_total")  # SQLAlchemy finds even a fresh one too old for 0 s
    use(shop)
    assert told(registry, "invalidations_total", reason="recycle") == replaced + 1
    assert told(registry, "invalidations_total") == told(registry, "disconnects_total")
    shop.dispose()


def test_a_pool_that_has_none_left_is_waited_for_and_counted(
    server: Database, registry: CollectorRegistry
) -> None:
    shop = engine(server, **SMALL)
    instrument(shop, "orders", registry)
    with shop.connect(), pytest.raises(PoolTimeout):
        shop.connect()
    assert told(registry, "errors_total", error="TimeoutError", cause="client.pool_exhausted") == 1
    assert told(registry, "checkout_seconds_count") == 2
    assert told(registry, "checkout_seconds_sum") >= 0.1
    shop.dispose()


def test_a_pool_that_keeps_nothing(server: Database, registry: CollectorRegistry) -> None:
    shop = engine(server, poolclass=NullPool)
    watched = instrument(shop, "orders", registry)
    with shop.connect(), shop.connect():
        assert watched.connections() == {"checked_out": 2, "idle": 0}
    assert watched.connections() == {"checked_out": 0, "idle": 0}
    assert told(registry, "connects_total") == told(registry, "disconnects_total") == 2


def test_a_connection_that_is_taken_away_from_the_pool(server: Database, registry: CollectorRegistry) -> None:
    shop = engine(server)
    watched = instrument(shop, "orders", registry)
    with shop.connect() as connection:
        connection.detach()
        assert watched.connections() == {"checked_out": 0, "idle": 0}
    assert told(registry, "disconnects_total") == 1
    shop.dispose()


def test_two_engines_at_one_database_are_added_up(server: Database, registry: CollectorRegistry) -> None:
    one, other = engine(server), engine(server)
    instrument(one, "orders", registry)
    instrument(other, "orders", registry)
    with one.connect(), other.connect():
        assert told(registry, "pool_connections", state="checked_out") == 2
    assert told(registry, "pool_connections", state="idle") == 2
    one.dispose()
    other.dispose()


def test_errors_of_statements_are_not_those_of_the_database(
    receipts: Database, registry: CollectorRegistry
) -> None:
    shop = engine(receipts)
    instrument(shop, "orders", registry)
    with pytest.raises(ProgrammingError):
        use(shop, "SELEKT 1")
    with Session(shop) as session, pytest.raises(IntegrityError):
        session.execute(text("INSERT INTO receipts VALUES (1, 1), (1, 1)"))
    assert errors(registry) == {}
    shop.dispose()


def test_a_wrong_password_is_told_without_it(
    server: Database, registry: CollectorRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    shop = engine(server, password="wr0ng-pass")
    instrument(shop, "orders", registry)
    with caplog.at_level(logging.DEBUG, "conndrop.app"), pytest.raises(OperationalError):
        use(shop)
    assert errors(registry) == {"auth.credentials": 1}
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "wr0ng-pass" not in str(record.__dict__)
    assert PASSWORD not in str(record.__dict__)


def test_no_word_of_a_statement_is_in_the_log(
    server: Database, registry: CollectorRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    shop = engine(server)
    instrument(shop, "orders", registry)
    with caplog.at_level(logging.DEBUG, "conndrop.app"):
        kill(server, shop)
        with pytest.raises(OperationalError), shop.connect() as connection:
            connection.execute(text("SELECT :secret AS mail"), {"secret": "ann@example.com"})
    assert caplog.records
    assert not [line for line in caplog.messages if "SELECT" in line or "example.com" in line]
    shop.dispose()


def test_threads_are_counted_each(server: Database, registry: CollectorRegistry) -> None:
    shop = engine(server, pool_size=4)
    watched = instrument(shop, "orders", registry)
    threads = [threading.Thread(target=lambda: [use(shop) for _ in range(25)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told(registry, "checkout_seconds_count") == 200
    opened, closed = told(registry, "connects_total"), told(registry, "disconnects_total")
    assert watched.connections() == {"checked_out": 0, "idle": opened - closed}
    shop.dispose()


def test_what_was_open_before_is_told_of_once_it_is_replaced(
    server: Database, registry: CollectorRegistry
) -> None:
    shop = engine(server)
    with shop.connect() as connection:
        watched = instrument(shop, "orders", registry)
        connection.execute(text("SELECT 1"))
        connection.commit()
    kill(server, shop)
    with pytest.raises(OperationalError):
        use(shop)
    assert told(registry, "connects_total") == told(registry, "invalidations_total") == 0
    assert sum(errors(registry).values()) == 1
    use(shop)
    assert told(registry, "connects_total") == 1
    assert watched.connections() == {"checked_out": 0, "idle": 1}
    shop.dispose()


def test_a_cursor_of_a_raw_connection_is_watched_too(server: Database, registry: CollectorRegistry) -> None:
    shop = engine(server)
    instrument(shop, "orders", registry)
    raw = shop.raw_connection()
    raw.close()
    assert told(registry, "checkout_seconds_count") == 1
    shop.dispose()


def test_somebody_elses_stand_in_is_left_alone(server: Database, registry: CollectorRegistry) -> None:
    shop = engine(server)
    watched = instrument(shop, "orders", registry)
    theirs = partial(shop.pool.connect)  # as libraries do that wrap what they measure
    vars(shop.pool)["connect"] = theirs
    watched.remove()
    assert vars(shop.pool)["connect"] is theirs
    assert use(shop) == 1
    shop.dispose()


def test_listeners_of_others_go_on(server: Database, registry: CollectorRegistry) -> None:
    shop, seen = engine(server), []
    event.listen(shop, "connect", lambda *_: seen.append("connect"))
    instrument(shop, "orders", registry).remove()
    use(shop)
    assert seen == ["connect"]
    shop.dispose()


def test_prometheus_finds_nothing_to_object_to(server: Database, registry: CollectorRegistry) -> None:
    shop = engine(server)
    instrument(shop, "orders", registry)
    use(shop)
    page = generate_latest(registry)
    subprocess.run(["promtool", "check", "metrics"], input=page, check=True, capture_output=True)
    shop.dispose()


@pytest.mark.parametrize(("wrong", "words"), [("url", "not str"), (Session(), "not Session")])
def test_what_is_no_engine_is_not_instrumented(wrong: Any, words: str, registry: CollectorRegistry) -> None:
    with pytest.raises(TypeError, match=words):
        instrument(wrong, "orders", registry)


def test_a_database_has_a_name(server: Database, registry: CollectorRegistry) -> None:
    with pytest.raises(ValueError, match="name of the database"):
        instrument(engine(server), "", registry)
