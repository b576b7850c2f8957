"""A PostgreSQL session that is held: libpq takes in what has come, and never waits."""

import socket
from typing import Any, Final

import psycopg2

from exporter.db.footprint import Stay
from exporter.db.postgres import console, counted, words
from exporter.db.postgres.libpq import as_text, error_message, last_words
from exporter.model import Cause, ProbeError, Secret
from exporter.net.stream import MOST_BYTES, has_closed, too_much
from exporter.net.tcp_info import bytes_received
from exporter.said import postgres as said_by

GOOD: Final = 0
"""libpq's CONNECTION_OK."""
KEPT: Final = 4096
"""Bytes in which last words are looked for."""


class PostgresHeld:
    """One connection of libpq, of which `sock` is a duplicate (see `exporter.db.dialect.Held`).

    libpq closes its own socket at the first sign of an end; the duplicate stays until it is let go.
    """

    __slots__ = (
        "_answer",
        "_asked",
        "_before",
        "_clear",
        "_closed",
        "_connection",
        "_console",
        "_cursor",
        "_most",
        "_secret",
        "_socket",
        "_stay",
    )

    def __init__(self, connection: Any, sock: socket.socket, secret: Secret, stay: Stay) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._console = bool(console.version(connection))
        self._socket = sock
        self._secret = secret
        self._stay = stay
        self._clear = not connection.info.ssl_in_use
        self._asked = self._closed = False
        self._answer = b""
        self._before = error_message(connection)
        self._most = bytes_received(sock) + MOST_BYTES
        connection.notices.clear()

    def fileno(self) -> int:
        """Give the descriptor to wait for."""
        return self._socket.fileno()

    def ask(self, sql: str) -> None:
        """Send a query."""
        self._most = bytes_received(self._socket) + MOST_BYTES
        try:
            self._cursor.execute(console.spoken(sql) if self._console else sql)
        except psycopg2.Error as error:
            raise self._end(str(error)) from None
        self._asked = True

    def hear(self) -> bool:
        """Take in what has come; tell whether the answer is complete."""
        if self._connection.closed == 1:
            return has_closed(self._socket)
        self._read_along()
        answered = self._is_complete() and self._asked
        if answered:
            self._asked = False
            self._answer = words.behind_answer(self._answer)
            self._before = error_message(self._connection)
            self._connection.notices.clear()
            self._connection.notifies.clear()
            self._is_complete()  # what came in one packet with the answer is read only now
        if self._connection.info.status != GOOD:
            raise self._end(error_message(self._connection))
        return answered

    def part(self) -> None:
        """Send Terminate; libpq's own socket is closed then, and ours is not."""
        counted.note_end(self._stay, self._connection, self._socket, self._answer, closed=self._closed)
        self._connection.close()

    def abandon(self) -> None:
        """Close both."""
        self.part()
        self._socket.close()

    def _is_complete(self) -> bool:
        """Let libpq read, once; tell whether it is done with the answer, or with what came unasked."""
        try:
            return bool(self._connection.poll() == psycopg2.extensions.POLL_OK)
        except psycopg2.Error as error:
            if self._connection.closed:
                raise self._end(str(error)) from None
        except UnicodeDecodeError as error:
            if self._connection.closed:
                raise self._end(as_text(error)) from None
        return True  # refused, and the session goes on

    def _read_along(self) -> None:
        """Look at what libpq is about to read: it will not tell the SQLSTATE, nor when it is too much."""
        if bytes_received(self._socket) > self._most:
            raise too_much()
        try:
            came = self._socket.recv(KEPT, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except OSError:
            return  # libpq meets the same error and reports it
        self._closed = not came
        if self._clear and len(self._answer) < KEPT:
            self._answer += came

    def _end(self, text: str) -> ProbeError:
        text = last_words(self._connection, text, self._answer, before=self._before)
        text = self._secret.mask(text)
        said, code = words.server_said(text), words.sqlstate(self._answer)
        counted.note_words(self._stay, said, code, over=True)
        cause = said_by.cause(code, said) if said else Cause.UNKNOWN
        return ProbeError(cause, words.summary(text), said=said, code=code if said else "")
