"""An application of somebody else on the client, with connections of its own to a database.

It runs as a process of its own: python -m tests.lab.application is told line by line what to do.
"""

import contextlib
import json
import os
import sys
from collections.abc import Mapping
from typing import Any, Final

import psycopg2
import pymysql

from tests.lab.site import PORTS, Site
from tests.lab.told import Told
from tests.servers.database import PASSWORD, USER

TIMEOUT: Final = 3


class Application(Told):
    """An application on a site's client that uses one database, by name."""

    def __init__(self, site: Site, name: str) -> None:
        super().__init__(
            "tests.lab.application", site.client, login={"name": name, "host": site.host, "port": PORTS[name]}
        )

    def open(self, count: int) -> int:
        """Open so many connections more, as far as there is any succeeding; give how many are open."""
        return self.tell(open=count)

    def close(self) -> int:
        """Say goodbye on all connections."""
        return self.tell(close=True)

    def refused(self) -> int:
        """Try to log in with a wrong password."""
        return self.tell(refused=True)

    def query(self, sql: str) -> int:
        """Run a query on a connection of its own."""
        return self.tell(query=sql)

    def vanish(self) -> None:
        """Die without goodbye."""
        assert self._process.stdin
        self._process.stdin.write(b'{"vanish": true}\n')
        self._process.stdin.flush()
        self._process.wait(10)


class Work:
    """What the process does."""

    def __init__(self) -> None:
        self._login: dict[str, Any] = {}
        self._open: list[Any] = []

    def obey(self, orders: dict[str, Any]) -> int:
        """Take orders; give how many connections are open."""
        self._login = orders.pop("login", self._login)
        for order, value in orders.items():
            getattr(self, f"_{order}_")(value)
        return len(self._open)

    def _open_(self, count: int) -> None:
        for _ in range(count):
            try:
                self._open.append(connected(self._login))
            except (psycopg2.Error, pymysql.Error):
                return

    def _close_(self, _: bool) -> None:
        while self._open:
            with contextlib.suppress(psycopg2.Error, pymysql.Error):
                self._open.pop().close()

    def _refused_(self, _: bool) -> None:
        with contextlib.suppress(psycopg2.Error, pymysql.Error):
            connected(self._login, "wrong").close()

    def _query_(self, sql: str) -> None:
        with contextlib.closing(connected(self._login)) as connection, connection.cursor() as cursor:
            cursor.execute(sql)

    def _vanish_(self, _: bool) -> None:
        os._exit(1)


def connected(login: Mapping[str, Any], password: str = PASSWORD) -> Any:
    """Open a connection (PEP 249) to the database that a login names, at its `host` and `port`."""
    where = {"host": login["host"], "port": login["port"], "user": USER, "password": password}
    if login["name"] == "postgresql":
        return psycopg2.connect(dbname="shop", sslmode="disable", connect_timeout=TIMEOUT, **where)
    return pymysql.connect(
        database="shop", ssl_disabled=True, connect_timeout=TIMEOUT, read_timeout=600, **where
    )


def main() -> None:
    """Work until standard input ends; each line of it is an order, and is answered."""
    work = Work()
    for line in sys.stdin:
        sys.stdout.write(f"{work.obey(json.loads(line))}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
