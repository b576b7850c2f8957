"""A connection of PyMySQL as an application's pool has it, whose waits are ours."""

from collections.abc import Callable
from typing import Any, Self

import pymysql
from pymysql.constants import CR

from exporter.db.dialect import Pooled
from exporter.db.mysql.session import MysqlSession
from exporter.db.mysql.wire import Wire
from exporter.model import ProbeError
from exporter.net.stream import Stream
from exporter.net.waiting import Stopped

LOST = "Lost connection to MySQL server during query"


class PooledWire(Wire):
    """What SQLAlchemy is given (see `exporter.db.dialect.Pooled`).

    Once it is logged in, an end that our socket reports becomes the error that PyMySQL has for it.
    """

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._session: MysqlSession | None = None
        self._stream: Stream | None = None
        self._when_closed: Callable[[Pooled], None] | None = None
        self._end: ProbeError | None = None
        self.number = 0

    def connect(self, sock: Stream) -> None:
        """Log in over `sock`."""
        self._stream = sock
        super().connect(sock)

    def take_over(self, session: MysqlSession, when_closed: Callable[[Pooled], None]) -> Self:
        """Be the pool's from now on, and no longer the session's."""
        self._session, self._when_closed = session, when_closed
        self.number = int(self.thread_id())
        return self

    @property
    def descriptor(self) -> int:
        """Descriptor that outlives PyMySQL's own."""
        assert self._session is not None  # noqa: S101  set since the login
        return self._session.descriptor

    def verdict(self, error: BaseException) -> ProbeError:
        """Give the server's last words, or what our socket ended with."""
        assert self._session is not None  # noqa: S101  set since the login
        return self._end or self._session.refusal(error)

    def close(self) -> None:
        """Send COM_QUIT, and let go; a second time nothing."""
        if self._session is not None and self.open:
            self._session.note_goodbye()
        if not self._closed:
            super().close()
        if self._session is not None:
            self._session.abandon()
        if self._when_closed is not None:
            told, self._when_closed = self._when_closed, None
            told(self)

    def _execute_command(self, command: int, sql: Any) -> None:
        self.refused = b""
        if self._stream is not None:
            self._stream.received = 0  # what one answer may hold, not a life
        super()._execute_command(command, sql)

    def _read_bytes(self, num_bytes: int) -> bytes:
        try:
            return super()._read_bytes(num_bytes)
        except (ProbeError, Stopped, pymysql.Error) as error:
            # An error out of turn, too, is to PyMySQL a connection that is lost, and nothing more.
            raise self._lost(error, CR.CR_SERVER_LOST) from None

    def _write_bytes(self, data: bytes) -> None:
        try:
            super()._write_bytes(data)
        except (ProbeError, Stopped) as error:
            raise self._lost(error, CR.CR_SERVER_GONE_ERROR) from None

    def _lost(self, error: Exception, number: int) -> Exception:
        if self._session is None:
            return error  # the login is under way, and tells itself what went wrong
        if isinstance(error, ProbeError):
            self._end = error
        elif self.refused:
            self._end = self._session.refusal(error)
        self.let_go()
        lost: Exception = pymysql.OperationalError(number, f"{LOST} ({error})")
        return lost
