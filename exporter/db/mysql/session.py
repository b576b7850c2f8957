"""MySQL and MariaDB through PyMySQL: their phases, their words, their goodbye."""

import os
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pymysql
from pymysql.connections import Connection

from exporter.db.dialect import PROGRAM, ParameterError
from exporter.db.mysql import words
from exporter.model import Cause, Endpoint, Phase, ProbeError, Secret
from exporter.net.dial import connect_error, dial, first_that_connects
from exporter.net.phases import PhaseClock
from exporter.net.stream import Stream, TlsStream, drain, secure
from exporter.net.tls import TlsPolicy, Verify, client_context
from exporter.net.waiting import Stopped

ERROR: Final = b"\xff"
IN_CLEAR: Final = (b"mysql_clear_password", b"dialog")
"""Plugins that send the password as it is."""

TRUE: Final = ("1", "true", "yes", "on")
FALSE: Final = ("0", "false", "no", "off")
MODES: Final = ("disabled", "preferred", "required", "verify_ca", "verify_identity")
SWITCHES: Final = ("ssl_disabled", "ssl_check_hostname", "ssl_verify_cert", "ssl_verify_identity")
FILES: Final = ("ssl_ca", "ssl_cert", "ssl_key")
PARAMETERS: Final = ("charset", "ssl_mode", *SWITCHES, *FILES)


class MysqlOpener:
    """Opens MySQL and MariaDB sessions on sockets of our own."""

    def __init__(self, endpoint: Endpoint) -> None:
        _check(endpoint.params)
        self._endpoint = endpoint
        policy = _tls_policy(endpoint.params)
        self._required = policy is not None and policy.required
        try:
            self._context = client_context(policy, TlsStream) if policy else None
        except OSError as error:
            raise ParameterError([f"ssl_ca, ssl_cert, ssl_key: cannot be used: {error}"]) from None

    def open(self, addresses: Sequence[str], clock: PhaseClock) -> "MysqlSession":
        """Connect and log in (see `exporter.db.dialect.Opener`)."""
        endpoint = self._endpoint
        connection = _Wire(
            clock,
            self._context,
            required=self._required,
            host=endpoint.host,
            port=endpoint.port,
            user=endpoint.user,
            password=endpoint.password.reveal().encode() if endpoint.password else b"",
            database=endpoint.database or None,
            charset=endpoint.params.get("charset", "utf8mb4"),
        )
        clock.enter(Phase.TCP)
        sock = first_that_connects(
            addresses, clock, lambda address, within: dial(address, endpoint.port, clock, within)
        )
        # PyMySQL waits for the server's greeting first; that is the beginning of the login.
        clock.enter(Phase.AUTH)
        session = MysqlSession(connection, endpoint.password, clock)
        session.log_in(sock)
        return session


class _Wire(Connection):  # type: ignore[misc]  # PyMySQL ships no types
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


class MysqlSession:
    """One connection of PyMySQL."""

    def __init__(self, connection: _Wire, password: Secret | None, clock: PhaseClock) -> None:
        self._connection = connection
        self._password = password
        self._clock = clock
        self._peer: socket.socket | None = None

    def log_in(self, sock: socket.socket) -> None:
        """Read the greeting, negotiate TLS, log in."""
        try:
            # A duplicate, because PyMySQL closes its own at once and the server's goodbye would be lost.
            self._peer = socket.socket(fileno=os.dup(sock.fileno()))
        except OSError as error:
            sock.close()
            raise connect_error(error.errno or 0, self._connection.host, at_once=True) from None
        try:
            with self._translated():
                self._connection.connect(Stream.over(sock, self._clock))
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

    def close(self) -> None:
        """Send COM_QUIT and wait for the server to close (see `exporter.db.dialect.Session`)."""
        self._clock.enter(Phase.CLOSE)
        assert self._peer is not None  # noqa: S101  set since the login
        with self._peer:
            self._connection.close()
            drain(self._peer, self._clock)

    def abandon(self) -> None:
        """Let go at once (see `exporter.db.dialect.Session`)."""
        self._connection._force_close()
        if self._peer is not None:
            self._peer.close()

    def _guard(self) -> str:
        seconds = self._clock.remaining() * 0.9
        if "MariaDB" in self._connection.server_version:
            return f"SET SESSION max_statement_time = {seconds:.3f}"
        return f"SET SESSION max_execution_time = {max(1, int(seconds * 1000))}"

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn what PyMySQL raises into our error; ours passes as it is."""
        try:
            yield
        except pymysql.Error as error:
            raise self._refusal(error) from None
        except (ProbeError, Stopped):
            raise
        except Exception as error:  # noqa: BLE001  its parsers and crypto raise all sorts on unexpected bytes
            detail = f"not understood by PyMySQL: {type(error).__name__}: {error}"
            raise ProbeError(Cause.UNKNOWN, self._masked(detail)) from None

    def _refusal(self, error: pymysql.Error) -> ProbeError:
        text = self._masked(str(error.args[-1]) if error.args else type(error).__name__)
        if self._connection.refused:
            number = int.from_bytes(self._connection.refused[1:3], "little")
            return ProbeError(words.cause(number), text, said=text, code=str(number))
        if error.args[:1] == (words.NO_TLS,):
            self._clock.enter(Phase.TLS)
            return ProbeError(Cause.AUTH_NOT_ALLOWED, text)
        return ProbeError(Cause.UNKNOWN, text)

    def _masked(self, text: str) -> str:
        return self._password.mask(text) if self._password else text


def _check(params: Mapping[str, str]) -> None:
    problems = [f"{name}: {problem}" for name, value in params.items() if (problem := _problem(name, value))]
    if problems:
        raise ParameterError(problems)


def _problem(name: str, value: str) -> str:
    if name not in PARAMETERS:
        return f"unknown parameter; allowed: {', '.join(PARAMETERS)}"
    if name in SWITCHES and value.lower() not in TRUE + FALSE:
        return f"{value!r} is neither; allowed: true, false"
    if name == "ssl_mode" and value.lower() not in MODES:
        return f"{value!r} is no mode; allowed: {', '.join(MODES)}"
    if name in FILES and not Path(value).is_file():
        return f"{value!r} is no file that can be read"
    if name == "charset" and pymysql.charset.charset_by_name(value) is None:
        return f"{value!r} is no character set that PyMySQL knows, such as utf8mb4"
    return ""


def _tls_policy(params: Mapping[str, str]) -> TlsPolicy | None:
    """Read MySQL's own ssl_mode, or the switches that SQLAlchemy and PyMySQL take; None means no TLS.

    Without any of them TLS is used if the server offers it, and nothing is checked: PyMySQL's default.
    """
    switches = {name: params[name].lower() in TRUE for name in SWITCHES if name in params}
    files = {name: params[name] for name in FILES if name in params}
    mode = params.get("ssl_mode", "").lower()
    if mode == "disabled" or switches.get("ssl_disabled"):
        return None
    return TlsPolicy(
        required=mode in MODES[2:] or any(switches.values()) or bool(files),
        verify=_verify(mode, switches, has_ca="ssl_ca" in files),
        ca=files.get("ssl_ca", ""),
        certificate=files.get("ssl_cert", ""),
        key=files.get("ssl_key", ""),
    )


def _verify(mode: str, switches: Mapping[str, bool], *, has_ca: bool) -> Verify:
    """Decide what is checked; as in SQLAlchemy, naming a CA means checking chain and name."""
    if mode:
        by_mode = {"verify_identity": Verify.CHAIN_AND_NAME, "verify_ca": Verify.CHAIN}
        return by_mode.get(mode, Verify.CHAIN if has_ca else Verify.NOTHING)
    if switches.get("ssl_verify_identity") or (has_ca and switches.get("ssl_check_hostname", True)):
        return Verify.CHAIN_AND_NAME
    return Verify.CHAIN if has_ca or switches.get("ssl_verify_cert") else Verify.NOTHING
