"""Whether our own server still lets clients in and go: a client of its own comes, and says nothing."""

import contextlib
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Final

from exporter.web.server import ListenAddress

EVERY: Final = 5.0
"""Seconds between two visits, and those that each may take."""
ANYWHERE: Final = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  what is bound, not to be bound
"""Where we are reached from this host if we listen on every interface."""


class Pulse:
    """Visits all `addresses` again and again, and calls `turned` each time that all have let it go.

    No request is made, so that none is counted, refused or logged.
    """

    def __init__(self, addresses: Sequence[ListenAddress], turned: Callable[[], None]) -> None:
        self._addresses = addresses
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
            if all(visited(address) for address in self._addresses):
                self._turned()


def visited(address: ListenAddress, within: float = EVERY) -> bool:
    """Come and go; tell whether the server has noticed, within so many seconds."""
    where = ANYWHERE.get(address.host, address.host), address.port
    with contextlib.suppress(OSError), socket.create_connection(where, within) as sock:
        sock.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):  # it may let us go in another way
            sock.recv(1)
        return True
    return False
