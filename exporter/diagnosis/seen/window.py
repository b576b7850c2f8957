"""The stretch of time that a judgement looks at, and what every side of the evidence has in common."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from exporter.diagnosis.sign import Fact
from exporter.model import Observation

TOGETHER: Final = 1.6
"""Seconds within which ends of connections are taken for one event."""
KEPT: Final = 64
"""Events of one kind that are remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """From `since` to `now`, in monotonic seconds; `first` is when the first symptom came.

    Trouble begins before it shows: what went wrong since `since` belongs to it, but only what went well after
    `first` went well in spite of it. In `stalls`, which are pairs of moments, this host stood still: whatever
    was timed then is not true. `begun` is when the trouble first showed, however long ago.
    """

    since: float
    first: float
    begun: float
    now: float
    stalls: tuple[tuple[float, float], ...] = ()

    def has(self, at: float) -> bool:
        """Whether something happened in it."""
        return self.since <= at

    def after(self, at: float) -> bool:
        """Whether it happened once the trouble had shown."""
        return self.first <= at

    def timed(self, at: float) -> bool:
        """Whether it happened in it, and may be believed though it is about time."""
        return self.since <= at and not self.stalled(at)

    def stalled(self, at: float) -> bool:
        """Whether it was timed while this host stood still."""
        return any(begun <= at <= ended for begun, ended in self.stalls)


class Side(Protocol):
    """One side from which a target is looked at."""

    def take(self, at: float, observation: Observation) -> bool:
        """Take in an observation that came at `at`; tell whether it is a symptom of trouble."""
        ...

    def standing(self, at: float) -> bool:
        """Whether at `at` something is wrong, as far as was seen last."""
        ...

    def facts(self, window: Window) -> Iterator[Fact]:
        """Give what was seen in the window."""
        ...

    def settle(self) -> None:
        """Forget the events of a trouble that is over."""
        ...


def times(count: int, what: str) -> str:
    """Write so many of something: `1 new session`, `3 new sessions`."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def part(count: int, of: int, what: str) -> str:
    """Write so many out of all: `1 connect`, `all 3 connects`, `1 of 3 connects`."""
    if count < of:
        return f"{count} of {times(of, what)}"
    if of == 1:
        return times(of, what)
    return f"both {what}s" if of == 2 else f"all {times(of, what)}"
