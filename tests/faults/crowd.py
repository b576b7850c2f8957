"""Others who want connections: they take every one that is to be had, and the next as soon as one is free."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import psycopg2
import pymysql

from tests.faults.scenario import Place
from tests.lab.site import Reached
from tests.servers.database import PASSWORD, USER

BREATH: Final = 0.1
"""Seconds between two tries of those who were refused."""
PATIENCE: Final = 30.0
Opened = Callable[[], Any]


@contextlib.contextmanager
def crowd(place: Place, opened: Opened) -> Iterator[None]:
    """Take what can be opened from the client's network, until nothing can; and what becomes free later."""
    refused, ended = threading.Event(), threading.Event()
    with contextlib.ExitStack() as held, ThreadPoolExecutor(1) as pool:

        def take() -> None:
            with place.site.client.entered():
                while not ended.is_set():
                    try:
                        held.enter_context(contextlib.closing(opened()))
                    except (psycopg2.OperationalError, pymysql.MySQLError):
                        refused.set()
                        ended.wait(BREATH)

        taking = pool.submit(take)
        try:
            assert refused.wait(PATIENCE), "there is no end of connections"
            yield
        finally:
            ended.set()
            taking.result(PATIENCE)


def ours(place: Place, via: Reached | None = None) -> Any:
    """Open a session of the probing account, straight or `via` what stands before the server."""
    host = via.host if via else place.site.host
    port = via.port if via else place.site.databases[place.name].port
    login: dict[str, Any] = {"host": host, "port": port, "user": USER, "password": PASSWORD}
    if place.name == "postgresql":
        return psycopg2.connect(dbname="shop", sslmode="disable", connect_timeout=5, **login)
    return pymysql.connect(
        database="shop", ssl_disabled=True, connect_timeout=5, read_timeout=5, write_timeout=5, **login
    )


def at_work(place: Place, via: Reached) -> Any:
    """Open a session that stays in a transaction: a pooler cannot give its connection to anybody else."""
    session = ours(place, via)
    try:
        with session.cursor() as cursor:
            cursor.execute("SELECT 1")
    except BaseException:
        session.close()
        raise
    return session
