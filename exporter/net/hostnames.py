"""Names of routers, asked of the system's resolver, which may take long or never answer."""

import socket
import threading
import time
from collections.abc import Callable
from typing import Final

KEPT: Final = 3600.0
KEPT_WITHOUT_NAME: Final = 600.0
"""Seconds after which an address is asked about anew: one that had a name, and one that had none."""
MOST_AT_ONCE: Final = 4
MOST_KEPT: Final = 10_000


class Hostnames:
    """A memory of reverse lookups that never makes anybody wait.

    Questions are asked in threads of their own, so many at once at most, and no address twice at a time.
    """

    def __init__(
        self, ask: Callable[[str], str] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Ask through `ask`, which gives a name or an empty text; the system's resolver if left out."""
        self._getnameinfo = ask or getnameinfo
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, str]] = {}
        self._under_way: set[str] = set()

    def of(self, address: str) -> str:
        """Give the name of a numeric address, empty as long as it is not known; ask for it if need be."""
        with self._lock:
            until, name = self._known.get(address, (float("-inf"), ""))
            if self._clock() >= until and self._may_ask(address):
                self._ask(address)
            return name

    def knows(self, address: str) -> bool:
        """Whether an answer has come for a numeric address, if only that it has no name; asks if need be."""
        self.of(address)
        with self._lock:
            return address in self._known

    def _may_ask(self, address: str) -> bool:
        return address not in self._under_way and len(self._under_way) < MOST_AT_ONCE

    def _ask(self, address: str) -> None:
        thread = threading.Thread(target=self._run, args=(address,), name=f"name {address}", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return  # no thread to be had; the next round asks again
        self._under_way.add(address)

    def _run(self, address: str) -> None:
        name = self._getnameinfo(address)
        with self._lock:
            self._under_way.discard(address)
            self._known.pop(address, None)
            self._known[address] = (self._clock() + (KEPT if name else KEPT_WITHOUT_NAME), name)
            if len(self._known) > MOST_KEPT:
                del self._known[next(iter(self._known))]  # the one asked longest ago


def getnameinfo(address: str) -> str:
    """Ask the system for the name of a numeric address; empty if there is none to be had."""
    try:
        return socket.getnameinfo((address, 0), socket.NI_NAMEREQD)[0]
    except (OSError, UnicodeError):
        return ""
