"""PyMySQL's connection, made to wait under our clock and to hear all that a server says."""

import contextlib
import io
import sys
from collections.abc import Callable
from typing import Any, Final

import pymysql
from pymysql.connections import Connection
from pymysql.constants import CLIENT

from exporter.db.dialect import PROGRAM
from exporter.db.mysql.counted import BROKEN_OFF, LET_GO, UNANSWERED, refused
from exporter.db.mysql.goodbye import log_in_as_nobody
from exporter.db.mysql.packets import ERROR
from exporter.model import Cause, Counted, Phase, ProbeError
from exporter.net.handshake import TlsChannel
from exporter.net.phases import PhaseClock
from exporter.net.stream import NO_TIME, NotYet, Stream
from exporter.net.tls import NOT_OFFERED
from exporter.net.waiting import Stopped

IN_CLEAR: Final = (b"mysql_clear_password", b"dialog")
"""Plugins that send the password as it is."""

Encrypt = Callable[[Stream], TlsChannel]
"""Puts TLS over a stream, the handshake still to be done."""


class Wire(Connection):  # type: ignore[misc]  # PyMySQL ships no types
    """PyMySQL's connection with our TLS, and with an ear for what it would not hear.

    `left_well` tells that the server has refused us, or has been left as it likes to be left;
    `counted` is what it counts if we go now.
    """

    _sock: Any
    _rfile: Any

    def __init__(
        self, clock: PhaseClock, encrypt: Encrypt | None, *, required: bool, **settings: Any
    ) -> None:
        # ssl_disabled keeps PyMySQL from building an SSLContext of its own each time, which takes 20 ms.
        # autocommit None leaves the server's own: anything else would cost a further question and answer.
        super().__init__(
            defer_connect=True, ssl_disabled=True, autocommit=None, program_name=PROGRAM, **settings
        )
        self._clock = clock
        self._required = required
        self._awaits_header = True
        self.refused = b""
        self.left_well = False
        self.counted: tuple[Counted, ...] = BROKEN_OFF
        if encrypt is not None:
            self.ssl = True
            self.ctx = _Upgrade(encrypt)

    def release(self, stream: Stream) -> tuple[Stream | TlsChannel, bytes]:
        """Give the line over `stream`, and what has been read of it too early: what waits now raises NotYet.

        PyMySQL has nothing to close any more.
        """
        sock, reader = self._sock, self._rfile
        self._sock = self._rfile = None
        encrypted = isinstance(sock, _Encrypted)
        line: Stream | TlsChannel = sock.release() if encrypted else sock
        line.clock = stream.clock = NO_TIME
        came = b""
        with contextlib.suppress(NotYet, ProbeError):  # an end is there for the next who reads, too
            came = reader.peek()
        (reader.detach if encrypted else reader.close)()
        return line, came

    def let_go(self) -> None:
        """Close at once."""
        super()._force_close()

    def _force_close(self) -> None:
        """Let go of a line that has failed; one that only the daemon ends can still be left well."""
        if not isinstance(sys.exc_info()[1], Stopped):
            self.let_go()

    def _read_bytes(self, num_bytes: int) -> bytes:
        """Read a header or a body, in turn; keep an error packet, and hear one out that comes out of turn.

        A server that shuts down or has lost patience says so in a packet with sequence number 0, which
        PyMySQL takes for a lost connection without reading the reason.
        """
        data: bytes = super()._read_bytes(num_bytes)
        header, self._awaits_header = self._awaits_header, not self._awaits_header
        if header and data[3] == 0 and self._next_seq_id != 0:
            body: bytes = super()._read_bytes(int.from_bytes(data[:3], "little"))
            if body[:1] == ERROR:
                self._refuse(body)
                pymysql.err.raise_mysql_exception(body)
        elif not header and data[:1] == ERROR:
            self._refuse(data)
        return data

    def _request_authentication(self) -> None:
        """Log in; leave without having named ourselves where TLS cannot be had or its peer not trusted."""
        if self._required and not self.server_capabilities & CLIENT.SSL:
            self._leave(self._sock)
            raise ProbeError(Cause.AUTH_NOT_ALLOWED, NOT_OFFERED)
        self.counted = UNANSWERED
        try:
            super()._request_authentication()
        except _Distrusted as distrusted:
            self._leave(distrusted.channel)
            raise ProbeError(Cause.TLS_CERTIFICATE, distrusted.objection) from None
        except ProbeError:
            if self._clock.phase is Phase.TLS:
                self.counted = BROKEN_OFF
            raise
        self.counted = LET_GO

    def _process_auth(self, plugin_name: bytes, auth_packet: Any, handler: Any = None) -> Any:
        """Go along with another way to log in, unless it hands the password to whoever listens."""
        if plugin_name in IN_CLEAR and not self._secure:
            said = f"the server asks for the password in clear text ({plugin_name.decode()}) without TLS"
            raise ProbeError(Cause.AUTH_NOT_ALLOWED, f"{said}: not given")
        return super()._process_auth(plugin_name, auth_packet, handler)

    def _refuse(self, packet: bytes) -> None:
        self.refused = packet
        self.left_well = True
        if self.counted is not LET_GO:
            self.counted = refused(packet)

    def _leave(self, line: Stream | TlsChannel) -> None:
        """Say goodbye as part of phase `tls`, which is what has failed."""
        with contextlib.suppress(ProbeError):
            self.counted = log_in_as_nobody(line, self.client_flag)
            self.left_well = True
        self._clock.enter(Phase.TLS)
        self._clock.give(Phase.CLOSE, to=Phase.TLS)


class _Distrusted(Exception):
    """The handshake is done, and its certificate is none that the URL accepts."""

    def __init__(self, channel: TlsChannel, objection: str) -> None:
        super().__init__(objection)
        self.channel = channel
        self.objection = objection


class _Upgrade:
    """Stands where PyMySQL expects an SSLContext, to keep the handshake under the clock."""

    def __init__(self, encrypt: Encrypt) -> None:
        self._encrypt = encrypt

    def wrap_socket(self, stream: Stream, server_hostname: str) -> "_Encrypted":  # noqa: ARG002  ssl's own signature
        """Do the TLS handshake as a phase of its own, and judge the certificate before a word is said."""
        stream.clock.enter(Phase.TLS)
        channel = self._encrypt(stream)
        channel.shake_hands()
        objection = channel.objection()
        if objection:
            raise _Distrusted(channel, objection)
        stream.clock.enter(Phase.AUTH)
        return _Encrypted(stream, channel)


class _Encrypted(io.RawIOBase):
    """As much of a socket as PyMySQL uses, over TLS."""

    def __init__(self, stream: Stream, channel: TlsChannel) -> None:
        self._stream = stream
        self._channel = channel
        self._owned = True
        self.sendall = channel.sendall
        self.readinto = channel.recv_into  # type: ignore[assignment]  # io's own takes any buffer

    def release(self) -> TlsChannel:
        """Give the channel, with a socket that this does not close any more."""
        self._owned = False
        return self._channel

    def settimeout(self, value: float | None) -> None:
        """Do nothing: the clock decides how long to wait."""

    def readable(self) -> bool:
        """Say yes, as a reader's source must."""
        return True

    def makefile(self, _: str) -> io.BufferedReader:
        """Give the reading side."""
        return io.BufferedReader(self)

    def close(self) -> None:
        """Close the socket below."""
        super().close()
        if self._owned:
            self._stream.close()
