"""An application with SQLAlchemy pools that is at work all the time, and tells Prometheus how it fares.

It runs as a process of its own on the client: python -m tests.dashboards.shop is told what to do.
"""

import contextlib
import json
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Final

from prometheus_client import CollectorRegistry, disable_created_metrics, start_http_server
from sqlalchemy import Engine, NullPool, QueuePool, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from exporter.instrument import instrument, retrying
from tests.lab.site import Site
from tests.lab.told import Told
from tests.servers.database import PASSWORD, USER

BORROWERS: Final = 2
"""How many take connections from one pool by turns."""
PAUSE: Final = 0.5
FRESH: Final = 2.0
LARGE: Final = 5.0
"""Seconds on average from one use to the next, of each kind."""
BYTES: Final = 500_000
"""Length of a large answer."""
POOL: Final = {"pool_size": 2, "max_overflow": 2, "pool_timeout": 2, "pool_recycle": 3600}
OPTIONS: Final[Mapping[str, Mapping[str, Any]]] = {
    "postgresql+psycopg2": {"connect_timeout": 3, "tcp_user_timeout": 5000},
    "mysql+pymysql": {"connect_timeout": 3, "read_timeout": 20, "ssl_disabled": True},
}
"""How long each driver waits, so that what is lost is an error some time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Where the shop finds a database that it knows by a name."""

    name: str
    driver: str
    host: str
    port: int

    @property
    def url(self) -> URL:
        """Give the URL that SQLAlchemy takes."""
        return URL.create(self.driver, USER, PASSWORD, self.host, self.port, "shop")


class Shop(Told):
    """The application on a site's client. One connection to each database rests for so many seconds."""

    def __init__(self, site: Site, logins: Sequence[Login], rest: float) -> None:
        super().__init__("tests.dashboards.shop", site.client, begin=list(map(asdict, logins)), rest=rest)
        self.address = f"127.0.0.1:{self.tell(serve=True)}"

    @contextlib.contextmanager
    def hoarding(self, name: str) -> Iterator[None]:
        """Let it keep all connections to a database that its pool has, and those it may open."""
        self.tell(hoard=name)
        try:
            yield
        finally:
            self.tell(release=True)


class Work:
    """What the process does."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._logins: list[Login] = []
        self._pools: dict[str, Engine] = {}
        self._hoard = contextlib.ExitStack()

    def obey(self, orders: Mapping[str, Any]) -> int:
        """Take orders; give the number that the last one asks for."""
        answer = 0
        for order, value in orders.items():
            answer = getattr(self, f"_{order}_")(value)
        return answer

    def _begin_(self, logins: list[dict[str, Any]]) -> int:
        self._logins = [Login(**words) for words in logins]
        for login in self._logins:
            pool = self._pools[login.name] = self._engine(login, poolclass=QueuePool, **POOL)
            fresh = self._engine(login, poolclass=NullPool)
            _again(FRESH, partial(_ask, fresh, "SELECT 1"))
            _again(LARGE, partial(_ask, pool, f"SELECT repeat('x', {BYTES})"))
            for _ in range(BORROWERS):
                _again(PAUSE, partial(_ask, pool, "SELECT 1"))
        return len(logins)

    def _rest_(self, seconds: float) -> int:
        """Have a pool of one connection that is used this seldom, and replaced now and then."""
        for login in self._logins:
            pool = self._engine(login, poolclass=QueuePool, pool_size=1, pool_recycle=int(3 * seconds))
            _again(seconds, partial(_ask, pool, "SELECT 1"))
        return len(self._logins)

    def _serve_(self, _: bool) -> int:
        server, _thread = start_http_server(0, "127.0.0.1", self._registry)
        return int(server.server_port)

    def _hoard_(self, name: str) -> int:
        with contextlib.suppress(SQLAlchemyError):
            for _ in range(POOL["pool_size"] + POOL["max_overflow"]):
                kept = self._hoard.enter_context(self._pools[name].connect())
                kept.execute(text("SELECT 1"))
        return 0

    def _release_(self, _: bool) -> int:
        with contextlib.suppress(SQLAlchemyError):
            self._hoard.close()
        return 0

    def _engine(self, login: Login, **settings: Any) -> Engine:
        engine = create_engine(login.url, connect_args=dict(OPTIONS[login.driver]), **settings)
        instrument(engine, login.name, self._registry)
        return engine


@retrying(attempts=2)
def _ask(engine: Engine, sql: str) -> None:
    """Ask something over a connection; once more where it turns out to be dead."""
    with engine.connect() as connection:
        connection.execute(text(sql)).one()


def _again(seconds: float, what: Callable[[], None]) -> None:
    """Do something every so many seconds on average, for good; what fails has been counted."""

    def repeat() -> None:
        while True:
            time.sleep(random.uniform(0.8, 1.2) * seconds)  # noqa: S311  no secret
            with contextlib.suppress(SQLAlchemyError):
                what()

    threading.Thread(target=repeat, daemon=True).start()


def main() -> None:
    """Work until standard input ends; each line of it is an order, and is answered."""
    disable_created_metrics()  # type: ignore[no-untyped-call]  # it has none
    work = Work()
    for line in sys.stdin:
        sys.stdout.write(f"{work.obey(json.loads(line))}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
