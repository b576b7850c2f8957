"""An application's engine, watched by SQLAlchemy's own events."""

import logging
import os
import time
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final
from weakref import ref

from prometheus_client import Counter
from sqlalchemy import Connection, Engine, event, exc
from sqlalchemy.pool import Pool, PoolProxiedConnection

from exporter.instrument.errors import PINGED, Errors
from exporter.instrument.harmless import harmless
from exporter.instrument.life import LIFE, Life, life_of
from exporter.instrument.lines import say
from exporter.instrument.reading import read
from exporter.instrument.series import Own, Series
from exporter.instrument.waits import CHOOSING, Wait
from exporter.model import Cause, Invalidation

LEVELS: Final = {
    Invalidation.STALE: logging.WARNING,
    Invalidation.PRE_PING: logging.WARNING,
    Invalidation.RECYCLE: logging.DEBUG,
    Invalidation.POOL: logging.INFO,
}
FORKED: Final = (
    "a process uses connections to {target!r} that its parent had opened before the fork: answers will be "
    "mixed up. Call engine.dispose(close=False) in each child before it uses the engine"
)


class Instruments:
    """What watches one engine, until it is removed."""

    def __init__(self, engine: Engine, target: str, series: Series, log: logging.Logger) -> None:
        self.target = target
        self._engine = ref(engine)
        self._series = series
        self._log = log
        self._cached = series.of(target)
        self._open: set[Any] = set()
        self._out: set[Any] = set()
        self._distrusted = 0.0
        self._warned = 0
        self._errors = Errors(target, log, own=lambda: self._own, distrust=self.distrust)
        listeners = self._listeners().items()
        self._listened = {name: harmless(listener, log, target) for name, listener in listeners}
        for name, listener in self._listened.items():
            event.listen(engine, name, listener)
        self._wait = self._stand_in(engine.pool)
        series.add(self)

    def remove(self) -> None:
        """Watch the engine no more. What has been counted stays; the pool's connections are shown no more."""
        engine = self._engine()
        for name, listener in self._listened.items():
            if engine is not None and event.contains(engine, name, listener):
                event.remove(engine, name, listener)
        self._wait.end()
        self._series.drop(self)

    def connections(self) -> Mapping[str, int]:
        """Count the pool's connections in this process (see `exporter.instrument.series.Pooled`)."""
        _ = self._own  # a child has none of its parent's
        return {"checked_out": len(self._out), "idle": len(self._open - self._out)}

    def distrust(self) -> None:
        """Have all connections replaced that are open now, each when it is wanted next."""
        self._distrusted = time.monotonic()

    @property
    def _own(self) -> Own:
        if self._cached.pid != os.getpid():
            self._open, self._out = set(), set()
            self._cached = self._series.of(self.target)
        return self._cached

    def _listeners(self) -> dict[str, Callable[..., None]]:
        return {
            "connect": self._opened,
            "close": self._closed,
            "close_detached": self._closed_elsewhere,
            "detach": self._detached,
            "checkout": self._taken,
            "checkin": self._given_back,
            "invalidate": self._invalidated,
            "handle_error": self._errors.erred,
            "after_cursor_execute": self._executed,
            "begin": self._not_committing,
            "begin_twophase": self._not_committing,
            "rollback": self._not_committing,
            "rollback_twophase": self._not_committing,
            "commit": self._committing,
            "commit_twophase": self._committing,
            "engine_disposed": self._renewed,
        }

    def _stand_in(self, pool: Pool) -> Wait:
        return Wait(
            pool,
            self,
            waited=harmless(self._waited, self._log, self.target),
            failed=harmless(self._errors.failed, self._log, self.target),
            handed_out=harmless(self._check_fork, self._log, self.target),
        )

    def _waited(self, seconds: float) -> None:
        self._own.checkouts.observe(seconds)

    def _opened(self, _: Any, record: Any) -> None:
        record.info[LIFE] = Life()
        _ = self._own  # which begins anew in a child
        self._open.add(record)
        self._count(lambda own: own.connects)
        self._tell()
        self._say(logging.DEBUG, "connect")

    def _closed(self, _: Any, record: Any) -> None:
        life = life_of(record)
        if life is None or life.pid != os.getpid():
            return  # the parent's, of which this process has a copy
        self._open.discard(record)
        self._count(lambda own: own.disconnects)
        self._tell()
        self._say(logging.DEBUG, "disconnect", age=time.monotonic() - life.born)
        if CHOOSING.get() and not life.dead:
            # No public name tells how old the pool lets a connection get.
            recycle = getattr(getattr(self._engine(), "pool", None), "_recycle", -1)
            age = time.time() - record.last_connect_time
            self._let_go(Invalidation.unseen(age, recycle if recycle > -1 else None))

    def _closed_elsewhere(self, _: Any) -> None:
        self._count(lambda own: own.disconnects)

    def _detached(self, _: Any, record: Any) -> None:
        self._open.discard(record)
        self._given_back(_, record)

    def _taken(self, _: Any, record: Any, __: Any) -> None:
        life = life_of(record)
        if life is not None and life.born <= self._distrusted:
            raise exc.DisconnectionError("it was open when the server said that it takes no writes")
        _ = self._own
        self._out.add(record)
        self._tell()

    def _given_back(self, _: Any, record: Any) -> None:
        self._out.discard(record)
        self._tell()
        life = life_of(record)
        if life is not None:
            life.rested = True

    def _invalidated(self, connection: Any, record: Any, error: BaseException | None) -> None:
        life = life_of(record)
        if life is None:
            return
        life.dead = True
        if isinstance(error, exc.InvalidatePoolError):
            told = read(error, connection).cause
            self._let_go(Invalidation.PRE_PING, PINGED.get() if told is Cause.UNKNOWN else told)
        elif isinstance(error, exc.DisconnectionError):
            self._let_go(Invalidation.POOL)
        elif life.rested and isinstance(error, Exception):
            self._let_go(Invalidation.STALE, read(error, connection).cause)

    def _let_go(self, reason: Invalidation, cause: Cause | None = None) -> None:
        self._count(lambda own: own.invalidations(reason))
        self._say(LEVELS[reason], "invalidation", reason=reason, cause=cause)

    def _executed(self, connection: Connection, *_: Any) -> None:
        life = connection.info.get(LIFE)  # as life_of does, and quicker: it is in use
        if life is not None:
            life.rested = False

    def _committing(self, connection: Connection, *_: Any) -> None:
        life = life_of(connection)
        if life is not None:
            life.committing = True

    def _not_committing(self, connection: Connection, *_: Any) -> None:
        life = life_of(connection)
        if life is not None:
            life.committing = False

    def _check_fork(self, connection: PoolProxiedConnection) -> None:
        life = life_of(connection)
        if life is None or life.pid == os.getpid():
            return
        misuse = Cause.CLIENT_CONNECTION_MISUSE
        detail = "opened before the fork"
        self._count(lambda own: own.errors("RuntimeWarning", misuse))
        self._say(logging.ERROR, "fork", cause=misuse, parent=life.pid, detail=detail)
        if self._warned != os.getpid():
            self._warned = os.getpid()
            warnings.warn(FORKED.format(target=self.target), RuntimeWarning, stacklevel=2)

    def _renewed(self, engine: Engine) -> None:
        """Follow the engine to the pool that it has made anew."""
        self._wait.end()
        self._open &= self._out  # what rested in the old pool is closed, or nobody's
        self._wait = self._stand_in(engine.pool)
        self._tell()

    def _count(self, counter: Callable[[Own], Counter]) -> None:
        self._series.afterwards.do(lambda: counter(self._own).inc())

    def _tell(self) -> None:
        self._series.afterwards.do(partial(self._series.tell, self.target))

    def _say(self, level: int, event_: str, **words: object) -> None:
        self._series.afterwards.do(partial(say, self._log, level, event_, self.target, **words))
