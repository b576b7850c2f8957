"""PostgreSQL through psycopg2: its phases, its words, its goodbye."""

import errno
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import psycopg2
from psycopg2 import extensions

from exporter.db.dialect import PROGRAM, ParameterError
from exporter.db.postgres import words
from exporter.model import Cause, Endpoint, Phase, ProbeError
from exporter.net.dial import CAUSES, connect_error, first_that_connects
from exporter.net.phases import PhaseClock, closed_by_peer
from exporter.net.stream import MOST_BYTES, drain, too_much
from exporter.net.tcp_info import tcp_info
from exporter.net.waiting import READABLE, WRITABLE

# libpq's ConnStatusType, as psycopg2 passes it on in conn.info.status.
STARTED: Final = 2
MADE: Final = 3
SSL_STARTUP: Final = 7

SSL_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
FILES: Final = ("sslrootcert", "sslcert", "sslkey", "sslcrl")
FROM_URL: Final = ("host", "hostaddr", "port", "dbname", "user", "password")


class PostgresOpener:
    """Opens PostgreSQL sessions; libpq does the talking, we do the waiting."""

    def __init__(self, endpoint: Endpoint) -> None:
        _check(endpoint)
        self._password = endpoint.password
        self._settings = {
            # Written out, because libpq would otherwise ask the environment of the daemon.
            "sslmode": "prefer",
            "gssencmode": "disable",
            "application_name": PROGRAM,
            **endpoint.params,
            "host": endpoint.host,
            "port": str(endpoint.port),
            "user": endpoint.user,
            "dbname": endpoint.database,
        }

    def open(self, addresses: Sequence[str], clock: PhaseClock) -> "PostgresSession":
        """Connect and log in (see `exporter.db.dialect.Opener`)."""
        settings = dict(self._settings)
        if self._password is not None:
            settings["password"] = self._password.reveal()
        clock.enter(Phase.TCP)
        session = first_that_connects(
            addresses, clock, lambda address, within: PostgresSession(settings, address, clock, within)
        )
        try:
            session.log_in()
        except BaseException:
            session.abandon()
            raise
        return session


class PostgresSession:
    """One connection of libpq, driven by polling so that no wait is libpq's own."""

    def __init__(self, settings: dict[str, str], address: str, clock: PhaseClock, within: float) -> None:
        """Connect to `address` within so many seconds; the login has not begun then."""
        self._clock = clock
        self._sqlstate = ""
        try:
            options: dict[str, Any] = {**settings, "hostaddr": address, "async_": 1}
            self._connection: Any = psycopg2.connect(**options)
        except psycopg2.Error as error:
            raise _at_once(str(error), address) from None
        self._socket = self._own_socket()
        try:
            clock.wait(self._socket.fileno(), WRITABLE, within=within)
            number = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if number:
                raise connect_error(number, address, at_once=False)
        except BaseException:
            self.abandon()
            raise

    def log_in(self) -> None:
        """Let libpq negotiate TLS and log in."""
        self._until_ready()
        self._clock.enter(Phase.AUTH)

    def query(self, sql: str, *, guarded: bool) -> None:
        """Run `sql` and take its result in (see `exporter.db.dialect.Session`)."""
        self._clock.enter(Phase.QUERY)
        if guarded:
            # One message and thus one transaction: SET LOCAL ends with it, also behind a pooler.
            limit = max(1, int(self._clock.remaining() * 900))
            sql = f"SET LOCAL statement_timeout = {limit}; {sql}"
        cursor = self._connection.cursor()  # must live until the answer is in
        try:
            cursor.execute(sql)
        except psycopg2.Error as error:
            raise self._refusal(error) from None
        self._until_ready()
        cursor.close()

    def close(self) -> None:
        """Send Terminate and wait for the server to close (see `exporter.db.dialect.Session`)."""
        self._clock.enter(Phase.CLOSE)
        self._connection.close()
        with self._socket:
            drain(self._socket, self._clock)

    def abandon(self) -> None:
        """Let go at once (see `exporter.db.dialect.Session`)."""
        self._connection.close()
        self._socket.close()

    def _own_socket(self) -> socket.socket:
        """Duplicate libpq's socket: it outlives libpq's own, to be asked and drained after the end."""
        return socket.socket(fileno=os.dup(self._connection.fileno()))

    def _until_ready(self) -> None:
        """Poll libpq until it is done with what it is doing; its status tells the phase."""
        while True:
            try:
                state = self._connection.poll()
            except psycopg2.Error as error:
                raise self._refusal(error) from None
            if state == extensions.POLL_OK:
                return
            self._enter_phase()
            self._clock.wait(self._socket.fileno(), READABLE if state == extensions.POLL_READ else WRITABLE)
            self._look_at_answer()

    def _enter_phase(self) -> None:
        if self._clock.phase is Phase.QUERY:
            return
        status = self._connection.info.status
        if status == STARTED and self._clock.phase is not Phase.TCP:
            # sslmode prefer and allow: libpq has given up one way and connects anew to try the other.
            self._socket.close()
            self._socket = self._own_socket()
        if status != MADE:
            self._clock.enter({STARTED: Phase.TCP, SSL_STARTUP: Phase.TLS}.get(status, Phase.AUTH))

    def _look_at_answer(self) -> None:
        """Read what libpq will not tell: the SQLSTATE of a refused login, and how much came in."""
        if self._clock.phase is Phase.AUTH and not self._connection.info.ssl_in_use:
            try:
                answer = self._socket.recv(8192, socket.MSG_PEEK | socket.MSG_DONTWAIT)
            except OSError:
                return  # libpq meets the same error and reports it
            self._sqlstate = words.sqlstate(answer) or self._sqlstate
        info = tcp_info(self._socket.fileno())
        if info is not None and info.bytes_received > MOST_BYTES:
            raise too_much()

    def _refusal(self, error: psycopg2.Error) -> ProbeError:
        # libpq keeps the server's last words even where the exception has lost them.
        kept = "" if self._connection.closed == 1 else self._connection.info.error_message or ""
        text = kept if words.server_said(kept) else str(error)
        code = error.pgcode or self._sqlstate
        said = words.server_said(text)
        cause = words.cause(code, text)
        if cause is Cause.UNKNOWN and not said and words.ended(text):
            return closed_by_peer(self._clock.phase, self._socket.fileno())
        return ProbeError(cause, words.summary(text), said=said, code=code)


def _at_once(text: str, address: str) -> ProbeError:
    """Map what libpq says when connect fails at once: only the text of the errno is left."""
    for number in CAUSES:
        if os.strerror(number) in text:
            return connect_error(number, address, at_once=True)
    if not text.strip():
        # libpq has no words when socket(2) found no descriptor free.
        return connect_error(errno.EMFILE, address, at_once=True)
    return ProbeError(words.cause("", text), words.summary(text))


def _check(endpoint: Endpoint) -> None:
    for name, value in endpoint.params.items():
        if name in FROM_URL:
            raise ParameterError(name, "belongs into the URL itself: postgresql://user@host:port/database")
        try:
            extensions.make_dsn(**{name: "1"})
        except psycopg2.ProgrammingError:
            raise ParameterError(
                name, "unknown parameter; allowed: the connection keywords of libpq"
            ) from None
        if name == "sslmode" and value not in SSL_MODES:
            raise ParameterError(name, f"{value!r} is no mode; allowed: {', '.join(SSL_MODES)}")
        if name in FILES and value != "system" and not Path(value).is_file():
            raise ParameterError(name, f"{value!r} is no file that can be read")
