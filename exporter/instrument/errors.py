"""Errors that an application meets: what they are counted as, and what is told of them."""

import logging
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final

from sqlalchemy import Connection, exc

from exporter.instrument.life import life_of
from exporter.instrument.lines import say
from exporter.instrument.reading import Reading, commits, is_statements_own, is_value_refused, original, read
from exporter.instrument.series import Own
from exporter.instrument.sighting import Sighting, mark, sighting
from exporter.model import Cause

PINGED: Final[ContextVar[Cause]] = ContextVar("conndrop_pinged", default=Cause.UNKNOWN)
"""Why the last ping failed, in this thread or task."""
HOPELESS: Final = frozenset({Cause.CLIENT_POOL_EXHAUSTED, Cause.CLIENT_CONNECTION_MISUSE})
"""Beside logins and certificates: what goes on until somebody changes something."""


class Errors:
    """Reads, counts and logs the errors of one engine, each of them once."""

    def __init__(
        self,
        target: str,
        log: logging.Logger,
        *,
        own: Callable[[], Own],
        distrust: Callable[[], None],
    ) -> None:
        self._target = target
        self._log = log
        self._own = own
        self._distrust = distrust

    def erred(self, context: Any) -> None:
        """Take note of an error that SQLAlchemy handles."""
        error = context.original_exception
        if context.is_pre_ping:
            PINGED.set(read(error).cause)
        elif isinstance(error, Exception) and not _is_applications(context.sqlalchemy_exception):
            reading = read(error, _drivers(context.connection))
            seen = self._seen(reading, lost=context.is_disconnect, in_doubt=_may_be_committed(context))
            own_fault = is_statements_own(context.sqlalchemy_exception) or is_value_refused(error)
            self._meet(
                error, seen, tell=not own_fault or seen.lost or seen.reading.cause is not Cause.UNKNOWN
            )

    def failed(self, error: Exception) -> None:
        """Take note of an error because of which no connection was handed out."""
        self._meet(error, self._seen(read(error)), tell=True)

    def _seen(self, reading: Reading, *, lost: bool = False, in_doubt: bool = False) -> Sighting:
        lost = lost or reading.lost
        refused = bool(reading.code) and not lost  # a server that says what is wrong has not done it
        return Sighting(
            target=self._target,
            reading=reading,
            lost=lost,
            in_doubt=in_doubt and not refused,
            own=self._own,
            distrust=self._distrust,
        )

    def _meet(self, error: Exception, seen: Sighting, *, tell: bool) -> None:
        if sighting(error) is not None:
            return  # SQLAlchemy handles what the pool has failed of once more
        mark(error, seen)
        if not tell:
            return
        cause, name = seen.reading.cause, type(original(error)).__name__
        self._own().errors(name, cause).inc()
        hopeless = cause in HOPELESS or cause.startswith(("auth.", "tls."))
        level = logging.ERROR if hopeless or seen.in_doubt else logging.WARNING
        words = {"lost": "yes" if seen.lost else "", "committed": "unknown" if seen.in_doubt else ""}
        say(self._log, level, "error", self._target, cause=cause, error=name, code=seen.reading.code, **words)


def _may_be_committed(context: Any) -> bool:
    """Whether what was asked for on a connection may have been committed though no answer came."""
    connection = context.connection
    if _drivers(connection) is None:
        return False
    life = life_of(connection)
    if life is not None and life.committing:
        return True  # that of two phases is a statement, too
    if commits(context.statement) and (life is None or context.statement is not None):
        return True
    # The level that an engine was made with has no public name.
    engines = getattr(context.dialect, "_on_connect_isolation_level", None)
    level = connection.get_execution_options().get("isolation_level", engines)
    return level == "AUTOCOMMIT" or _commits_by_itself(connection)


def _commits_by_itself(connection: Connection) -> bool:
    """Whether the driver was told to commit each statement, as by `?autocommit=true`."""
    if connection.dialect.driver == "mysqlconnector":
        return False  # it would ask the server
    drivers: Any = _drivers(connection)
    try:
        told = drivers.get_autocommit() if hasattr(drivers, "get_autocommit") else drivers.autocommit
    except Exception:  # noqa: BLE001  a driver that does not tell, or not of what is lost
        return False
    return told is True


def _is_applications(wrapped: object) -> bool:
    """Whether an error arose before the driver was asked, in the application's own types and parameters."""
    return isinstance(wrapped, exc.StatementError) and not isinstance(wrapped, exc.DBAPIError)


def _drivers(connection: Connection | None) -> object:
    """Give the driver's own connection, None where there is none any more."""
    if connection is None or connection.invalidated or connection.closed:
        return None
    return connection.connection.dbapi_connection
