"""Whether delays are longer than they used to be, beyond what a threshold allows."""

from collections import deque
from collections.abc import Iterator
from statistics import median
from typing import Final

from exporter.diagnosis.sign import Fact, Sign

RECENT: Final = 5.0
"""Seconds of which the delays count as those of now."""
FEWEST: Final = 5
"""So many delays of now, and as many of before, are needed to compare."""
TWICE: Final = 2.0
USUAL: Final = 240
"""Delays that make what is usual."""


class Delay:
    """Compares delays of now with what was usual; `threshold` in seconds is what is too long at all.

    What is always that long is no trouble that began; what is usual stays so when a trouble is over.
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._usual: deque[float] = deque(maxlen=USUAL)
        self._recent: deque[tuple[float, float]] = deque(maxlen=USUAL)

    @property
    def up(self) -> bool:
        """Whether delays have risen."""
        return self._now is not None

    def take(self, at: float, seconds: float) -> None:
        """Take in one delay."""
        recent = self._recent
        recent.append((at, seconds))
        while recent[0][0] < at - RECENT and len(recent) > FEWEST:
            _, old = recent.popleft()
            if old <= self._threshold or not self._usual or old <= TWICE * median(self._usual):
                self._usual.append(old)

    def facts(self, sign: Sign, what: str) -> Iterator[Fact]:
        """Tell of a rise."""
        now = self._now
        if now is not None:
            usual = median(self._usual)
            text = f"{what} {1000 * now:.0f} ms; before it was {1000 * usual:.1f} ms"
            values = {"delay": f"{1000 * now:.0f}", "usual_delay": f"{1000 * usual:.1f}"}
            yield Fact(sign=sign, text=text, values=values)

    @property
    def _now(self) -> float | None:
        """Give the delay of now, where it has risen."""
        if len(self._recent) < FEWEST or len(self._usual) < FEWEST:
            return None
        now = median(seconds for _, seconds in self._recent)
        return now if now > self._threshold and now > TWICE * median(self._usual) else None
