"""Which parameters a MySQL URL may have, and the way from a URL to a session."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

import pymysql

from exporter.db.dialect import ParameterError, Pooled
from exporter.db.footprint import Footprint
from exporter.db.mysql.encryption import MysqlEncryption
from exporter.db.mysql.goodbye import Record
from exporter.db.mysql.pooled import PooledWire
from exporter.db.mysql.session import MysqlSession
from exporter.db.mysql.wire import Encrypt, Wire
from exporter.model import Cause, Endpoint, Phase, ProbeError
from exporter.net.dial import dial, first_that_connects
from exporter.net.handshake import TlsChannel
from exporter.net.phases import PhaseClock
from exporter.net.tls import FilesUnusable, TlsPolicy, Verify, client_context

W = TypeVar("W", bound=Wire)

TRUE: Final = ("1", "true", "yes", "on")
FALSE: Final = ("0", "false", "no", "off")
MODES: Final = ("disabled", "preferred", "required", "verify_ca", "verify_identity")
SWITCHES: Final = ("ssl_disabled", "ssl_check_hostname", "ssl_verify_cert", "ssl_verify_identity")
FILES: Final = ("ssl_ca", "ssl_cert", "ssl_key")
PARAMETERS: Final = ("charset", "ssl_mode", *SWITCHES, *FILES)
FREE: Final = 20
"""Logins broken off in a row after which the server is given rests: five minutes of the usual interval."""
FIRST_REST: Final = 60.0
LONGEST_REST: Final = 300.0
"""Seconds that the server is left alone then, doubling up to the longest: as late is the end seen."""


class MysqlOpener:
    """Opens MySQL and MariaDB sessions on sockets of our own."""

    driver = "mysql+pymysql"
    speaks_sql = True

    def __init__(self, endpoint: Endpoint, footprint: Footprint | None = None) -> None:
        _check(endpoint.params)
        self._endpoint = endpoint
        self.footprint = footprint or Footprint()
        policy = _tls_policy(endpoint.params)
        self._required = policy is not None and policy.required
        self.encryption = MysqlEncryption(policy, self.footprint) if policy else None
        self._encrypt = _encrypting(policy, endpoint.host) if policy else None
        self._record = Record(free=FREE, rest=FIRST_REST, longest=LONGEST_REST)

    def over_tls(self) -> "MysqlOpener | None":
        """Demand TLS where the URL switches it off (see `exporter.db.dialect.Opener`).

        Where the URL leaves it open, it is used wherever the server offers it.
        """
        if self.encryption is not None:
            return None
        kept = {name: value for name, value in self._endpoint.params.items() if name == "charset"}
        return MysqlOpener(replace(self._endpoint, params={**kept, "ssl_mode": "required"}), self.footprint)

    def harmless(self) -> bool:
        """Say no for a while after many logins in a row that were broken off (see `Record`)."""
        return self._record.harmless()

    def keepalive(self, kernels: float | None) -> float | None:
        """Leave it to the kernel: PyMySQL switches keepalives on, and has no parameter for them."""
        return kernels

    def open(self, addresses: Sequence[str], clock: PhaseClock) -> MysqlSession:
        """Connect and log in (see `exporter.db.dialect.Opener`)."""
        return self._open(addresses, clock, Wire)[0]

    def pooled(
        self, addresses: Sequence[str], clock: PhaseClock, when_closed: Callable[[Pooled], None]
    ) -> PooledWire:
        """Connect and log in as an application's pool does (see `exporter.db.dialect.Opener`)."""
        session, wire = self._open(addresses, clock, PooledWire)
        return wire.take_over(session, when_closed)

    def _open(self, addresses: Sequence[str], clock: PhaseClock, kind: type[W]) -> tuple[MysqlSession, W]:
        endpoint = self._endpoint
        connection = kind(
            clock,
            self._encrypt,
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
        self._record.count()
        try:
            session.log_in(sock)
        except ProbeError as error:
            unseen = error.cause is Cause.PROXY_BACKEND_UNAVAILABLE
            if connection.left_well or unseen:
                self._record.settle()
            if not unseen:
                self.footprint.count(*connection.counted)
            raise
        self._record.settle()
        session.stay = self.footprint.begin(session.number)
        return session, connection


def _encrypting(policy: TlsPolicy, host: str) -> Encrypt:
    """Give what puts TLS over a stream; the files are read once per target, because that takes 5 ms."""
    try:
        context = client_context(policy, judging=policy.verify is not Verify.NOTHING)
    except FilesUnusable as error:
        raise ParameterError([f"ssl_ca, ssl_cert, ssl_key: cannot be used: {error}"]) from None
    return lambda stream: TlsChannel(stream, context, policy, host)


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
