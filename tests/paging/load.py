"""Steady work of an application that is well: a pool, fresh connections, large answers, long rests.

It runs as a process of its own on the client: python -m tests.paging.load is told what to do.
"""

import contextlib
import json
import random
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from sqlalchemy import Engine, create_engine, text

from tests.lab.application import connected
from tests.lab.site import PORTS, Site
from tests.lab.told import Told

DRIVERS: Final = {
    "postgresql": "postgresql+psycopg2://",
    "mariadb": "mysql+pymysql://",
    "mysql": "mysql+pymysql://",
}
BORROWERS: Final = 3
"""How many take connections from one pool by turns."""
PAUSE: Final = 0.3
FRESH: Final = 1.0
LARGE: Final = 5.0
REST: Final = 10.0
"""Seconds on average from one use to the next, of each kind."""
BYTES: Final = 2_000_000
"""Length of a large answer."""


class Load(Told):
    """An application on a site's client that works with all of its databases."""

    def __init__(self, site: Site) -> None:
        logins = [{"name": name, "host": site.host, "port": PORTS[name]} for name in site.databases]
        super().__init__("tests.paging.load", site.client, begin=logins)

    def done(self) -> int:
        """Count what was asked and answered."""
        return self.tell(done=True)

    def failed(self) -> int:
        """Count what went wrong; what it was stands on standard error."""
        return self.tell(failed=True)

    def end(self) -> None:
        """Say goodbye on all connections."""
        self.tell(end=True)


class Work:
    """What the process does."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._threads: list[threading.Thread] = []
        self._pools: list[Engine] = []

    def obey(self, orders: Mapping[str, Any]) -> int:
        """Take one order; give the number that it asks for."""
        ((order, value),) = orders.items()
        answer: int = getattr(self, f"_{order}_")(value)
        return answer

    def _begin_(self, logins: list[dict[str, Any]]) -> int:
        for login in logins:
            pool = create_engine(DRIVERS[login["name"]], creator=partial(connected, login))
            self._pools.append(pool)
            self._again(FRESH, partial(_fresh, login))
            self._again(LARGE, partial(_borrowed, pool, f"SELECT repeat('x', {BYTES})"))
            for _ in range(BORROWERS):
                self._again(PAUSE, partial(_borrowed, pool, "SELECT 1"))
            self._start(partial(self._counted, partial(self._rest, login)))
        return len(self._threads)

    def _done_(self, _: bool) -> int:
        return self._counts["done"]

    def _failed_(self, _: bool) -> int:
        return self._counts["failed"]

    def _end_(self, _: bool) -> int:
        self._over.set()
        for thread in self._threads:
            thread.join()
        for pool in self._pools:
            pool.dispose()
        return len(self._threads)

    def _start(self, what: Callable[[], None]) -> None:
        thread = threading.Thread(target=what, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _again(self, seconds: float, what: Callable[[], None]) -> None:
        """Do something every so many seconds on average."""

        def repeat() -> None:
            while not self._over.wait(random.uniform(0.5, 1.5) * seconds):  # noqa: S311  no secret
                self._counted(what)

        self._start(repeat)

    def _rest(self, login: Mapping[str, Any]) -> None:
        """Keep one connection, and use it now and then."""
        with contextlib.closing(connected(login)) as connection:
            while not self._over.wait(REST):
                self._counted(partial(_ask, connection))

    def _counted(self, what: Callable[[], None]) -> None:
        kind = "failed"
        try:
            what()
            kind = "done"
        except Exception as error:  # noqa: BLE001  whatever it is, it should not have been
            sys.stderr.write(f"load: {type(error).__name__}: {error}\n")
        with self._lock:
            self._counts[kind] += 1


def _fresh(login: Mapping[str, Any]) -> None:
    with contextlib.closing(connected(login)) as connection:
        _ask(connection)


def _ask(connection: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert len(cursor.fetchall()) == 1
    connection.commit()


def _borrowed(pool: Engine, sql: str) -> None:
    with pool.connect() as connection:
        for _ in range(3):
            assert connection.execute(text(sql)).one()


def main() -> None:
    """Work until standard input ends; each line of it is an order, and is answered."""
    work = Work()
    for line in sys.stdin:
        sys.stdout.write(f"{work.obey(json.loads(line))}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
