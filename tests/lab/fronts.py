"""Real programs that stand between client and server and end connections there: HAProxy and PgBouncer.

They run on the router, or with no site on loopback. A client that is to meet one connects to its `host` and
`port`, not the server's.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Final, Literal, Self, TypeVar

from tests.lab.namespace import SEARCHED, start
from tests.lab.processes import family, frozen, listens
from tests.lab.routers import address
from tests.lab.site import Site
from tests.servers.database import NOBODY, PASSWORD, USER, Database, ServerMissing
from tests.waiting import wait_for

LOOPBACK: Final = "127.0.0.1"
KEEPER: Final = "keeper"
STRANGER: Final = "six"
"""Accounts of a PgBouncer beside the probing one: its administrator, and one that it only lets through."""
T = TypeVar("T")


def _here(what: Callable[[], T]) -> T:
    return what()


class Front:
    """A program on the router that the client reaches at `host` and `port`, made ready by the block.

    `database` is what lies behind it. It can be killed and started again. What it says is in `log`.
    """

    program: ClassVar[str]
    options: ClassVar[dict[str, Any]] = {}

    def __init__(self, site: Site | None, database: Database, port: int) -> None:
        if not shutil.which(self.program, path=SEARCHED):
            raise ServerMissing(f"no {self.program} found: install the package {self.program}")
        self.host, self.port = address(0, 2, 4) if site else LOOPBACK, port
        self._behind = (site.host if site else LOOPBACK), database.port
        self._run = site.router.run if site else _here
        self._directory = Path(
            tempfile.mkdtemp(prefix=f"{self.program}-", dir=site.directory if site else None)
        )
        self._directory.chmod(0o755)
        self.log = self._directory / "log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        for name, text in self.files().items():
            (self._directory / name).write_text(text)
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()
        shutil.rmtree(self._directory)

    def files(self) -> dict[str, str]:
        """Give its files by their names, `configuration` among them."""
        raise NotImplementedError

    def words(self) -> list[str]:
        """Give the command that runs it in the foreground, but for the path of its configuration."""
        raise NotImplementedError

    def start(self) -> None:
        """Start it, and wait until it listens."""
        words = [*self.words(), str(self._directory / "configuration")]
        options = self.options if os.geteuid() == 0 else {}
        with self.log.open("ab") as log:
            process = self._process = self._run(
                lambda: start(*words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **options)
            )
        wait_for(lambda: process.poll() is not None or listens(process.pid, self.port))
        assert process.poll() is None, self.log.read_text()

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End it: the kernel closes its connections. It stays ended until it is started."""
        if self._process:
            self._process.send_signal(number)
            self._process.wait(30)
            self._process = None

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Let it stand still with its connections open."""
        assert self._process
        with frozen(*family(self._process.pid)):
            yield


class Haproxy(Front):
    """HAProxy in TCP mode; it ends a connection after so many seconds of silence from client or server.

    It tries four times for `connect` seconds to reach the server, then it closes. Of connections to it there
    are `most`; others wait for three seconds, and are closed then.
    """

    program = "haproxy"

    def __init__(
        self,
        site: Site,
        database: Database,
        *,
        port: int = 9000,
        client: float = 3600,
        server: float = 3600,
        connect: float = 5,
        most: int | None = None,
    ) -> None:
        super().__init__(site, database, port)
        self._client, self._server, self._connect = client, server, connect
        self._most = "" if most is None else f" maxconn {most}"

    def words(self) -> list[str]:
        return [self.program, "-db", "-f"]

    def files(self) -> dict[str, str]:
        lines = (
            "defaults",
            "  mode tcp",
            f"  timeout connect {self._connect * 1000:.0f}ms",
            "  timeout queue 3s",
            f"  timeout client {self._client * 1000:.0f}ms",
            f"  timeout server {self._server * 1000:.0f}ms",
            "listen database",
            f"  bind {self.host}:{self.port}",
            f"  server one {self._behind[0]}:{self._behind[1]}{self._most}",
        )
        return {"configuration": "\n".join(lines) + "\n"}


class PgBouncer(Front):
    """PgBouncer before a PostgreSQL. `settings` are more lines of its configuration.

    `client_idle` concerns clients that have no session of the server: with session pooling, those that have
    not asked anything yet. Of its accounts one may look at its console, one may also work it, one neither.
    """

    program = "pgbouncer"
    options: ClassVar = {"user": NOBODY, "group": NOBODY, "extra_groups": []}

    def __init__(
        self,
        site: Site | None,
        database: Database,
        *,
        port: int = 6432,
        pooling: Literal["session", "transaction"] = "session",
        client_idle: float = 0,
        settings: tuple[str, ...] = (),
    ) -> None:
        super().__init__(site, database, port)
        self._settings = (f"pool_mode={pooling}", f"client_idle_timeout={client_idle}", *settings)

    def words(self) -> list[str]:
        return [self.program]

    def files(self) -> dict[str, str]:
        lines = (
            "[databases]",
            f"* = host={self._behind[0]} port={self._behind[1]}",
            "[pgbouncer]",
            f"listen_addr={self.host}",
            f"listen_port={self.port}",
            "unix_socket_dir=",
            "auth_type=scram-sha-256",
            f"auth_file={self._directory / 'users'}",
            f"stats_users={USER}",
            f"admin_users={KEEPER}",
            "max_client_conn=1000",
            "ignore_startup_parameters=extra_float_digits,options",
            *self._settings,
        )
        users = "".join(f'"{name}" "{PASSWORD}"\n' for name in (USER, KEEPER, STRANGER))
        return {"configuration": "\n".join(lines) + "\n", "users": users}
