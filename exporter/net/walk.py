"""How far a round along a path goes."""

from typing import Final

from exporter.model import Hop

MOST_SILENT: Final = 5
"""Silent hops behind the last answer after which nothing more is expected."""
MOST_MISSES: Final = 3
"""Rounds in which the target is silent where it used to be, before it is looked for further away."""


class Walk:
    """Remembers how far away the target is, and says after each hop whether to ask the next one.

    The target is always asked where it was last, however many hops before it are silent. A round ends there
    even without an answer: a packet that lives longer would reach the target, too, and a loss would look like
    a longer path.
    """

    def __init__(self, most_hops: int) -> None:
        self._most = most_hops
        self._distance = 0
        self._misses = 0
        self._last = 0

    def begin(self) -> int:
        """Begin a round; gives the first hop to ask."""
        self._last = 0
        return 1

    def goes_on(self, hop: Hop) -> bool:
        """Take what became of a hop, and tell whether the round goes on to the next."""
        if hop.reached:
            self._distance, self._misses = hop.ttl, 0
        if hop.reached or hop.failure is not None:
            return False
        if hop.address is not None:
            self._last = hop.ttl
            if hop.ttl >= self._distance:
                self._distance = 0  # a router stands where the target was
        elif hop.ttl == self._distance:
            self._misses += 1
            if self._misses < MOST_MISSES:
                return False
        return hop.ttl < min(self._most, max(self._distance, self._last + MOST_SILENT))
