"""Axes: where values are drawn, and which round ones are named."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

STEPS: Final = (1.0, 2.0, 5.0, 10.0)
"""What one tick is more than the one before, times a power of ten."""
CLOCK_STEPS: Final = (
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 10800.0,
    21600.0, 43200.0, 86400.0, 172800.0, 604800.0,
)  # fmt: skip
"""Seconds between two ticks of a wall clock."""
USUAL: Final = 0.8
"""Share of the values that is never beyond an axis."""
OUTLYING: Final = 5.0
"""Times what most values stay below, from which on a value is an outlier."""
LEAST: Final = 1e-6
"""The shortest axis of durations, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """Values from `low` to `high` along a line: upwards the y axis, to the right the time."""

    low: float
    high: float

    def place(self, value: float) -> float:
        """Give the share of the axis at which a value stands, 0 to 1; what is beyond stands at its end."""
        if self.high <= self.low:
            return 0.0
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Logarithmic:
    """Values from `low` to `high`, both above zero, where each step is so many times the one before."""

    low: float
    high: float

    def place(self, value: float) -> float:
        """Give the share of the axis at which a value stands, 0 to 1; what is beyond stands at its end."""
        whole = math.log(self.high / self.low)
        return min(1.0, max(0.0, math.log(max(value, self.low) / self.low) / whole)) if whole else 0.0


def delays(values: Sequence[float]) -> Axis:
    """Give an axis from 0 on which the usual values can be told apart, though some be far beyond its end."""
    ordered = sorted(values)
    if not ordered:
        return Axis(low=0.0, high=1.0)
    usual = ordered[math.ceil(USUAL * len(ordered)) - 1]
    shown = [value for value in ordered if value <= OUTLYING * usual] or ordered
    return Axis(low=0.0, high=max(LEAST, shown[-1] * 1.08))


def ticks(axis: Axis, most: int = 4) -> list[float]:
    """Give round values on an axis from 0, above it, `most` of them at most."""
    rough = axis.high / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * each for each in STEPS if power * each >= rough * (1 - 1e-9))
    return [number * step for number in range(1, int(axis.high / step + 1e-9) + 1)]


def clock_ticks(axis: Axis, most: int = 3) -> list[float]:
    """Give round moments on an axis of time, `most` steps from each other at most."""
    rough = (axis.high - axis.low) / most
    step = next((each for each in CLOCK_STEPS if each >= rough), CLOCK_STEPS[-1])
    first = math.ceil(axis.low / step) * step
    count = int((axis.high - first) / step) + 1 if axis.high >= first else 0
    return [first + number * step for number in range(count)]
