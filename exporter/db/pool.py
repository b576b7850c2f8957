"""SQLAlchemy's pool with an application's settings, exercised on purpose and watched by its own events."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, exc
from sqlalchemy.pool import QueuePool

from exporter.db.dialect import TRIVIAL_QUERY, Opener, Pooled
from exporter.db.exercise import NoneLeft, PoolSettings, Round
from exporter.db.life import Life
from exporter.model import Cause, Checkout, End, Failure, Invalidation, Phase, ProbeError, SecretUnreadable
from exporter.net.phases import PhaseClock
from exporter.net.waiting import Stop, Stopped

STEPS: Final = 3
"""That may have to wait for each connection: it is taken out, used, and given back."""


class Pool:
    """A pool of connections that `opener` opens at the `addresses` there are, each taken out of a budget.

    `take` says whether there may be one connection more; `give_back` puts it back.
    """

    def __init__(
        self,
        opener: Opener,
        settings: PoolSettings,
        stop: Stop,
        *,
        addresses: Callable[[float], Sequence[str]],
        take: Callable[[], bool],
        give_back: Callable[[], None],
    ) -> None:
        self._opener = opener
        self._settings = settings
        self._stop = stop
        self._addresses = addresses
        self._take = take
        self._give_back = give_back
        self._lock = threading.Lock()
        self._clock = PhaseClock(0.0, {}, stop)
        self._lives: dict[Pooled, Life] = {}
        self._round = Round(rested=0.0)
        self._used = time.monotonic()
        self._until = 0.0
        self._steps = 0
        self._choosing = self._over = False
        self._current: Pooled | None = None
        self._error: BaseException | None = None
        self._verdict: ProbeError | None = None
        self._engine = self._watched_engine(settings)

    def _watched_engine(self, settings: PoolSettings) -> Engine:
        # What goes wrong in the pool is reported by us; SQLAlchemy would log it with a traceback besides.
        logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
        engine = create_engine(
            f"{self._opener.driver}://",
            creator=self._create,
            poolclass=QueuePool,
            pool_size=settings.size,
            max_overflow=settings.overflow,
            pool_timeout=0,  # the wait is ours, see _await_one
            pool_recycle=-1 if settings.recycle is None else settings.recycle,
            pool_pre_ping=settings.pre_ping,
        )
        event.listen(engine, "handle_error", self._erred)
        event.listen(engine, "invalidate", self._invalidated)
        event.listen(engine, "close", self._let_go)
        return engine

    @property
    def rested(self) -> float:
        """Seconds for which connections have been left alone in the pool; 0 when there are none."""
        return time.monotonic() - self._used if self._lives else 0.0

    @property
    def waiting(self) -> int:
        """Connections that there are."""
        return len(self._lives)

    def exercise(self, connections: int, timeout: float) -> Round:
        """Take so many out at once, use them, and give them back, all within `timeout` seconds.

        Does nothing once it has been emptied for good. Raises Stopped when the daemon ends.
        """
        with self._lock:
            if self._over:
                return Round(rested=0.0)
            self._round = done = Round(rested=self.rested)
            for resting, life in self._lives.items():
                life.look(resting.descriptor)
            self._until = time.monotonic() + timeout
            self._steps = STEPS * connections + 1
            taken: list[tuple[float, Connection]] = []
            try:
                for _ in range(connections):
                    self._take_out(taken)
                done.overflow = max(0, len(taken) - self._settings.size)
                for seconds, connection in taken:
                    failure = self._use(connection)
                    done.checkouts.append(Checkout(seconds=seconds, failure=failure))
            finally:
                for _, connection in taken:
                    self._put_back(connection)
                if self._stop.thrown:
                    self._engine.dispose()
            self._end_if_stopped()
            done.waiting = len(self._lives)
            self._used = time.monotonic()
            return done

    def empty(self, *, for_good: bool = False) -> None:
        """Say goodbye on all connections after the exercise that goes on; no other follows `for_good`."""
        with self._lock:
            self._over |= for_good
            self._engine.dispose()

    def _take_out(self, taken: list[tuple[float, Connection]]) -> None:
        self._begin_step()
        self._clock.enter(Phase.QUERY)  # a ping, unless a connection has to be opened
        begun = time.perf_counter()
        self._choosing = True
        try:
            self._await_one(len(taken))
            connection = self._engine.connect()
            taken.append((time.perf_counter() - begun, connection))
        except NoneLeft as words:
            self._round.skipped.append(str(words))
        except Exception as error:  # noqa: BLE001  drivers raise all sorts on unexpected bytes
            self._end_if_stopped()
            failure = self._reason(error).failure()
            seconds = time.perf_counter() - begun
            self._round.checkouts.append(Checkout(seconds=seconds, handed_out=False, failure=failure))
        finally:
            self._choosing = False

    def _await_one(self, taken: int) -> None:
        """Wait where SQLAlchemy would, in vain, since only we could give one back; but we can be woken."""
        allowed = self._settings.size + self._settings.overflow
        if self._settings.overflow < 0 or taken < allowed:
            return
        self._stop.sleep(min(self._settings.wait, self._clock.remaining()))
        self._end_if_stopped()

    def _use(self, connection: Connection) -> Failure | None:
        self._begin_step()
        self._clock.enter(Phase.QUERY)
        raw: Any = connection.connection.dbapi_connection
        self._current = raw
        try:
            connection.exec_driver_sql(TRIVIAL_QUERY).all()
        except Exception as error:  # noqa: BLE001  drivers raise all sorts on unexpected bytes
            self._end_if_stopped()
            failure = self._reason(error).failure()
            if not isinstance(error, exc.DBAPIError):
                connection.invalidate(error)
            return failure
        self._lives[raw].use()
        return None

    def _put_back(self, connection: Connection) -> None:
        self._begin_step()
        with contextlib.suppress(Exception):  # what dies now is told by the pool's events
            try:
                connection.close()
            except exc.DBAPIError:
                connection.close()

    def _begin_step(self) -> None:
        """Give what comes next an equal share of the time that is left."""
        self._clock.restart(max(0.0, self._until - time.monotonic()) / max(1, self._steps))
        self._steps -= 1
        self._current = self._error = self._verdict = None

    def _create(self) -> Pooled:
        if not self._opener.harmless():
            raise NoneLeft("the server is given a rest after many logins that were broken off")
        if not self._take():
            raise NoneLeft("there is no connection left in the budget")
        self._clock.skip(Phase.DNS)
        try:
            addresses = self._addresses(self._clock.remaining())
            connection = self._opener.pooled(addresses, self._clock, self._closed)
        except BaseException:
            self._give_back()
            raise
        now = time.monotonic()
        self._lives[connection] = Life(now - self._clock.since_connected(), now)
        self._current = connection
        self._clock.enter(Phase.QUERY)
        return connection

    def _closed(self, connection: Pooled) -> None:
        del self._lives[connection]
        self._give_back()

    def _end_if_stopped(self) -> None:
        if self._stop.thrown:
            raise Stopped

    def _reason(self, error: Exception) -> ProbeError:
        """Say why a checkout failed."""
        match error:
            case ProbeError():
                return error
            case SecretUnreadable():
                return ProbeError(Cause.AUTH_CREDENTIALS, f"password: {error}")
            case exc.TimeoutError():
                size, overflow = self._settings.size, self._settings.overflow
                detail = f"all connections are taken: pool_size {size}, max_overflow {overflow}"
                return ProbeError(Cause.CLIENT_POOL_EXHAUSTED, detail)
        if self._verdict is None and self._current is not None:
            self._verdict = self._current.verdict(getattr(error, "orig", None) or error)
        return self._verdict or ProbeError(Cause.UNKNOWN, f"not understood: {type(error).__name__}")

    def _erred(self, context: Any) -> None:
        self._error = context.original_exception

    def _invalidated(self, connection: Any, _: Any, error: BaseException | None) -> None:
        """Record a death, before SQLAlchemy closes what died."""
        life = self._lives[connection]
        life.dead = True
        found_by_ping = isinstance(error, exc.InvalidatePoolError)
        reason = (self._error if found_by_ping else error) or Exception("no reason given")
        self._verdict = connection.verdict(reason)
        death = life.death(connection.descriptor, self._verdict)
        self._round.deaths.append(death)
        if found_by_ping:
            self._round.invalidations.append(Invalidation.PRE_PING)
            self._begin_step()
        elif life.rested:
            self._round.invalidations.append(Invalidation.STALE)
        if death.end in (End.SILENCE, End.RST):
            self._round.lost.append((connection.number, life.born))

    def _let_go(self, connection: Any, record: Any) -> None:
        """Take note of a connection that SQLAlchemy replaces unseen when one is wanted."""
        life = self._lives[connection]
        if life.dead or not self._choosing:
            return
        age = time.time() - record.last_connect_time
        self._round.invalidations.append(Invalidation.unseen(age, self._settings.recycle))
        if life.before is None or not life.before.ended:
            self._round.lost.append((connection.number, life.born))
