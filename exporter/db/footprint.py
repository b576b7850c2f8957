"""What our own connections have moved in the counters of one server: nobody is to be woken by that."""

import threading
from collections import Counter
from collections.abc import Mapping
from typing import Final, NamedTuple

from exporter.model import Counted

MOST: Final = 1000
"""Ends of sessions that are remembered; of more than that the oldest are forgotten."""


class Footprint:
    """Counts, in the server's terms, what all probes of one target have done to it; safe from any thread.

    Sessions are known by the server's numbers, and each counts its end once, however often it is told. What
    has been counted is never taken back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted: Counter[Counted] = Counter()
        self._ends: dict[int, tuple[Counted, ...]] = {}

    def count(self, *counted: Counted) -> None:
        """Note that the server counts one more of each of these because of us."""
        with self._lock:
            self._counted.update(counted)

    def begin(self, number: int) -> "Stay":
        """Note a login that stands, under a number that another one may have had before."""
        with self._lock:
            self._ends.pop(number, None)
            self._counted[Counted.CONNECTIONS_OPENED] += 1
        return Stay(self, number)

    def end(self, number: int, *counted: Counted) -> None:
        """Note what the end of a session counts as, nothing being a goodbye; what is told first holds."""
        with self._lock:
            if number not in self._ends:
                self._note(number, counted)

    def kill(self, number: int, *counted: Counted) -> None:
        """Note what it counts as that we ended a session on the server, unless its end has been counted."""
        with self._lock:
            if not self._ends.get(number):
                self._note(number, counted)

    def so_far(self) -> Mapping[Counted, int]:
        """Give what has been counted since the beginning."""
        with self._lock:
            return dict(self._counted)

    def _note(self, number: int, counted: tuple[Counted, ...]) -> None:
        self._counted.update(counted)
        self._ends[number] = counted
        if len(self._ends) > MOST:
            del self._ends[next(iter(self._ends))]


class Stay(NamedTuple):
    """One session of ours at the server."""

    footprint: Footprint
    number: int

    def end(self, *counted: Counted) -> None:
        """Note what its end counts as (see `Footprint.end`)."""
        self.footprint.end(self.number, *counted)


NOWHERE: Final = Stay(Footprint(), 0)
"""The stay of who has not logged in yet: whatever ends then, no session does."""
