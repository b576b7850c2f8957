"""What an instrumented application tells of its pools: the series that dashboards ask for.

The instrumentation that applications are to use comes later; until it does, this stands in for it. It is
fed by SQLAlchemy's own events.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from sqlalchemy import Connection, Engine, QueuePool, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from exporter.model import Cause

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
PID: Final = str(os.getpid())
CAUSES: Final[dict[object, Cause]] = {
    1040: Cause.SERVER_SATURATED,
    1927: Cause.SERVER_SESSION_KILLED,
    "57P01": Cause.SERVER_SESSION_KILLED,
}
"""Causes by the number or the state that a server's error has."""


class Instruments:
    """The series of all pools of a process, in a registry of their own; each has the label `pid`."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        own = ("target", "pid")
        self._checkout = Histogram(
            "conndrop_app_checkout_seconds", "Wait for a connection", own, registry=registry, buckets=SECONDS
        )
        self._connects = Counter("conndrop_app_connects_total", "Opened", own, registry=registry)
        self._disconnects = Counter("conndrop_app_disconnects_total", "Closed", own, registry=registry)
        self._invalidations = Counter(
            "conndrop_app_invalidations_total", "Let go of", ("target", "reason", "pid"), registry=registry
        )
        self._errors = Counter(
            "conndrop_app_errors_total", "Met", ("target", "cause", "error", "pid"), registry=registry
        )
        self._retries = Counter(
            "conndrop_app_retries_total", "Tried again", ("target", "cause", "pid"), registry=registry
        )
        self._connections = Gauge(
            "conndrop_app_pool_connections", "In the pool", ("target", "state", "pid"), registry=registry
        )

    def watch(self, target: str, engine: Engine) -> None:
        """Count what befalls the connections of an engine."""
        opened, closed = self._connects.labels(target, PID), self._disconnects.labels(target, PID)
        event.listen(engine, "connect", lambda *_: opened.inc())
        event.listen(engine, "close", lambda *_: closed.inc())
        event.listen(engine, "invalidate", lambda *words: self._let_go(target, words[-1]))
        event.listen(engine, "handle_error", lambda context: self._met(target, context.original_exception))

    def show(self, target: str, pool: QueuePool) -> None:
        """Tell how many connections of a pool are in use, and how many are not."""
        states: dict[str, Callable[[], int]] = {"checked_out": pool.checkedout, "idle": pool.checkedin}
        for state, count in states.items():
            self._connections.labels(target, state, PID).set_function(count)

    @contextmanager
    def borrowed(self, target: str, engine: Engine) -> Iterator[Connection]:
        """Take a connection, and give it back; raises SQLAlchemyError."""
        begun = time.monotonic()
        try:
            connection = engine.connect()
        except PoolTimeout as error:
            self._met(target, error)
            raise
        self._checkout.labels(target, PID).observe(time.monotonic() - begun)
        with connection:
            yield connection

    def retried(self, target: str, error: SQLAlchemyError) -> None:
        """Count what is tried once more after an error."""
        self._retries.labels(target, cause_of(getattr(error, "orig", None) or error), PID).inc()

    def _let_go(self, target: str, error: object) -> None:
        self._invalidations.labels(target, "stale" if error else "pool", PID).inc()

    def _met(self, target: str, error: BaseException) -> None:
        self._errors.labels(target, cause_of(error), type(error).__name__, PID).inc()


def cause_of(error: Any) -> Cause:
    """Name what an error of a driver, or of a pool, tells by itself."""
    if isinstance(error, PoolTimeout):
        return Cause.CLIENT_POOL_EXHAUSTED
    number = getattr(error, "pgcode", None) or next(iter(error.args), None)
    return CAUSES.get(number, Cause.UNKNOWN)
