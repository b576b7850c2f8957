"""PyMySQL's connection, made to wait under our clock and to hear all that a server says."""

import ssl
from typing import Any, Final

import pymysql
from pymysql.connections import Connection

from exporter.db.dialect import PROGRAM
from exporter.model import Cause, Phase, ProbeError
from exporter.net.phases import PhaseClock
from exporter.net.stream import Stream, TlsStream, secure

ERROR: Final = b"\xff"
IN_CLEAR: Final = (b"mysql_clear_password", b"dialog")
"""Plugins that send the password as it is."""


class Wire(Connection):  # type: ignore[misc]  # PyMySQL ships no types
    """PyMySQL's connection with our TLS, and with an ear for what it would not hear."""

    def __init__(
        self, clock: PhaseClock, context: ssl.SSLContext | None, *, required: bool, **settings: Any
    ) -> None:
        # ssl_disabled keeps PyMySQL from building an SSLContext of its own each time, which takes 20 ms.
        # autocommit None leaves the server's own: anything else would cost a further question and answer.
        super().__init__(
            defer_connect=True, ssl_disabled=True, autocommit=None, program_name=PROGRAM, **settings
        )
        self._awaits_header = True
        self.refused = b""
        if context is not None:
            self.ssl = True
            self._ssl_required = required
            self.ctx = _Upgrade(context, clock)

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
                self.refused = body
                pymysql.err.raise_mysql_exception(body)
        elif not header and data[:1] == ERROR:
            self.refused = data
        return data

    def _process_auth(self, plugin_name: bytes, auth_packet: Any, handler: Any = None) -> Any:
        """Go along with another way to log in, unless it hands the password to whoever listens."""
        if plugin_name in IN_CLEAR and not isinstance(self._sock, TlsStream):
            said = f"the server asks for the password in clear text ({plugin_name.decode()}) without TLS"
            raise ProbeError(Cause.AUTH_NOT_ALLOWED, f"{said}: not given")
        return super()._process_auth(plugin_name, auth_packet, handler)


class _Upgrade:
    """Stands where PyMySQL expects an SSLContext, to keep the handshake under the clock."""

    def __init__(self, context: ssl.SSLContext, clock: PhaseClock) -> None:
        self._context = context
        self._clock = clock

    def wrap_socket(self, stream: Stream, server_hostname: str) -> TlsStream:
        """Do the TLS handshake as a phase of its own."""
        self._clock.enter(Phase.TLS)
        secured = secure(stream, self._context, server_hostname)
        self._clock.enter(Phase.AUTH)
        return secured
