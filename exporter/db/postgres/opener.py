"""Which parameters a PostgreSQL URL may have, and the way from a URL to a session."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import psycopg2
from psycopg2 import extensions

from exporter.db.dialect import PROGRAM, ParameterError, Pooled
from exporter.db.exercise import NoneLeft
from exporter.db.footprint import Footprint
from exporter.db.postgres import console
from exporter.db.postgres.encryption import postgres_encryption
from exporter.db.postgres.pooled import PooledConnection, PooledSession
from exporter.db.postgres.session import PostgresSession
from exporter.model import Endpoint, Phase, ProbeError, Secret
from exporter.net.dial import first_that_connects
from exporter.net.phases import PhaseClock

SSL_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
FILES: Final = ("sslrootcert", "sslcert", "sslkey", "sslcrl")
AUTHORITIES: Final = ("sslrootcert", "sslcrl", "sslcrldir")
"""Parameters by which a certificate is judged."""
FROM_URL: Final = (
    "host",
    "hostaddr",
    "port",
    "dbname",
    "database",
    "user",
    "password",
    "service",
    "dsn",
    "passfile",
)
NO_PASSWORD: Final = Secret(str, "nowhere")


class PostgresOpener:
    """Opens PostgreSQL sessions; libpq does the talking, we do the waiting."""

    driver = "postgresql+psycopg2"

    def __init__(self, endpoint: Endpoint, footprint: Footprint | None = None) -> None:
        _check(endpoint.params)
        self._endpoint = endpoint
        self._password = endpoint.password
        self.footprint = footprint or Footprint()
        self.speaks_sql = endpoint.database != console.OWN
        self.encryption = postgres_encryption(endpoint.params)
        # Written out, because libpq would otherwise ask the environment, files, or a person at the terminal.
        mode = endpoint.params.get("sslmode", "prefer")
        self._settings = {
            "sslmode": mode,
            "gssencmode": "disable",
            "require_auth": _acceptable(mode),
            "application_name": PROGRAM,
            "passfile": "/nonexistent",
            "sslpassword": " ",
            **endpoint.params,
            "host": endpoint.host,
            "port": str(endpoint.port),
            "user": endpoint.user,
            "dbname": endpoint.database,
        }

    def over_tls(self) -> "PostgresOpener | None":
        """Demand TLS where the URL switches it off (see `exporter.db.dialect.Opener`).

        Where the URL leaves it open, libpq has tried both ways already. The password is not handed over in
        clear text, as little as before: nobody knows to whom the certificate belongs.
        """
        if self.encryption is not None:
            return None
        kept = {name: value for name, value in self._endpoint.params.items() if name not in AUTHORITIES}
        acceptable = {"require_auth": self._settings["require_auth"]}
        params = {**kept, **acceptable, "sslmode": "require"}
        return PostgresOpener(replace(self._endpoint, params=params), self.footprint)

    def harmless(self) -> bool:
        """Say yes: PostgreSQL counts no broken attempts."""
        return True

    def keepalive(self, kernels: float | None) -> float | None:
        """Read libpq's parameters (see `exporter.db.dialect.Opener`); it refuses words, and 0 seconds."""
        params = self._endpoint.params
        try:
            wanted = int(params.get("keepalives", 1))
            seconds = int(params.get("keepalives_idle", kernels or 0))
        except ValueError:
            return None
        return float(seconds) if wanted and seconds > 0 else None

    def open(self, addresses: Sequence[str], clock: PhaseClock) -> PostgresSession:
        """Connect and log in (see `exporter.db.dialect.Opener`)."""
        settings, secret = self._login()
        clock.enter(Phase.TCP)
        session = first_that_connects(
            addresses,
            clock,
            lambda address, within: PostgresSession(settings, secret, address, clock, within),
        )
        try:
            session.log_in()
        except BaseException:
            session.abandon()
            raise
        if not session.console:  # which is no server, and counts nothing
            session.stay = self.footprint.begin(session.number)
        return session

    def pooled(
        self, addresses: Sequence[str], clock: PhaseClock, when_closed: Callable[[Pooled], None]
    ) -> PooledConnection:
        """Connect and log in as an application's pool does (see `exporter.db.dialect.Opener`)."""
        settings, secret = self._login()
        clock.enter(Phase.TCP)

        def attempt(address: str, within: float) -> PooledSession | ProbeError:
            try:
                return PooledSession(settings, secret, address, clock, within)
            except ProbeError as error:
                if clock.phase is Phase.TCP:
                    raise
                return error  # a login that fails would fail at the next address, too

        outcome = first_that_connects(addresses, clock, attempt)
        if isinstance(outcome, ProbeError):
            raise outcome
        if outcome.console:
            outcome.abandon()
            raise NoneLeft("nobody has a pool of connections to the console of a pooler")
        outcome.stay = self.footprint.begin(outcome.number)
        return outcome.hand_over(when_closed)

    def _login(self) -> tuple[dict[str, str], Secret]:
        settings = dict(self._settings)
        if self._password is not None:
            settings["password"] = self._password.reveal()
        return settings, self._password or NO_PASSWORD


def forget_environment() -> None:
    """Remove libpq's own variables: they would change every target, and hold passwords we cannot mask."""
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]


def _acceptable(mode: str) -> str:
    """Say which ways to log in libpq may go along with.

    GSSAPI and SSPI would talk to third parties without our deadline. A password in clear text is not
    handed to whoever asks on a connection that need not be encrypted.
    """
    return "!gss,!sspi" if mode in SSL_MODES[3:] else "!gss,!sspi,!password"


def _check(params: Mapping[str, str]) -> None:
    problems = [f"{name}: {problem}" for name, value in params.items() if (problem := _problem(name, value))]
    if problems:
        raise ParameterError(problems)


def _problem(name: str, value: str) -> str:
    if name in FROM_URL:
        return "is not allowed here; the URL itself says where and who"
    try:
        extensions.make_dsn(**{name: "1"})
    except psycopg2.ProgrammingError:
        return "unknown parameter; allowed: the connection keywords of libpq"
    if name == "sslmode" and value not in SSL_MODES:
        return f"{value!r} is no mode; allowed: {', '.join(SSL_MODES)}"
    if name in FILES and value != "system" and not Path(value).is_file():
        return f"{value!r} is no file that can be read"
    return ""
