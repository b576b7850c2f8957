"""MariaDB and MySQL for the suite."""

import contextlib
import os
import re
import shutil
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pymysql
from pymysql.constants import ER

from tests.servers.certificates import Certificates
from tests.servers.database import LOOPBACK, PASSWORD, USER, Database, Place, ServerMissing

FULL = 10
GRANTS = Path(__file__).parents[2] / "deploy" / "grants"
MYSQLD = Path(__file__).parents[2] / ".cache" / "mysql" / "mysqld"
"""Where `tests/prepare` puts a MySQL, because no Debian release has one beside MariaDB."""


class MysqlFamily(Database):
    """What MariaDB and MySQL share."""

    plain: ClassVar = {"ssl_mode": "disabled"}
    encrypted: ClassVar = {"ssl_mode": "required"}

    @property
    def path(self) -> str:
        """The server's own socket, for its superuser."""
        return str(self.directory / "s")

    def options(self) -> list[str]:
        """Options that both servers know."""
        settings = {"skip_name_resolve": "ON"} | self.settings
        return [
            f"--datadir={self.directory / 'data'}",
            f"--port={self.port}",
            f"--socket={self.path}",
            f"--pid-file={self.directory / 'pid'}",
            f"--tmpdir={self.directory}",  # those that start sweep theirs, whoever is in there
            f"--bind-address={','.join(self.place.addresses)}",
            "--innodb-buffer-pool-size=32M",
            "--performance-schema=ON",
            f"--ssl-ca={self.certificates.ca}",
            f"--ssl-cert={self.certificate}",
            f"--ssl-key={self.key}",
            *(f"--{name.replace('_', '-')}={value}" for name, value in settings.items()),
        ]

    def create_account(self) -> None:
        self.admin("CREATE DATABASE shop")
        # Nobody may come from ::1, so that a host that is not allowed can be tried.
        hosts = "%" if self.place.open else "127.0.0.1"
        for user in (USER, "encrypted"):
            self.grant(f"'{user}'@'{hosts}'")
        self.admin(f"ALTER USER 'encrypted'@'{hosts}' REQUIRE SSL")

    def grant(self, account: str) -> None:
        """Make an account as people are told to, and let it into the tests' database, without rights."""
        password = PASSWORD.replace("'", "''")
        script = re.sub(r"--.*", "", (GRANTS / f"{self.name}.sql").read_text())
        for sql in filter(None, map(str.strip, script.split(";"))):
            self.admin(sql.replace("'conndrop'@'%'", account).replace("change-me", password))
        self.admin(f"GRANT REFERENCES ON shop.* TO {account}")

    def connect(self) -> Any:
        """Open a superuser's connection over the server's own socket."""
        connection: Any = pymysql.connect(
            unix_socket=self.path, user="root", ssl_disabled=True, autocommit=True, defer_connect=True
        )
        sock = socket.socket(socket.AF_UNIX)
        try:
            # PyMySQL would leave its own socket open when nothing listens yet.
            sock.connect(self.path)
            connection.connect(sock)
        except BaseException:
            sock.close()
            raise
        return connection

    def admin(self, sql: str) -> list[tuple[object, ...]]:
        with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def verified(self) -> Mapping[str, str]:
        return {"ssl_mode": "verify_identity", "ssl_ca": str(self.certificates.ca)}

    def aborted(self) -> int:
        rows = self.admin("SHOW GLOBAL STATUS LIKE 'Aborted%'")
        return sum(int(str(value)) for _, value in rows)

    @contextlib.contextmanager
    def admitting_six(self) -> Iterator[None]:
        password = PASSWORD.replace("'", "''")
        self.admin(f"CREATE USER six@'::1' IDENTIFIED BY '{password}'")
        self.admin("GRANT ALL ON shop.* TO six@'::1'")
        try:
            yield
        finally:
            self.admin("DROP USER six@'::1'")

    def kill_sessions(self) -> bool:
        found = self.numbers()
        for number in found:
            self.kill(number)
        return bool(found)

    def numbers(self) -> list[int]:
        rows = self.admin("SHOW PROCESSLIST")
        return sorted(int(str(row[0])) for row in rows if row[1] == USER)

    def kill(self, number: int) -> None:
        try:
            self.admin(f"KILL {number}")
        except pymysql.err.OperationalError as error:
            if error.args[0] != ER.NO_SUCH_THREAD:  # it has ended by itself
                raise

    @contextlib.contextmanager
    def limited(self, setting: str, seconds: int) -> Iterator[None]:
        before = self.admin(f"SELECT @@GLOBAL.{setting}")[0][0]
        self.admin(f"SET GLOBAL {setting} = {seconds}")
        try:
            yield
        finally:
            self.admin(f"SET GLOBAL {setting} = {before}")

    def sleep(self, seconds: float) -> str:
        return f"SELECT sleep({seconds})"

    @property
    def busy(self) -> str:
        # Not sleep() or benchmark(): their interruption is taken for an answer.
        tables = ", ".join(f"information_schema.collations {alias}" for alias in "abcd")
        return f"SELECT count(*) FROM {tables} WHERE a.id + b.id + c.id + d.id = -1"

    @property
    def sessions(self) -> str:
        attributes = "performance_schema.session_connect_attrs"
        return f"SELECT attr_value FROM {attributes} WHERE attr_name = 'program_name'"

    @contextlib.contextmanager
    def full(self) -> Iterator[None]:
        before = self.admin("SELECT @@GLOBAL.max_connections")[0][0]
        with contextlib.ExitStack() as held:
            control, *_ = [held.enter_context(contextlib.closing(self.connect())) for _ in range(FULL)]
            with control.cursor() as cursor:
                cursor.execute("SHOW GLOBAL STATUS LIKE 'Threads_connected'")
                cursor.execute(f"SET GLOBAL max_connections = {cursor.fetchall()[0][1]}")
                try:
                    yield
                finally:
                    cursor.execute(f"SET GLOBAL max_connections = {before}")


class MariaDb(MysqlFamily):
    """The installed MariaDB."""

    name = "mariadb"
    scheme = "mariadb"

    def __init__(self, certificates: Certificates, place: Place = LOOPBACK) -> None:
        program = shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/libexec")
        installer = shutil.which("mariadb-install-db")
        if not program or not installer:
            raise ServerMissing("no MariaDB server found: install the package mariadb-server")
        self.program, self.installer = program, installer
        super().__init__(certificates, place)

    def initialise(self) -> None:
        self.run(
            self.installer,
            "--no-defaults",
            f"--datadir={self.directory / 'data'}",
            f"--tmpdir={self.directory}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        )

    def command(self) -> list[str]:
        return [self.program, "--no-defaults", *self.options()]

    def create_account(self) -> None:
        # Anonymous users would come before '%' and take the login away from everyone else.
        self.admin("DELETE FROM mysql.global_priv WHERE user = '' OR host NOT IN ('localhost')")
        self.admin("FLUSH PRIVILEGES")
        super().create_account()

    def reload_certificate(self) -> None:
        self.admin("FLUSH SSL")


class MySql(MysqlFamily):
    """The MySQL that `tests/prepare` has fetched."""

    name = "mysql"
    scheme = "mysql"

    def __init__(self, certificates: Certificates, place: Place = LOOPBACK) -> None:
        if not MYSQLD.exists():
            raise ServerMissing(
                "no MySQL server found: run tests/prepare, which fetches one into .cache/mysql"
            )
        super().__init__(certificates, place)

    def initialise(self) -> None:
        self.run(
            str(MYSQLD), *self.as_root(), f"--datadir={self.directory / 'data'}", "--initialize-insecure"
        )

    def command(self) -> list[str]:
        return [str(MYSQLD), *self.as_root(), *self.options(), "--mysqlx=OFF", "--skip-log-bin"]

    def identity(self) -> dict[str, Any]:
        # It lies in the clone, where nobody may be allowed to look; so it stays root where the suite is.
        return {}

    def as_root(self) -> list[str]:
        """Say that being root is meant."""
        return ["--user=root"] if os.geteuid() == 0 else []

    def reload_certificate(self) -> None:
        self.admin("ALTER INSTANCE RELOAD TLS")
