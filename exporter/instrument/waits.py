"""The wait for a connection.

SQLAlchemy has an event for a connection that was handed out, and none for one that is asked for. What stands
in for a pool's own `connect` sees both, and what fails, pool_timeout included.
"""

import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final

from sqlalchemy.pool import Pool, PoolProxiedConnection

CHOOSING: Final[ContextVar[bool]] = ContextVar("conndrop_choosing", default=False)
"""Whether a pool is looking for a connection to hand out, in this thread or task."""


class Wait:
    """Stands in for the `connect` of one pool until it is taken away.

    `waited` is told the seconds, `failed` the error, `handed_out` the connection. `owner` is who watches.
    """

    def __init__(
        self,
        pool: Pool,
        owner: object,
        *,
        waited: Callable[[float], None],
        failed: Callable[[Exception], None],
        handed_out: Callable[[PoolProxiedConnection], None],
    ) -> None:
        self.owner = owner
        self._pool = pool
        self._connect: Callable[[], PoolProxiedConnection] = pool.connect
        self._waited = waited
        self._failed = failed
        self._handed_out = handed_out
        vars(pool)["connect"] = self

    def __call__(self) -> PoolProxiedConnection:
        """Take a connection out of the pool."""
        token, begun = CHOOSING.set(True), time.perf_counter()
        try:
            connection = self._connect()
        except Exception as error:
            self._failed(error)
            raise
        finally:
            CHOOSING.reset(token)
            self._waited(time.perf_counter() - begun)
        self._handed_out(connection)
        return connection

    def end(self) -> None:
        """Give the pool its own `connect` back, unless somebody else stands in for it by now."""
        if standing_in(self._pool) is self:
            del vars(self._pool)["connect"]


def standing_in(pool: Pool) -> Any:
    """Give what stands in for the `connect` of a pool; None where that is its own."""
    return vars(pool).get("connect")
