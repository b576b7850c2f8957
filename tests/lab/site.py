"""A client, a router and a server, with real databases on the server: where held connections are tried.

with Site(certificates, Postgres, MariaDb) as site, site.client.entered():
    connection = psycopg2.connect(site.url("postgresql"))
"""

import contextlib
import signal
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

from tests.lab.firewall import Firewall
from tests.lab.processes import family, frozen
from tests.lab.routers import row
from tests.lab.ward import Ward
from tests.servers import Certificates, Database, Place, Postgres
from tests.waiting import wait_for

PORTS: Final = {"postgresql": 5432, "mariadb": 3306, "mysql": 3307}
CONNECTIONS: Final = {"max_connections": "200"}


class Reached(Protocol):
    """What stands before a server under an address of its own."""

    host: str
    port: int


class Site:
    """Three hosts, and databases of the given kinds; all is gone with the block, whatever happens in it.

    Everybody but the superuser reaches a database from `client` only, through `router`. With `winding` two
    routers more stand behind it, and one beside them that `row` can lead the way over.
    """

    def __init__(self, certificates: Certificates, *kinds: type[Database], winding: bool = False) -> None:
        with contextlib.ExitStack() as stack:
            self.row = stack.enter_context(row(3, beside=True) if winding else row(1))
            self.client, self.router, self.server = self.row.client, self.row.routers[0], self.row.server
            self.host, self.host_six = self.row.target(4), self.row.target(6)
            self.firewall = Firewall(self.router)
            self.directory = Path(tempfile.mkdtemp(prefix="conndrop-site-"))
            self.directory.chmod(0o755)
            addresses = ("127.0.0.1", self.host, self.host_six)
            place = Place(addresses=addresses, open=True, entered=self.server.entered)
            self.databases = {kind.name: kind(certificates, place) for kind in kinds}
            directories = [self.directory, *(one.directory for one in self.databases.values())]
            stack.enter_context(Ward(self.row.nodes, directories))
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        try:
            for name, database in self.databases.items():
                database.port = PORTS[name]
                if isinstance(database, Postgres):
                    database.settings |= CONNECTIONS
            # Each takes seconds, most of them for the disk.
            with ThreadPoolExecutor() as pool:
                list(pool.map(self._stack.enter_context, self.databases.values()))
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def url(
        self,
        name: str,
        params: Mapping[str, str] | None = None,
        *,
        via: Reached | None = None,
        version: int = 4,
    ) -> str:
        """Write the URL of a database as the client uses it, straight or `via` what stands before it."""
        database = self.databases[name]
        host = via.host if via else self.host if version == 4 else self.host_six
        return database.url(params or database.plain, host=host, port=via.port if via else None)

    @contextlib.contextmanager
    def down(self, name: str, *, crash: bool = False, by: signal.Signals | None = None) -> Iterator[None]:
        """Shut a database down, `by` a signal of its own, or let it crash; it runs again after the block."""
        database = self.databases[name]
        assert database.process
        pids = family(database.process.pid)
        database.halt(signal.SIGKILL if crash else by)
        wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
        try:
            yield
        finally:
            database.start()

    @contextlib.contextmanager
    def frozen(self, name: str, number: int | None = None) -> Iterator[None]:
        """Let a whole database stand still, or one session of a PostgreSQL."""
        database = self.databases[name]
        assert database.process
        with frozen(*([number] if number else family(database.process.pid))):
            yield
