"""A connection of psycopg2 as an application's pool has it, whose waits are ours.

psycopg2 lets somebody else wait for its synchronous connections, which is meant for coroutines (its
documentation, "Support for coroutine libraries"). To SQLAlchemy such a connection is like any other.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Self

import psycopg2
from psycopg2 import extensions, extras

from exporter.db.dialect import Pooled
from exporter.db.postgres.libpq import connect_refusal
from exporter.db.postgres.wire import Wire
from exporter.model import ProbeError, Secret
from exporter.net.dial import await_connected
from exporter.net.phases import PhaseClock
from exporter.net.waiting import READABLE, WRITABLE, Stopped


class PooledConnection(extensions.connection):
    """What SQLAlchemy is given (see `exporter.db.dialect.Pooled`)."""

    def __init__(self, dsn: str, *, session: "PooledSession", **_: Any) -> None:
        self.session = session
        self.number = 0
        self._when_closed: Callable[[Pooled], None] | None = None
        super().__init__(dsn)

    @property
    def descriptor(self) -> int:
        """Descriptor that outlives libpq's own."""
        return self.session.descriptor

    def verdict(self, error: BaseException) -> ProbeError:
        """Give what our wait ended with, or the server's last words, or what the kernel knows."""
        return self.session.verdict(error)

    def take_over(self, when_closed: Callable[[Pooled], None]) -> Self:
        """Be the pool's from now on, and no longer the session's."""
        self.number, self._when_closed = self.session.number, when_closed
        return self

    def close(self) -> None:
        """Send Terminate, and let go."""
        self.session.note_end()
        super().close()
        self.session.release()
        if self._when_closed is not None:
            told, self._when_closed = self._when_closed, None
            told(self)


class PooledSession(Wire):
    """Waits for one connection: through its login as a wire does, then as long as the clock lets it."""

    def __init__(
        self, settings: Mapping[str, str], secret: Secret, address: str, clock: PhaseClock, within: float
    ) -> None:
        """Connect to `address` within so many seconds, and log in."""
        self._within = within
        self._logged_in = False
        self._end: ProbeError | None = None
        super().__init__(settings, secret, address, clock, within)

    def _connect(self, options: Mapping[str, Any], within: float) -> None:  # noqa: ARG002  `wait` has it
        extensions.set_wait_callback(_wait)
        factory: Any = partial(PooledConnection, session=self)
        try:
            self._connection = psycopg2.connect(**options, connection_factory=factory)
        except psycopg2.Error as error:
            self._give_up()
            raise connect_refusal(str(error), self._address) from None
        except BaseException:
            self._give_up()
            raise

    def hand_over(self, when_closed: Callable[[Pooled], None]) -> PooledConnection:
        """Give the connection to a pool; nothing else may be done with the session from then on."""
        connection: PooledConnection = self._connection
        return connection.take_over(when_closed)

    def verdict(self, error: BaseException) -> ProbeError:
        """Say what `error` was about (see `exporter.db.dialect.Pooled`)."""
        if self._end is not None:
            return self._end
        return self._refusal(str(error), getattr(error, "pgcode", None) or "")

    def release(self) -> None:
        """Close our duplicate of the socket."""
        if hasattr(self, "_socket"):
            self._socket.close()

    def _give_up(self) -> None:
        """Close what came to nothing: the connection and we know each other, so it would not go by itself."""
        if hasattr(self, "_connection"):
            extensions.connection.close(self._connection)
        self.release()

    def wait(self, connection: PooledConnection) -> None:
        """Wait until libpq has what it wants, as psycopg2 asks it of us; raise as psycopg2 would."""
        self._connection = connection
        if not self._logged_in:
            self._socket = self._own_socket()
            await_connected(self._socket, self._address, self._clock, self._within)
            self.log_in()
            self._logged_in = True
            return
        self._listen()
        while (state := connection.poll()) != extensions.POLL_OK:
            try:
                self._clock.wait(
                    self._socket.fileno(), READABLE if state == extensions.POLL_READ else WRITABLE
                )
                self._look_at_answer()
            except ProbeError as error:
                self._end = error
                raise psycopg2.OperationalError(error.detail) from None
            except Stopped:
                raise psycopg2.OperationalError("the daemon is ending") from None


def _wait(connection: Any) -> None:
    """Wait for a synchronous connection, of which there are none but ours."""
    if isinstance(connection, PooledConnection):
        connection.session.wait(connection)
    else:
        extras.wait_select(connection)
