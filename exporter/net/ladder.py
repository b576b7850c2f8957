"""Finding the largest packet that passes, and whether larger ones vanish without a word."""

import time
from dataclasses import dataclass, replace
from typing import Final

from exporter.net.packet_sizes import MOST, Fate, Sizes

TRIES: Final = 3
"""Packets of one size that must vanish before the size is held to be the reason."""
AGAIN: Final = 2
"""Times that it must happen again at a new border: three lost in a row are no rarity among many looks."""
SHORTEST_WAIT: Final = 0.1
LONGEST_WAIT: Final = 1.0
PATIENCE: Final = 4
"""Times the delay of a small packet that a large one is waited for."""
USUAL: Final = (
    9000, 4470, 1500, 1492, 1480, 1476, 1472, 1460, 1450, 1442, 1440, 1430, 1420, 1412, 1400, 1390, 1380,
    1360, 1350, 1340, 1320, 1300, 1280, 1006, 576,
)  # fmt: skip
"""MTUs that are met in practice: Ethernet and what PPPoE, tunnels, VPNs and clouds leave of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Climb:
    """What a climb found: the largest size that `passed`, None where not even a small packet did.

    `vanished` is the smallest size known to vanish, None where nothing does: larger packets are refused by
    somebody who says so (`by`, empty for this host), or there is no larger one.
    """

    passed: int | None
    vanished: int | None = None
    by: str = ""


class Ladder:
    """Climbs the sizes towards one address; the border found last time is where it looks first."""

    def __init__(self) -> None:
        self._border = 0
        self._sure = 0

    def climb(self, sizes: Sizes, seconds: float) -> Climb | None:
        """Find the largest size that passes, within so many seconds; None where time or luck did not suffice.

        Raises ProbeError where nothing can be sent, and Stopped.
        """
        look = _Look(sizes=sizes, wait=LONGEST_WAIT, until=time.monotonic() + seconds)
        small = look.at(sizes.least)
        if not small.passed:
            return Climb(passed=None)
        wait = min(max(PATIENCE * small.seconds, SHORTEST_WAIT), LONGEST_WAIT)
        return self._below(replace(look, wait=wait), sizes.least, MOST)

    def _below(self, look: "_Look", low: int, top: int, by: str = "") -> Climb | None:
        """Follow those who say how much is the most: this host first, then routers. `low` passes."""
        fate = look.at(top)
        while fate.limit is not None and top > low:
            by, top = fate.by, _less(fate.limit, top, low)
            fate = look.at(top)
        if fate.passed:
            return Climb(passed=top, by=by)
        return self._between(look, low, top)

    def _between(self, look: "_Look", low: int, high: int) -> Climb | None:
        """Close in on the border between what passes and what vanishes, and make sure of it."""
        if high <= low:
            return None  # somebody has named less than what passes
        first = [size for size in (self._border, self._border + 1) if low < size < high]
        while high - low > 1:
            if look.over:
                return None
            size = first.pop(0) if first and low < first[0] < high else _middle(low, high)
            fate = look.at(size)
            if fate.limit is not None:
                # What was larger vanished by chance: somebody does say how much is the most.
                return self._below(look, low, _less(fate.limit, size, low), fate.by)
            low, high = (size, high) if fate.passed else (low, size)
            self._border = low
        return self._sure_of(look, low, high)

    def _sure_of(self, look: "_Look", low: int, high: int) -> Climb | None:
        """Try both sides of a border again: loss makes packets of any size vanish, which is no border."""
        for _ in range(1 if low == self._sure else AGAIN):
            fate = look.at(high)
            if fate.limit is not None:
                return self._below(look, low, _less(fate.limit, high, low), fate.by)
            if fate.passed:
                return None
        if not look.at(low).passed:
            return None
        self._sure = low
        return Climb(passed=low, vanished=high)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """One look at the sizes that pass: a packet is waited for `wait` seconds, none of them past `until`."""

    sizes: Sizes
    wait: float
    until: float

    @property
    def over(self) -> bool:
        """Whether there is no time left."""
        return time.monotonic() >= self.until

    def at(self, size: int) -> Fate:
        """Try a size until something is heard of it, a few times at most."""
        fate = Fate()
        for _ in range(TRIES):
            left = min(self.wait, self.until - time.monotonic())
            if left <= 0:
                break
            fate = self.sizes.attempt(size, left)
            if fate.passed or fate.limit is not None:
                break
        return fate


def _less(limit: int, size: int, least: int) -> int:
    """Give the size to try after `size` was refused in favour of `limit`, which may be 0, or nonsense."""
    if not 0 < limit < size:
        limit = max((usual for usual in USUAL if usual < size), default=least)
    return max(limit, least)


def _middle(low: int, high: int) -> int:
    """Give the size to try between one that passes and one that vanishes: a usual one first."""
    usual = [size for size in USUAL if low < size < high]
    return usual[len(usual) // 2] if usual else (low + high) // 2
