"""Moments on two clocks: the monotonic one measures, the wall clock stamps."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Now:
    """One moment, on both clocks."""

    at: float
    wall: float

    def stamp(self, at: float) -> float:
        """Give the wall clock's time of another moment, as if it had never been set since."""
        return self.wall - (self.at - at)


def both_clocks() -> Now:
    """Tell the time."""
    return Now(time.monotonic(), time.time())


Clock = Callable[[], Now]
"""Tells the time."""
