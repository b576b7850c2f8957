"""How many looks there may be at once."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final

from exporter.blackbox.asking import Refused

MOST: Final = 32
"""Looks at once: each has a thread and a connection of ours."""
MOST_OF_ONE: Final = 8
"""Looks at one host at once: nobody is to be hurt by being watched."""
MOST_OF_OURS: Final = 8
"""Looks beyond both that are for targets of ours only: who crowds other hosts does not blind us to these."""
RETRY_AFTER: Final = 1


class Turnstile:
    """Lets in so many at once, and so many to one host; nobody waits. Safe to use from any thread."""

    def __init__(self, most: int = MOST, of_one: int = MOST_OF_ONE) -> None:
        self._most = most
        self._of_one = of_one
        self._lock = threading.Lock()
        self._inside: Counter[str] = Counter()

    @contextmanager
    def turn(self, host: str, *, ours: bool = False) -> Iterator[None]:
        """Be inside for the block, `ours` for a target of ours; raise Refused where there is no room."""
        spare = MOST_OF_OURS if ours else 0
        with self._lock:
            if self._inside.total() >= self._most + spare:
                raise crowded(f"{self._most} probes are under way")
            if self._inside[host] >= self._of_one + spare:
                raise crowded(f"{self._of_one} probes of this host are under way")
            self._inside[host] += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside[host] -= 1
                if not self._inside[host]:
                    del self._inside[host]


def crowded(words: str) -> Refused:
    """Ask to come again."""
    return Refused(f"{words}; try again later", HTTPStatus.SERVICE_UNAVAILABLE, RETRY_AFTER)
