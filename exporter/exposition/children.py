"""What a family has one of for each combination of its labels: a number, or a distribution."""

from bisect import bisect_left
from collections.abc import Sequence

from prometheus_client.utils import floatToGoString

PLAIN = 1_000_000
"""Go writes numbers from here on with an exponent."""


def number(value: float) -> str:
    """Write a number as prometheus_client does."""
    if type(value) is int and 0 <= value < PLAIN:
        return f"{value}.0"  # the same, in less than half the time
    return str(floatToGoString(value))  # type: ignore[no-untyped-call]  # an oversight of the library


def escaped(value: str) -> str:
    """Write a label's value as it stands between quotes."""
    # A name that others chose may hold what is no Unicode; it must not break every scrape from then on.
    value = value.encode(errors="replace").decode()
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


class Count:
    """A number that only grows."""

    __slots__ = ("labels", "value")

    def __init__(self, labels: str) -> None:
        self.labels = labels
        self.value: float = 0

    def inc(self, amount: float = 1) -> None:
        """Add `amount`."""
        self.value += amount


class Distribution:
    """How many values fell into each class, and their sum."""

    __slots__ = ("_bounds", "labels", "tally")

    def __init__(self, labels: str, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self.labels = labels
        # In one list, so that one copy takes in everything: the classes, the one without a bound, the sum.
        self.tally: list[float] = [*(0 for _ in bounds), 0, 0.0]

    def observe(self, value: float) -> None:
        """Take in one value."""
        self.tally[bisect_left(self._bounds, value)] += 1
        self.tally[-1] += value

    def add(self, counts: Sequence[int], total: float) -> None:
        """Take in many values: how many fell into each class, the last being without bound, and their sum."""
        self.tally = [mine + more for mine, more in zip(self.tally, (*counts, total), strict=True)]
