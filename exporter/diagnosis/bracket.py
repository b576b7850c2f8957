"""Which silences are worth trying next, to find the shortest idle timeout of a path and to keep up with it.

First the ladder is climbed. Once something has died, the bracket between the longest silence survived and
the shortest that killed is narrowed: beside the values that devices are known to have, then in equal
steps. Both ends are seen twice; after that they are tried again and again, one hold at a time.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, Self

from exporter.diagnosis.evidence import Death, Evidence, Fate, Hold, tolerance

KNOWN_TIMEOUTS: Final = (50, 60, 240, 300, 350, 360, 600, 900, 1200, 1800, 3600, 7200, 28800)
"""Seconds after which devices, clouds and servers end silent connections, as they come."""
SHORTEST: Final = 1.0
"""No hold is shorter, in seconds."""
LONGEST: Final = 365 * 86400.0
"""What is remembered as longer was never measured."""
BELOW: Final = 0.3
ABOVE: Final = 0.6
"""How far beside a value it is straddled, in tolerances: timeouts come late rather than early."""
SAFE: Final = 0.75
"""How far beside a timeout that has been seen a hold surely lives, or dies, in tolerances."""
SEEN: Final = 2
"""So often both ends must be seen."""


class Bracket:
    """The bracket of one path; `ladder` are the silences to climb, in seconds, one at least."""

    def __init__(
        self, ladder: Sequence[float], known: Sequence[float] = KNOWN_TIMEOUTS, width: float = 0.0
    ) -> None:
        """Begin to climb; `width` is the share of what kills that the bracket may be wide at least."""
        self._width = width
        self._ladder = sorted(set(ladder))
        self._values = sorted({*ladder, *known})
        self._evidence = Evidence()
        self._tried = dict.fromkeys(self._ladder, 0)
        self._takes = 0
        self._breadth = 1
        self._killing_next = False

    @property
    def survived(self) -> float | None:
        """The longest silence after which a connection could be used, None if there was none."""
        return self._evidence.survived

    @property
    def killed(self) -> float | None:
        """The shortest silence that ended a connection, in seconds, once two deaths agree."""
        return self._evidence.killed

    @property
    def settled(self) -> bool:
        """Whether both ends were seen twice and are as close as they are to come.

        Without a timeout: whether the top of the ladder was survived twice.
        """
        killed, survived = self.killed, self.survived
        if killed is None:
            return self._evidence.times_survived(self._ladder[-1]) >= SEEN and not self._evidence.shortest
        narrow = killed - (survived or 0.0) <= self._enough(killed)
        return narrow and (survived is None or self._evidence.times_survived(survived) >= SEEN)

    def obsolete(self, seconds: float) -> bool:
        """Whether a hold of that length can teach nothing more, because far shorter ones have died twice."""
        proven = self._evidence.proven
        return proven is not None and seconds > proven + 2 * tolerance(proven)

    def take(self, hold: Hold) -> None:
        """Learn from a hold that is over."""
        self._takes += 1
        for rung in self._ladder:
            if abs(hold.seconds - rung) <= tolerance(rung) / 2:
                self._tried[rung] = self._takes
        self._killing_next = hold.fate is Fate.SURVIVED
        self._evidence.take(hold)

    def next(self, under_way: Sequence[float]) -> float | None:
        """Tell the length in seconds of the hold to start now, beside those under way; None for none."""
        self._breadth = max(self._breadth, len(under_way) + 1)
        shortest = self._evidence.shortest
        if shortest is None:
            return self._climb(under_way)
        if (self.survived or 0.0) >= shortest.seconds:
            return _missing([_again(shortest)], under_way)
        if self.settled:
            return None if under_way else self._verify()
        return self._search(shortest, under_way)

    def known(self) -> dict[str, Any]:
        """Tell what has been confirmed, in plain values, to be remembered."""
        return {"survived": self._evidence.confirmed, "killed": self.killed}

    @classmethod
    def remembered(cls, ladder: Sequence[float], known: Any, width: float = 0.0) -> Self:
        """Go on from what `known` told; from nothing if it is not to be understood."""
        bracket = cls(ladder, width=width)
        if not isinstance(known, Mapping):
            return bracket
        survived, killed = (_seconds(known.get(side)) for side in ("survived", "killed"))
        if survived is not None and killed is not None and survived >= killed:
            return bracket
        bracket._evidence = Evidence(
            [survived] * SEEN if survived is not None else [], [killed] * SEEN if killed is not None else []
        )
        return bracket

    def _enough(self, killed: float) -> float:
        """How close the ends have to come, in seconds."""
        return max(tolerance(killed), self._width * killed)

    def _climb(self, under_way: Sequence[float]) -> float | None:
        """Give the rung least recently tried, those never survived first."""
        survived = self.survived or 0.0
        free = (rung for rung in self._ladder if rung not in under_way)
        return min(free, key=lambda rung: (rung <= survived, self._tried[rung], rung), default=None)

    def _verify(self) -> float | None:
        killed, survived = self.killed, self.survived
        if killed is not None and (self._killing_next or survived is None):
            return _above(killed)
        return survived

    def _search(self, shortest: Death, under_way: Sequence[float]) -> float | None:
        """Narrow the bracket below the shortest death, or confirm its ends."""
        high, low = shortest.seconds, self._evidence.survived_below(shortest.seconds) or 0.0
        killed = self.killed
        top = killed if killed is not None and killed - high <= tolerance(killed) else high
        lacking = [_again(shortest)] * (SEEN - self._evidence.times_died(high))
        if top - low <= self._enough(top):
            living = [low] * (SEEN - self._evidence.times_survived(low)) if low else []
        elif shortest.told or self._evidence.was_near(high):
            beside = max(SHORTEST, min(_below(top), high - tolerance(high) / 4))
            living = [beside] * SEEN if beside > low else []
        else:
            inside = sum(low < length < high for length in under_way)
            early = _missing(lacking, under_way) if inside > 1 else None
            return early or self._narrow(low, high, under_way)
        return _missing([*lacking, *living] or [_again(shortest)], under_way)

    def _narrow(self, low: float, high: float, under_way: Sequence[float]) -> float | None:
        """Give a length inside the bracket, as far as possible from all that is under way there."""
        inside = sorted(length for length in under_way if low < length < high)
        gaps = list(pairwise([low, *inside, high]))
        free = max(1, self._breadth - len(under_way))
        runs = [
            [point for point in self._straddling(low, high) if start < point < end] for start, end in gaps
        ]
        run = max(runs, key=len)
        if run:
            return run[len(run) // (free + 1)]
        start, end = max(gaps, key=lambda gap: gap[1] - gap[0])
        if end - start <= tolerance(high) / 2:
            return None
        return max(SHORTEST, start + (end - start) / (free + 1))

    def _straddling(self, low: float, high: float) -> list[float]:
        margin = tolerance(high) / 10
        points = (
            point
            for value in self._values
            for point in (value - BELOW * tolerance(value), value + ABOVE * tolerance(value))
        )
        return [point for point in points if low + margin < point < high - margin and point >= SHORTEST]


def _missing(wanted: Sequence[float], under_way: Sequence[float]) -> float | None:
    """Find the first length wanted that is not under way as often as it is wanted."""
    left = list(under_way)
    for length in wanted:
        same = next((one for one in left if abs(one - length) <= tolerance(length) / 4), None)
        if same is None:
            return length
        left.remove(same)
    return None


def _again(death: Death) -> float:
    """How long to hold so that it dies once more, if its death was no chance."""
    return _above(death.seconds) if death.told else death.seconds


def _above(seconds: float) -> float:
    return max(SHORTEST, seconds + SAFE * tolerance(seconds))


def _below(seconds: float) -> float:
    return seconds - SAFE * tolerance(seconds)


def _seconds(value: Any) -> float | None:
    """Read a remembered length; None for whatever no hold can have had."""
    usable = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if usable and 0 < value <= LONGEST else None
