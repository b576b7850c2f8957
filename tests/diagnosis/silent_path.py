"""A path that ends silent connections, simulated: holds start and end in their order, on no clock."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from exporter.diagnosis.bracket import Bracket
from exporter.diagnosis.evidence import Fate, Hold

Timeout = Callable[[Random], float]
"""Draws the timeout that one connection meets, in seconds."""
NEVER = float("inf")


def exact(seconds: float) -> Timeout:
    return lambda _: seconds


def uneven(seconds: float) -> Timeout:
    """A device that is half a percent early or late."""
    return lambda chance: seconds * chance.uniform(0.995, 1.005)


def swept(seconds: float) -> Timeout:
    """A device that looks once a second whose time is up."""
    return lambda chance: seconds + chance.random()


@dataclass
class SilentPath:
    """Runs a bracket's holds, as many at once as there are connections."""

    bracket: Bracket
    timeout: Timeout
    connections: int = 4
    told: bool = False
    accidents: float = 0.0
    seed: int = 0
    now: float = 0.0
    holds: int = 0
    under_way: list[tuple[float, int, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._fates: dict[int, Hold] = {}
        self.chance = Random(self.seed)  # noqa: S311  chance that can be had again

    def run(self, until: Callable[[], bool], *, longest: float = NEVER, most: int = 3000) -> bool:
        """Go on until something is so; False if it is not after so many seconds, or holds."""
        end, last = self.now + longest, self.holds + most
        while not until():
            self._start()
            if self.now > end or self.holds > last:
                return False
            self._finish()
        return True

    def settle(self) -> bool:
        return self.run(lambda: self.bracket.settled)

    def spend(self, holds: int) -> None:
        last = self.holds + holds
        self.run(lambda: self.holds >= last)

    def _start(self) -> None:
        self.under_way = [one for one in self.under_way if not self.bracket.obsolete(one[2])]
        heapq.heapify(self.under_way)
        while len(self.under_way) < self.connections:
            length = self.bracket.next([one[2] for one in self.under_way])
            if length is None:
                break
            assert length >= 1.0
            self.holds += 1
            heapq.heappush(self.under_way, (self.now + self._ends(length), self.holds, length))
        assert self.under_way, "nothing is under way, and nothing is worth starting"

    def _ends(self, length: float) -> float:
        """Draw when the hold ends; what it was is told by then."""
        limit = self.timeout(self.chance)
        accident = self.chance.random() < self.accidents
        at = self.chance.uniform(0, length) if accident else NEVER
        if min(limit, at) > length:
            fate = Fate.SURVIVED
        elif at < limit:
            fate = self.chance.choice([Fate.TOLD, Fate.IN_VAIN])
        else:
            fate = Fate.TOLD if self.told else Fate.IN_VAIN
        seconds = min(limit, at, length) if fate is Fate.TOLD else length
        self._fates[self.holds] = Hold(seconds=seconds, fate=fate)
        return seconds

    def _finish(self) -> None:
        self.now, number, _ = heapq.heappop(self.under_way)
        self.bracket.take(self._fates.pop(number))
