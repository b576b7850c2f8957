"""libpq's connection, made to wait under our clock and to hear all that a server says."""

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import psycopg2
from psycopg2 import extensions

from exporter.db.footprint import NOWHERE
from exporter.db.postgres import console, counted, words
from exporter.db.postgres.libpq import as_text, connect_errno, connect_refusal, last_words
from exporter.model import Cause, Phase, ProbeError, Secret
from exporter.net.dial import await_connected, check_connected, connect_error
from exporter.net.phases import PhaseClock, closed_by_peer
from exporter.net.stream import MOST_BYTES, too_much
from exporter.net.tcp_info import tcp_info
from exporter.net.waiting import READABLE, WRITABLE
from exporter.said import postgres as said_by

# libpq's ConnStatusType, as psycopg2 passes it on in conn.info.status.
STARTED: Final = 2
MADE: Final = 3
SSL_STARTUP: Final = 7

MOST_ROUNDS: Final = 1_000_000
"""Rounds of SCRAM we let a server demand (its default is 4,096): libpq counts them without a pause."""
KEPT: Final = 65536
"""Bytes of an answer in which an error is looked for."""


class Wire:
    """One connection of libpq, driven by polling so that no wait is libpq's own.

    `console` is the version of the PgBouncer whose console answers; empty where a server does.
    """

    def __init__(
        self, settings: Mapping[str, str], secret: Secret, address: str, clock: PhaseClock, within: float
    ) -> None:
        """Connect to `address` within so many seconds; the login has not begun then."""
        self._address = address
        self._secret = secret
        self._clock = clock
        self.stay = NOWHERE
        self._answer = b""
        self._heard = 0
        self._secured = self._closed = False
        self._number = 0
        self.console = ""
        self._connect({**settings, "hostaddr": address}, within)

    def _connect(self, options: Mapping[str, Any], within: float) -> None:
        try:
            self._connection: Any = psycopg2.connect(**options, async_=1)
        except psycopg2.Error as error:
            raise connect_refusal(str(error), self._address) from None
        try:
            self._socket = self._own_socket()
        except OSError as error:
            self._connection.close()
            raise connect_error(error.errno or 0, self._address, at_once=True) from None
        try:
            await_connected(self._socket, self._address, self._clock, within)
        except BaseException:
            self.abandon()
            raise

    def log_in(self) -> None:
        """Let libpq negotiate TLS and log in."""
        try:
            self._until_ready()
            self._secured = bool(self._connection.info.ssl_in_use)
        finally:
            if not self._secured and self._clock.phase is not Phase.TLS:
                self._clock.give(Phase.TLS, to=self._clock.phase)
        self._number = int(self._connection.info.backend_pid)  # libpq forgets it with the connection
        self.console = console.version(self._connection)
        self._clock.enter(Phase.AUTH)

    @property
    def number(self) -> int:
        """Process number of the backend (see `exporter.db.dialect.Session`)."""
        return self._number

    @property
    def descriptor(self) -> int:
        """Descriptor of our own duplicate of libpq's socket."""
        return self._socket.fileno()

    def abandon(self) -> None:
        """Let go at once (see `exporter.db.dialect.Session`)."""
        self.note_end()
        self._connection.close()
        self._socket.close()

    def note_end(self) -> None:
        """Note what the server counts if libpq, which says goodbye where it can, lets go now."""
        if self.stay is not NOWHERE:
            counted.note_end(self.stay, self._connection, self._socket, self._answer, closed=self._closed)

    def _rows(self, sql: str, *values: object, kind: Any = extensions.cursor) -> Sequence[Any]:
        with self._connection.cursor(cursor_factory=kind) as cursor:  # must live until the answer is in
            with self._translated():
                cursor.execute(sql, values or None)
            self._until_ready()
            with self._translated():
                return cursor.fetchall() if cursor.description else ()

    def _own_socket(self) -> socket.socket:
        """Duplicate libpq's socket: it outlives libpq's own, to be asked and drained after the end."""
        return socket.socket(fileno=os.dup(self._connection.fileno()))

    def _listen(self) -> None:
        """Begin to hear something new: what came before, and whether the end had, is known by now."""
        info = tcp_info(self._socket.fileno())
        self._heard = info.bytes_received if info else 0
        self._closed = info is not None and info.ended
        self._answer = b""

    def _until_ready(self) -> None:
        """Poll libpq until it is done with what it is doing; its status tells the phase."""
        while True:
            with self._translated():
                state = self._connection.poll()
            if state == extensions.POLL_OK:
                return
            self._enter_phase()
            self._clock.wait(self._socket.fileno(), READABLE if state == extensions.POLL_READ else WRITABLE)
            if self._clock.phase is Phase.TCP:
                check_connected(self._socket, self._address)  # libpq would make text of its error
            else:
                self._look_at_answer()

    def _enter_phase(self) -> None:
        if self._clock.phase is Phase.QUERY:
            return
        status = self._connection.info.status
        self._secured = bool(self._connection.info.ssl_in_use)
        if status == STARTED and self._clock.phase is not Phase.TCP:
            # sslmode prefer and allow: libpq has given up one way and connects anew to try the other.
            self._socket.close()
            with self._translated():
                self._socket = self._own_socket()
            self._answer = b""
        if status != MADE:
            self._clock.enter({STARTED: Phase.TCP, SSL_STARTUP: Phase.TLS}.get(status, Phase.AUTH))

    def _look_at_answer(self) -> None:
        """Read along with libpq what it will not tell, such as the SQLSTATE of a refused login."""
        info = tcp_info(self._socket.fileno())
        if info is not None and info.bytes_received - self._heard > MOST_BYTES:
            raise too_much()
        if self._connection.info.ssl_in_use or len(self._answer) >= KEPT:
            return
        try:
            seen = self._socket.recv(KEPT, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except OSError:
            return  # libpq meets the same error and reports it
        if self._clock.phase is Phase.TLS and seen[:1] != b"E":
            return  # the answer to the request for TLS is one letter and no message
        self._answer += seen
        if words.scram_rounds(self._answer) > MOST_ROUNDS:
            raise ProbeError(Cause.UNKNOWN, f"the server demands more than {MOST_ROUNDS} rounds of SCRAM")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn what psycopg2 raises into our error."""
        try:
            yield
        except psycopg2.Error as error:
            raise self._refusal(str(error), error.pgcode or "") from None
        except UnicodeDecodeError as error:
            raise self._refusal(as_text(error), "") from None
        except UnicodeEncodeError:
            detail = "the query has characters that the encoding of the session has not"
            raise ProbeError(Cause.UNKNOWN, detail) from None
        except (ValueError, ArithmeticError, RecursionError):
            detail = "an answer of the server is not of the type that it says"
            raise ProbeError(Cause.UNKNOWN, detail) from None
        except OSError as error:
            raise connect_error(error.errno or 0, self._address, at_once=True) from None

    def _refusal(self, text: str, code: str) -> ProbeError:
        text = self._secret.mask(last_words(self._connection, text, self._answer))
        # After a second attempt libpq's text holds the words of both, and the code is that of one.
        code = "" if words.attempts(text) > 1 else words.sound(code) or words.sqlstate(self._answer)
        self._answer = b""  # the session may go on, and end of something else
        said = words.server_said(text)
        counted.note_words(self.stay, said, code, over=bool(self._connection.closed))
        if not said and (self._clock.phase is Phase.TCP or words.attempts(text) > 1):
            number = connect_errno(words.last_attempt(text))
            if number is not None:
                self._clock.enter(Phase.TCP)
                return connect_error(number, self._address, at_once=True)
        cause = said_by.cause(code, text)
        if cause is Cause.UNKNOWN and not said and said_by.ended(text):
            return closed_by_peer(self._clock.phase, self._socket.fileno())
        return ProbeError(cause, words.summary(text), said=said, code=code)
