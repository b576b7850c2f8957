"""Trying again what failed for a reason that passes."""

import functools
import inspect
import logging
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from typing import Any, Final, ParamSpec, TypeVar

import tenacity
from prometheus_client import CollectorRegistry
from sqlalchemy import exc

from exporter.instrument.harmless import harmless
from exporter.instrument.lines import logger as our_logger
from exporter.instrument.lines import say
from exporter.instrument.reading import Reading, commits, original, read
from exporter.instrument.series import series_in
from exporter.instrument.sighting import Sighting, sighting
from exporter.model import Cause

P = ParamSpec("P")
R = TypeVar("R")
TRANSIENT: Final = frozenset(
    {
        Cause.DNS_FAILURE,
        Cause.NET_BLACKHOLE,
        Cause.NET_UNREACHABLE,
        Cause.PROXY_BACKEND_UNAVAILABLE,
        Cause.PROXY_IDLE_TIMEOUT,
        Cause.PROXY_SATURATED,
        Cause.SERVER_ACCOUNT_LIMIT,
        Cause.SERVER_DOWN,
        Cause.SERVER_IDLE_TIMEOUT,
        Cause.SERVER_READ_ONLY,
        Cause.SERVER_RESTART,
        Cause.SERVER_SATURATED,
        Cause.SERVER_SESSION_KILLED,
        Cause.SERVER_UNRESPONSIVE,
    }
)
"""Causes that pass. A pool that has none left is not among them: who asks has waited for `pool_timeout`."""
WANTED: Final = frozenset({"1792"})
"""MySQL's number for a write in a transaction that was begun as READ ONLY; PostgreSQL has no code for it."""
FIRST: Final = 0.1
LONGEST: Final = 5.0
"""Seconds that may pass before the second attempt, and before any."""


class Retrying:
    """A policy: decorates functions and coroutine functions, or gives attempts, one after another."""

    def __init__(
        self,
        deadline: float,
        attempts: int | None,
        on: frozenset[Cause],
        *,
        target: str,
        idempotent: bool,
        registry: CollectorRegistry | None,
        log: logging.Logger,
    ) -> None:
        self._deadline = deadline
        self._attempts = attempts
        self._on = on
        self._target = target
        self._idempotent = idempotent
        self._registry = registry
        self._log = log
        self._backoff = tenacity.wait_random_exponential(multiplier=FIRST, max=LONGEST)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Decorate a function, or a coroutine function."""
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(
                f"retrying() cannot take {function.__name__}, a generator, up where it has failed"
            )
        called = getattr(function, "__call__", None)  # noqa: B004  an object's may be a coroutine function
        if not (inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(called)):

            @functools.wraps(function)
            def again(*args: P.args, **words: P.kwargs) -> R:
                return tenacity.Retrying(**self._policy())(functools.partial(function, *args, **words))

            return again

        @functools.wraps(function)
        async def again_later(*args: P.args, **words: P.kwargs) -> Any:
            async def attempt() -> Any:
                return await function(*args, **words)  # type: ignore[misc]  # R is a coroutine here

            return await tenacity.AsyncRetrying(**self._policy())(attempt)

        return again_later  # type: ignore[return-value]  # R is a coroutine here

    def __iter__(self) -> Iterator[tenacity.AttemptManager]:
        """Give attempts: `for attempt in retrying(): with attempt: …`."""
        return iter(tenacity.Retrying(**self._policy()))

    def __aiter__(self) -> AsyncIterator[tenacity.AttemptManager]:
        """Give attempts to a coroutine: `async for attempt in retrying(): with attempt: …`."""
        return aiter(tenacity.AsyncRetrying(**self._policy()))

    def _policy(self) -> dict[str, Any]:
        return {
            "retry": tenacity.retry_if_exception(self._worth_while),
            "stop": self._over,
            "wait": self._pause,
            "before_sleep": self._tell,
            "reraise": True,
        }

    def _worth_while(self, error: BaseException) -> bool:
        seen = sighting(error)
        reading, lost, in_doubt = _judged(error, seen)
        if reading is None or (in_doubt and not self._idempotent):
            return False
        if reading.cause is Cause.SERVER_READ_ONLY and (seen is None or reading.code in WANTED):
            return False  # the same connection would come again, or the application wants it so
        return reading.cause in self._on or reading.conflict or (lost and reading.cause is Cause.UNKNOWN)

    def _over(self, state: tenacity.RetryCallState) -> bool:
        if self._attempts is not None and state.attempt_number >= self._attempts:
            return True
        return (state.seconds_since_start or 0.0) >= self._deadline

    def _pause(self, state: tenacity.RetryCallState) -> float:
        left = self._deadline - (state.seconds_since_start or 0.0)
        return max(0.0, min(self._backoff(state), left))

    def _tell(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        assert error is not None  # noqa: S101  only errors are retried
        seen = sighting(error)
        cause = seen.reading.cause if seen else read(error).cause
        if seen is not None and cause is Cause.SERVER_READ_ONLY:
            seen.distrust()
        target = self._target or (seen.target if seen else "")
        harmless(self._count, self._log, target)(seen, cause)
        words = {"attempt": state.attempt_number, "seconds": state.upcoming_sleep}
        name = type(original(error)).__name__
        say(self._log, logging.WARNING, "retry", target, cause=cause, error=name, **words)

    def _count(self, seen: Sighting | None, cause: Cause) -> None:
        if self._target:
            series_in(self._registry).of(self._target).retries(cause).inc()
        elif seen is not None:
            seen.own().retries(cause).inc()


def _judged(error: BaseException, seen: Sighting | None) -> tuple[Reading | None, bool, bool]:
    """Tell what an error is, whether the connection is lost, and whether a commit is in doubt."""
    if seen is not None:
        return seen.reading, seen.lost, seen.in_doubt
    if isinstance(error, exc.TimeoutError):
        return read(error), False, False
    if not isinstance(error, exc.DBAPIError):
        return None, False, False
    # Nobody has seen it: what was lost without a statement may have been a commit.
    reading = read(error)
    lost = error.connection_invalidated or reading.lost
    return reading, lost, error.connection_invalidated and commits(error.statement)


def retrying(
    deadline: float = 30.0,
    attempts: int | None = None,
    on: Collection[str] = TRANSIENT,
    target: str = "",
    *,
    idempotent: bool = False,
    registry: CollectorRegistry | None = None,
    logger: logging.Logger | None = None,
) -> Retrying:
    """Give a policy that tries again what failed for a reason that passes, and nothing else.

    RETRY A WHOLE TRANSACTION, never a part of it: what is decorated, or stands in `with attempt:`, opens
    the session or connection, does all its work, and commits. A statement that is tried again in a
    transaction whose connection is gone would run without those before it.

    A COMMIT WHOSE ANSWER WAS LOST MAY HAVE HAPPENED. Nobody on this side can know. Such an error is raised
    and not retried, unless `idempotent=True` says that doing the work twice does no harm (a unique key that
    the work begins with, an upsert, reads only). The same holds for each statement under AUTOCOMMIT. This is
    known of engines that are instrumented; nothing knows it of statements that commit by themselves, as
    MySQL's DDL does. ONE TRANSACTION, not two: where the second one fails, the first is done again.

    Retried are lost connections, restarts, failovers, servers that are full, refused or unanswered connects,
    names that do not resolve, deadlocks and serialization failures; `on` replaces the causes
    (`TRANSIENT` unless told otherwise), while conflicts and connections that were lost without a cause
    always count. Never retried are wrong passwords, missing databases, certificates that are not
    accepted, and errors of the statement itself. Before a retry on a server that takes no writes any more,
    the pool of an instrumented engine is made to open new connections, which lead to the new primary.

    Between attempts it waits a random time, on average twice as long as before, never beyond `deadline`
    seconds after the first attempt began; none begins after that. An attempt itself is not cut short: that
    is for the driver's timeouts. The last error is raised as it is. Retries are counted for `target`, or
    else for the instrumented engine's. Raises ValueError for a deadline below zero, for less than one
    attempt, and for an unknown cause, and TypeError for what is no number, and for a generator.
    """
    try:
        seconds = float(deadline)
    except TypeError:
        raise TypeError("retrying() wants a deadline in seconds: write @retrying(), with brackets") from None
    if not seconds >= 0 or (attempts is not None and attempts < 1):
        raise ValueError("retrying() wants a deadline in seconds, and at least one attempt")
    chosen = (on,) if isinstance(on, str) else on
    if unknown := sorted(set(chosen) - set(Cause)):
        raise ValueError(f"retrying() knows no cause {', '.join(unknown)}: docs/causes.md lists them")
    causes, log = frozenset(map(Cause, chosen)), logger or our_logger()
    return Retrying(
        seconds, attempts, causes, target=target, idempotent=idempotent, registry=registry, log=log
    )
