"""For how long a target could not be held."""

import math


class Outage:
    """Sums up the time in which there was no connection of several; all times are monotonic seconds."""

    def __init__(self) -> None:
        self._since = math.inf
        self._seconds = 0.0

    def begin(self, at: float) -> None:
        """Say that since `at` none can be used; while an outage goes on this changes nothing."""
        self._since = min(self._since, at)

    def end(self, at: float) -> None:
        """Say that one can be used again, or that nobody knows."""
        self._seconds += max(0.0, at - self._since)
        self._since = math.inf

    def take(self, now: float) -> float:
        """Give the seconds of outage until now that have not been given before."""
        if self._since < now:
            self._seconds += now - self._since
            self._since = now
        seconds, self._seconds = self._seconds, 0.0
        return seconds
