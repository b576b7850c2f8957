"""What works without the watch works with it, whatever is wrong with the log, the series, or the errors."""

import copy
import logging
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, String, TypeDecorator, bindparam, create_engine, select
from sqlalchemy.exc import DBAPIError, StatementError

from exporter.instrument import instrument, retrying
from tests.instrument.engines import engine, errors, told
from tests.instrument.test_engine import kill, use
from tests.servers import Database

GONE = """
import os, shutil, sys
from sqlalchemy import create_engine, text
from exporter.instrument import instrument

engine = create_engine("sqlite:///shop.db")
instrument(engine, "orders")
shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"])
child = os.fork()
with engine.connect() as connection:
    assert connection.execute(text("SELECT 1")).scalar_one() == 1
if child:
    sys.exit(os.waitpid(child, 0)[1])
"""


@pytest.fixture
def shop() -> Engine:
    return create_engine("sqlite://")


def test_an_error_can_be_sent_to_another_process_and_copied(
    server: Database, registry: CollectorRegistry
) -> None:
    shop = engine(server)
    instrument(shop, "orders", registry)
    kill(server, shop)
    with pytest.raises(DBAPIError) as raised:
        use(shop)
    for copied in (pickle.loads(pickle.dumps(raised.value)), copy.deepcopy(raised.value)):  # noqa: S301
        assert str(copied.orig) == str(raised.value.orig)
        assert retrying(attempts=2)(fails_once(copied))() == 2
    shop.dispose()


def fails_once(error: Exception) -> Callable[[], int]:
    """Give a function whose first call fails, and whose second tells that it is the second."""
    calls: list[int] = []

    def call() -> int:
        calls.append(1)
        if len(calls) == 1:
            raise error
        return len(calls)

    return call


def test_series_that_cannot_be_written_cost_no_connection(tmp_path: Path) -> None:
    series = tmp_path / "series"
    series.mkdir()
    words, environment = [sys.executable, "-c", GONE], os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(series)}
    ran = subprocess.run(
        words, check=False, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=30
    )
    assert ran.returncode == 0, ran.stderr
    assert "event=fault target=orders error=FileNotFoundError" in ran.stderr


def test_records_that_have_such_fields_already_are_left_as_they_are(
    shop: Engine, registry: CollectorRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    instrument(shop, "orders", registry)
    made = logging.getLogRecordFactory()

    def numbered(*words: Any, **more: Any) -> logging.LogRecord:
        record = made(*words, **more)
        record.event, record.pid = "theirs", 1
        return record

    logging.setLogRecordFactory(numbered)
    try:
        with caplog.at_level(logging.DEBUG, "conndrop.app"):
            assert use(shop) == 1
    finally:
        logging.setLogRecordFactory(made)
    assert caplog.messages[0].startswith("event=connect target=orders")


def test_a_handler_that_writes_to_the_same_database_is_told_no_line_of_it(
    registry: CollectorRegistry, tmp_path: Path
) -> None:
    shop, lines = create_engine(f"sqlite:///{tmp_path}/missing/shop.db"), []

    class Handler(logging.Handler):
        """Writes to the database, and lets its errors out."""

        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())
            use(shop)

    log = logging.getLogger("shop")
    handler = Handler()
    log.addHandler(handler)
    instrument(shop, "orders", registry, log)
    with pytest.raises(DBAPIError, match="unable to open database file"):
        use(shop)
    log.removeHandler(handler)
    assert len(lines) == 1


def test_words_of_a_value_are_not_taken_for_the_networks(shop: Engine, registry: CollectorRegistry) -> None:
    attempts = 0

    class Picky(TypeDecorator[str]):
        """Refuses what a visitor has typed in."""

        impl, cache_ok = String, True

        def process_bind_param(self, value: Any, _: Any) -> str:
            raise ValueError(f"{value!r} is too long")

    @retrying(deadline=10)
    def find() -> None:
        nonlocal attempts
        attempts += 1
        with shop.connect() as connection:
            connection.execute(select(bindparam("name", type_=Picky)), {"name": "Connection reset by peer"})

    instrument(shop, "orders", registry)
    with pytest.raises(StatementError):
        find()
    assert attempts == 1
    assert errors(registry) == {}


def test_what_execution_options_give_is_the_same_engine(shop: Engine, registry: CollectorRegistry) -> None:
    watched = instrument(shop.execution_options(stream_results=True).execution_options(), "orders", registry)
    assert instrument(shop, "orders", registry) is watched
    shop.dispose()
    use(shop)
    assert told(registry, "checkout_seconds_count") == 1


def test_a_function_is_called_with_whatever_words_it_takes() -> None:
    @retrying()
    def give(fn: int, self: int) -> int:
        return fn + self

    assert give(fn=1, self=2) == 3


def test_an_error_whose_attributes_fail_is_raised_as_it_is() -> None:
    class Odd(Exception):
        """As those that compute what they tell."""

        @property
        def orig(self) -> Exception:
            raise KeyError("orig")

    @retrying()
    def fail() -> None:
        raise Odd

    with pytest.raises(Odd):
        fail()


def test_generators_are_refused() -> None:
    def rows() -> Any:
        yield 1

    async def later() -> Any:
        yield 1

    for function in (rows, later):
        with pytest.raises(TypeError, match=f"cannot take {function.__name__}, a generator"):
            retrying()(function)


def test_a_deadline_that_never_comes_is_refused() -> None:
    with pytest.raises(ValueError, match="wants a deadline"):
        retrying(deadline=float("nan"))
