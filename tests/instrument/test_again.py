"""What is worth trying again is tried again, and what is not is raised at once, at real servers."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from exporter.instrument import instrument, retrying
from exporter.instrument.policy import TRANSIENT
from exporter.model import Cause
from tests.instrument.engines import engine, errors, told
from tests.instrument.test_engine import kill, use
from tests.servers import Database
from tests.servers.database import free_port


class Base(DeclarativeBase):
    """The application's tables."""


class Receipt(Base):
    """A row."""

    __tablename__ = "receipts"
    id: Mapped[int] = mapped_column(primary_key=True)
    amount: Mapped[int]


@pytest.fixture
def shop(receipts: Database, registry: CollectorRegistry) -> Iterator[Engine]:
    made = engine(receipts)
    instrument(made, "orders", registry)
    yield made
    made.dispose()


def number(session: Session, server: Database) -> int:
    """Give the number that the server knows a session by."""
    asked = "SELECT pg_backend_pid()" if server.name == "postgresql" else "SELECT connection_id()"
    return int(session.execute(text(asked)).scalar_one())


def test_a_transaction_whose_connection_was_dead_is_done_over(
    receipts: Database, shop: Engine, registry: CollectorRegistry
) -> None:
    kill(receipts, shop)

    @retrying(deadline=10)
    def pay(amount: int) -> int:
        with Session(shop) as session, session.begin():
            session.add(Receipt(id=1, amount=amount))
        return amount

    assert pay(7) == 7
    assert use(shop, "SELECT amount FROM receipts") == 7
    cause = "server.session_killed" if receipts.name == "postgresql" else "unknown"
    assert told(registry, "retries_total", target="orders", cause=cause) == 1
    assert told(registry, "retries_total") == 1


def test_a_connection_that_dies_amid_a_transaction(
    receipts: Database, shop: Engine, registry: CollectorRegistry
) -> None:
    attempts = 0
    for attempt in retrying(deadline=10):
        with attempt, Session(shop) as session, session.begin():
            attempts += 1
            session.add(Receipt(id=attempts, amount=1))
            session.flush()
            if attempts == 1:
                receipts.kill(number(session, receipts))
            session.add(Receipt(id=attempts + 10, amount=1))
    assert attempts == 2
    assert use(shop, "SELECT min(id) FROM receipts") == 2, "nothing of the first attempt is left"
    assert told(registry, "retries_total") == 1


def test_a_commit_whose_answer_was_lost_is_not_done_over(
    receipts: Database, shop: Engine, registry: CollectorRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    attempts = 0

    def pay() -> None:
        nonlocal attempts
        attempts += 1
        with Session(shop) as session, session.begin():
            session.add(Receipt(id=attempts, amount=1))
            session.flush()
            if attempts == 1:
                receipts.kill(number(session, receipts))

    with pytest.raises(DBAPIError):
        retrying(deadline=10)(pay)()
    assert attempts == 1
    assert [record for record in caplog.records if record.__dict__.get("committed") == "unknown"]
    attempts = 0
    retrying(deadline=10, idempotent=True)(pay)()
    assert attempts == 2
    assert told(registry, "retries_total") == 1


@pytest.mark.parametrize("watched", ["never", "too late"])
def test_a_commit_on_a_connection_that_nobody_has_watched_is_in_doubt_too(
    receipts: Database, registry: CollectorRegistry, watched: str
) -> None:
    plain, attempts = engine(receipts), 0
    use(plain)
    if watched == "too late":
        instrument(plain, "orders", registry)

    @retrying(deadline=10)
    def pay() -> None:
        nonlocal attempts
        attempts += 1
        with Session(plain) as session, session.begin():
            receipts.kill(number(session, receipts))

    with pytest.raises(DBAPIError):
        pay()
    assert attempts == 1
    plain.dispose()


def test_each_statement_under_autocommit_is_in_doubt(receipts: Database, registry: CollectorRegistry) -> None:
    level = {"isolation_level": "AUTOCOMMIT"}
    for settings in (level, {"execution_options": level}):
        shop, attempts = engine(receipts, **settings), 0
        instrument(shop, "orders", registry)

        @retrying(deadline=10)
        def clear(shop: Engine) -> None:
            nonlocal attempts
            attempts += 1
            with Session(shop) as session:
                receipts.kill(number(session, receipts))
                session.execute(text("DELETE FROM receipts"))

        with pytest.raises(DBAPIError):
            clear(shop)
        assert attempts == 1
        shop.dispose()


def test_a_dead_connection_that_nobody_has_watched_is_replaced(receipts: Database) -> None:
    plain = engine(receipts)
    kill(receipts, plain)
    assert retrying(deadline=10)(use)(plain) == 1
    plain.dispose()


def test_who_loses_a_deadlock_comes_again(shop: Engine, registry: CollectorRegistry) -> None:
    with Session(shop) as session, session.begin():
        session.add_all([Receipt(id=1, amount=0), Receipt(id=2, amount=0)])
    met, failed = threading.Barrier(2), []

    def both(first: int, second: int) -> None:
        once = True
        for attempt in retrying(deadline=20):
            with attempt, Session(shop) as session, session.begin():
                session.execute(text(f"UPDATE receipts SET amount = amount + 1 WHERE id = {first}"))
                if once:
                    once = False
                    met.wait(10)
                session.execute(text(f"UPDATE receipts SET amount = amount + 1 WHERE id = {second}"))

    def run(first: int, second: int) -> None:
        try:
            both(first, second)
        except Exception as error:  # noqa: BLE001  whatever it is, the test is to show it
            failed.append(error)

    threads = [threading.Thread(target=run, args=way) for way in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failed == []
    assert use(shop, "SELECT sum(amount) FROM receipts") == 4
    assert told(registry, "retries_total", cause="unknown") >= 1
    assert set(errors(registry)) == {"unknown"}


def test_a_wrong_password_is_tried_once(server: Database, registry: CollectorRegistry) -> None:
    shop, attempts = engine(server, password="wrong"), 0
    instrument(shop, "orders", registry)

    @retrying(deadline=10)
    def ask() -> None:
        nonlocal attempts
        attempts += 1
        use(shop)

    with pytest.raises(OperationalError):
        ask()
    assert attempts == 1
    assert told(registry, "checkout_seconds_count") == 1
    assert told(registry, "retries_total") == 0


def test_errors_of_statements_are_raised_at_once(shop: Engine) -> None:
    attempts = 0

    @retrying(deadline=10)
    def pay_twice() -> None:
        nonlocal attempts
        attempts += 1
        with Session(shop) as session, session.begin():
            session.execute(text("INSERT INTO receipts VALUES (1, 1), (1, 1)"))

    with pytest.raises(IntegrityError):
        pay_twice()
    assert attempts == 1


def test_a_server_that_takes_no_writes_any_more_is_asked_anew(
    receipts: Database, shop: Engine, registry: CollectorRegistry
) -> None:
    with ReadOnly(receipts) as turned:
        use(shop)
        attempts = 0

        @retrying(deadline=10)
        def pay() -> None:
            nonlocal attempts
            attempts += 1
            if attempts == 2:
                turned.back()
            with Session(shop) as session, session.begin():
                session.add(Receipt(id=1, amount=attempts))

        pay()
    assert attempts == 2
    assert told(registry, "retries_total", cause="server.read_only") == 1
    assert told(registry, "connects_total") == 2, "the connection from before is trusted no more"
    assert told(registry, "invalidations_total", reason="pool") == 1


def test_a_server_that_takes_no_writes_is_not_asked_again_over_the_same_connection(
    receipts: Database,
) -> None:
    plain, attempts = engine(receipts), 0

    @retrying(deadline=10)
    def pay() -> None:
        nonlocal attempts
        attempts += 1
        with Session(plain) as session, session.begin():
            session.add(Receipt(id=1, amount=attempts))

    with ReadOnly(receipts), pytest.raises(DBAPIError):
        pay()
    assert attempts == 1
    plain.dispose()


class ReadOnly:
    """A server whose sessions take no writes, until `back`; what was open before stays so."""

    def __init__(self, server: Database) -> None:
        self._server = server

    def __enter__(self) -> "ReadOnly":
        self._set("on")
        return self

    def __exit__(self, *_: object) -> None:
        self.back()

    def back(self) -> None:
        """Take writes again."""
        self._set("off")

    def _set(self, value: str) -> None:
        if self._server.name == "postgresql":
            self._server.admin(f"ALTER ROLE probe SET default_transaction_read_only = {value}")
        else:
            self._server.admin(f"SET GLOBAL read_only = {value}")


def test_no_attempt_begins_beyond_the_deadline(
    server: Database, registry: CollectorRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    shop = engine(server, port=free_port())
    instrument(shop, "orders", registry)
    with pytest.raises(OperationalError):
        retrying(deadline=3)(use)(shop)
    pauses = [record.__dict__["seconds"] for record in caplog.records if record.__dict__["event"] == "retry"]
    assert 2 <= len(pauses) == told(registry, "retries_total", cause="server.down")
    assert sum(pauses) <= 3
    assert errors(registry) == {"server.down": len(pauses) + 1}


def test_no_more_attempts_than_allowed(server: Database, registry: CollectorRegistry) -> None:
    shop = engine(server, port=free_port())
    instrument(shop, "orders", registry)
    with pytest.raises(OperationalError):
        retrying(attempts=2)(use)(shop)
    assert errors(registry) == {"server.down": 2}


def test_causes_are_chosen(server: Database, registry: CollectorRegistry) -> None:
    shop = engine(server, port=free_port())
    instrument(shop, "orders", registry)
    with pytest.raises(OperationalError):
        retrying(attempts=2, on=TRANSIENT - {Cause.SERVER_DOWN})(use)(shop)
    assert errors(registry) == {"server.down": 1}


def test_retries_are_counted_for_a_name_of_ones_own(server: Database, registry: CollectorRegistry) -> None:
    shop = engine(server, port=free_port())
    with pytest.raises(OperationalError):
        retrying(attempts=2, target="reports", registry=registry)(use)(shop)
    assert told(registry, "retries_total", target="reports", cause="server.down") == 1


def test_a_pool_that_has_none_left_is_not_waited_for_twice(
    server: Database, registry: CollectorRegistry
) -> None:
    shop = engine(server, pool_size=1, max_overflow=0, pool_timeout=0.05)
    with shop.connect(), pytest.raises(PoolTimeout):
        retrying(attempts=3, registry=registry, target="orders")(shop.connect)()
    assert told(registry, "retries_total") == 0
    with shop.connect(), pytest.raises(PoolTimeout):
        retrying(attempts=3, on=["client.pool_exhausted"], registry=registry, target="orders")(shop.connect)()
    assert told(registry, "retries_total", cause="client.pool_exhausted") == 2
    shop.dispose()


def test_what_is_no_databases_error_is_raised_at_once() -> None:
    attempts = 0

    @retrying(deadline=10)
    def call() -> None:
        nonlocal attempts
        attempts += 1
        raise ConnectionRefusedError(111, "somebody else's")

    with pytest.raises(ConnectionRefusedError):
        call()
    assert attempts == 1


@pytest.mark.parametrize("words", [{"deadline": -1.0}, {"attempts": 0}, {"on": ["server.dwon"]}])
def test_a_policy_that_makes_no_sense_is_refused(words: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"retrying\(\) (wants|knows no cause server.dwon)"):
        retrying(**words)


def test_brackets_that_were_forgotten_are_told_of() -> None:
    with pytest.raises(TypeError, match=r"write @retrying\(\), with brackets"):
        retrying(lambda: None)  # type: ignore[arg-type]


def test_one_cause_may_stand_alone(server: Database, registry: CollectorRegistry) -> None:
    shop = engine(server, port=free_port())
    instrument(shop, "orders", registry)
    with pytest.raises(OperationalError):
        retrying(attempts=2, on="server.down")(use)(shop)
    assert errors(registry) == {"server.down": 2}
