"""A session with MySQL or MariaDB: its phases, its errors, its goodbye."""

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import pymysql
from pymysql.cursors import DictCursor

from exporter.db.footprint import NOWHERE
from exporter.db.mysql import threads
from exporter.db.mysql.asked import Asked, Rows
from exporter.db.mysql.held import MysqlHeld
from exporter.db.mysql.questions import OWN_SETTINGS, OWN_SETTINGS_OF_MARIADB
from exporter.db.mysql.view import view
from exporter.db.mysql.wire import Wire
from exporter.model import Cause, Counted, Phase, ProbeError, Secret, ServerView
from exporter.net.dial import connect_error
from exporter.net.phases import PhaseClock
from exporter.net.stream import Stream, drain
from exporter.net.tcp_info import is_open
from exporter.net.waiting import Stopped
from exporter.said import mysql as said_by

GUARD: Final = 0.9
"""Part of what time is left that the server gets for one question: it has to give up before we do."""


class MysqlSession:
    """One connection of PyMySQL."""

    def __init__(self, connection: Wire, password: Secret | None, clock: PhaseClock) -> None:
        self._connection = connection
        self._password = password
        self._clock = clock
        self._peer: socket.socket | None = None
        self._asked = Asked(self._rows, lambda: self.stay.footprint.count(Counted.ACCESS_DENIED))
        self._limit = 0.0
        self.stay = NOWHERE

    def log_in(self, sock: socket.socket) -> None:
        """Read the greeting, negotiate TLS, log in."""
        try:
            # A duplicate, because PyMySQL closes its own at once and the server's goodbye would be lost.
            self._peer = socket.socket(fileno=os.dup(sock.fileno()))
        except OSError as error:
            sock.close()
            raise connect_error(error.errno or 0, self._connection.host, at_once=True) from None
        try:
            self._stream = Stream.over(sock, self._clock)
            with self._translated():
                self._connection.connect(self._stream)
        except BaseException:
            self.abandon()
            raise

    def query(self, sql: str, *, guarded: bool) -> None:
        """Run `sql` and take its result in (see `exporter.db.dialect.Session`)."""
        self._clock.enter(Phase.QUERY)
        with self._translated():
            if guarded:
                self._connection.query(self._guard())
            self._connection.query(sql)

    @property
    def number(self) -> int:
        """Connection id of the greeting (see `exporter.db.dialect.Session`)."""
        return int(self._connection.thread_id())

    def direct(self) -> bool:
        """Ask the server for the id (see `exporter.db.dialect.Session`)."""
        return threads.is_number(self._ask, self.number)

    def free_slots(self) -> int:
        """Count what is free (see `exporter.db.dialect.Session`)."""
        return threads.free_slots(self._ask)

    def renew(self, timeout: float) -> None:
        """Begin another look (see `exporter.db.dialect.Session`)."""
        self._clock.restart(timeout)
        self._stream.received = 0

    def view(self, *, tables: bool) -> ServerView:
        """Read the server's own view (see `exporter.db.dialect.Session`)."""
        self._clock.enter(Phase.QUERY)
        left = self._clock.remaining()
        if not left / 2 < self._limit <= left:
            settings = OWN_SETTINGS_OF_MARIADB if self._is_mariadb() else OWN_SETTINGS
            with self._translated():
                self._connection.query(f"{self._guard()}, {settings}")
            self._limit = left * GUARD
        return view(self._asked, mariadb=self._is_mariadb(), tables=tables)

    def outlast(self) -> None:
        """Put the server's limit far away (see `exporter.db.dialect.Session`)."""
        threads.outlast(self._ask)

    def lists(self, number: int, age: float) -> bool:
        """Look for a connection of ours (see `exporter.db.dialect.Session`)."""
        return threads.lists(self._ask, number, age)

    def end(self, number: int, age: float) -> bool:
        """Kill a connection of ours (see `exporter.db.dialect.Session`)."""
        killed = threads.end(self._ask, number, age)
        if killed:
            self.stay.footprint.kill(number, Counted.ABORTED_CLIENTS)
        return killed

    def hold(self) -> MysqlHeld:
        """Hand over the line without PyMySQL (see `exporter.db.dialect.Session`)."""
        line, came = self._connection.release(self._stream)
        if self._peer is not None:
            self._peer.close()
        return MysqlHeld(line, self._stream, came, self._password, self.stay)

    def close(self) -> None:
        """Send COM_QUIT and wait for the server to close (see `exporter.db.dialect.Session`)."""
        self._clock.enter(Phase.CLOSE)
        assert self._peer is not None  # noqa: S101  set since the login
        with self._peer:
            self.note_goodbye()
            self._connection.close()
            drain(self._peer, self._clock)

    def note_goodbye(self) -> None:
        """Note that COM_QUIT is sent now: the server counts nothing then, unless it has left before."""
        if is_open(self.descriptor):
            self.stay.end()
        else:
            self.stay.end(Counted.ABORTED_CLIENTS)

    def abandon(self) -> None:
        """Let go at once (see `exporter.db.dialect.Session`)."""
        self.stay.end(Counted.ABORTED_CLIENTS)
        self._connection.let_go()
        if self._peer is not None:
            self._peer.close()

    @property
    def descriptor(self) -> int:
        """Descriptor of our own duplicate of the socket, which PyMySQL does not close."""
        assert self._peer is not None  # noqa: S101  set since the login
        return self._peer.fileno()

    def refusal(self, error: BaseException) -> ProbeError:
        """Say in our words what PyMySQL's `error` was about."""
        text = self._masked(str(error.args[-1]) if error.args else type(error).__name__)
        if self._connection.refused:
            number = int.from_bytes(self._connection.refused[1:3], "little")
            return ProbeError(said_by.cause(number), text, said=text, code=str(number))
        return ProbeError(Cause.UNKNOWN, text)

    def _ask(self, sql: str, *values: object) -> Sequence[Sequence[Any]]:
        self._clock.enter(Phase.QUERY)
        with self._translated(), self._connection.cursor() as cursor:
            cursor.execute(sql, values)
            rows: Sequence[Sequence[Any]] = cursor.fetchall()
            return rows

    def _rows(self, sql: str) -> Rows:
        self._clock.enter(Phase.QUERY)
        self._connection.refused = b""  # of an earlier question
        with self._translated(), self._connection.cursor(DictCursor) as cursor:
            cursor.execute(sql)
            return [{name.lower(): value for name, value in row.items()} for row in cursor.fetchall()]

    def _is_mariadb(self) -> bool:
        return "MariaDB" in self._connection.server_version

    def _guard(self) -> str:
        seconds = max(0.001, self._clock.remaining() * GUARD)
        if self._is_mariadb():
            return f"SET SESSION max_statement_time = {seconds:.3f}"
        return f"SET SESSION max_execution_time = {max(1, int(seconds * 1000))}"

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn what PyMySQL raises into our error; ours passes as it is."""
        try:
            yield
        except pymysql.Error as error:
            raise self.refusal(error) from None
        except (ProbeError, Stopped):
            raise
        except Exception as error:  # noqa: BLE001  its parsers and crypto raise all sorts on unexpected bytes
            detail = f"not understood by PyMySQL: {type(error).__name__}: {error}"
            raise ProbeError(Cause.UNKNOWN, self._masked(detail)) from None

    def _masked(self, text: str) -> str:
        return self._password.mask(text) if self._password else text
