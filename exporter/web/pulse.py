"""Whether our own server still lets clients in and go: a client of its own comes, and says nothing."""

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Final

from exporter.web.clients import NONE_LEFT
from exporter.web.server import ListenAddress, WebServer

EVERY: Final = 5.0
"""Seconds between two visits, and those that each may take."""
ANYWHERE: Final = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  what is bound, not to be bound
"""Where we are reached from this host if we listen on every interface."""


class Pulse:
    """Visits all addresses of `web` again and again, and calls `turned` each time that all have let it go.

    No request is made, so that none is counted, refused or logged. Where no descriptor is left to come with,
    or to let somebody in with, it is enough that the server's loop goes on: to end us would help nobody.
    """

    def __init__(self, web: WebServer, turned: Callable[[], None]) -> None:
        self._web = web
        self._turned = turned
        self._ended = threading.Event()

    def start(self, every: float = EVERY) -> None:
        """Begin, in a thread of its own."""
        threading.Thread(target=self._work, args=(every,), name="pulse", daemon=True).start()

    def stop(self) -> None:
        """Visit no more."""
        self._ended.set()

    def _work(self, every: float) -> None:
        while not self._ended.wait(every):
            if self._lives():
                self._turned()

    def _lives(self) -> bool:
        visits = [visited(address) for address in self._web.addresses]
        if None in visits or (self._web.short and not all(visits)):
            return self._web.turns(EVERY)
        return all(visits)


def visited(address: ListenAddress, within: float = EVERY) -> bool | None:
    """Come and go; tell whether the server has noticed, within so many seconds.

    None is for where this process has no descriptor to come with.
    """
    where = ANYWHERE.get(address.host, address.host), address.port
    try:
        with socket.create_connection(where, within) as sock:
            sock.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionError):  # it may let us go in another way
                sock.recv(1)
    except OSError as error:
        return None if error.errno in NONE_LEFT else False
    return True
