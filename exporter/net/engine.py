"""What the meter drives: engines that measure many targets at their own pace and never wait."""

import heapq
import math
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

from exporter.model import Failure, Order

O_contra = TypeVar("O_contra", bound=Order, contravariant=True)
"""What an engine is ordered by."""
J = TypeVar("J")
"""What an engine keeps for each job."""

Report = Callable[[int, object], None]
"""Takes a reading, a value that pickle can carry, under the number of its job."""
LAG_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds in seconds of the classes in which lateness is counted."""
GOLDEN = (math.sqrt(5) - 1) / 2
"""Multiples of it, less their whole part, are spread evenly however many there are."""
SLOT: Final = 0.002
"""Seconds to which a start is exact; delays are measured from the packet's own departure."""
TINY: Final = 1e-9
"""Runs a second where there is no job yet: never zero, for it is divided by."""
REST: Final = 10.0
"""Seconds from one hurry of a job to its next."""
MOST_HURRIED: Final = 50
"""Jobs that may hurry at once."""
FIRST: Final = 10.0
"""Seconds within which every job has begun once, however long its interval is."""


class Engine(Protocol[O_contra]):
    """Measures many jobs in one thread; whatever it calls returns at once."""

    def add(self, order: O_contra) -> None:
        """Take on a job; it begins once its addresses are known."""
        ...

    def locate(self, job: int, addresses: Sequence[str], failure: Failure | None) -> None:
        """Tell where a job's target is now: numeric addresses in order of preference, or why there are none.

        Comes again whenever the answer changes. Without addresses every run is reported as `failure`.
        """
        ...

    def hurry(self, job: int) -> None:
        """Ask for extra measurements now, because something looks wrong; may be ignored."""
        ...

    def remove(self, job: int) -> None:
        """Measure a job no more; what is under way may still be reported."""
        ...

    def tick(self, now: float) -> float:
        """Send what is due, take in what has come, report what is decided.

        `now` and what is returned, the time of the next tick, are monotonic seconds.
        """
        ...

    def close(self) -> None:
        """Give every socket back."""
        ...


class Punctuality(NamedTuple):
    """How late runs began: counted by LAG_BOUNDS, their sum in seconds, and those that came to nothing.

    `missed` never began because the process stood still; of `unseen` ones the answer may have been lost
    in a full buffer of ours.
    """

    classes: tuple[int, ...]
    seconds: float
    missed: int
    unseen: int


class Lateness:
    """Counts runs by how late they began, and those that came to nothing by our own fault."""

    def __init__(self) -> None:
        self.classes = [0] * (len(LAG_BOUNDS) + 1)
        self.seconds = 0.0
        self.missed = 0
        self.unseen = 0

    def began(self, late: float, *, runs: int = 1, missed: int = 0) -> None:
        """Note that so many runs begin `late` seconds after they were due, after `missed` that did not."""
        self.classes[bisect_left(LAG_BOUNDS, late)] += runs
        self.seconds += late * runs
        self.missed += missed

    def take(self) -> Punctuality:
        """Give what was counted, and begin anew."""
        taken = Punctuality(tuple(self.classes), self.seconds, self.missed, self.unseen)
        self.classes = [0] * len(self.classes)
        self.seconds, self.missed, self.unseen = 0.0, 0, 0
        return taken


class _Turn(Generic[J]):
    """When a job is due next, and what is added to its interval once."""

    __slots__ = ("due", "interval", "job", "once")

    def __init__(self, job: J, due: float, interval: float, once: float) -> None:
        self.job = job
        self.due = due
        self.interval = interval
        self.once = once


class Pace(Generic[J]):
    """Says which jobs are due: each at its interval, their starts spread evenly over it.

    The first runs come within FIRST seconds, so that something is known soon. All times are monotonic
    seconds. Jobs that are due within the same SLOT come together at its end. Runs that lie in the past by
    an interval or more are leapt over and counted as missed: after a standstill nothing is made up for in a
    burst.
    """

    def __init__(self, lateness: Lateness) -> None:
        self._lateness = lateness
        self._slots: dict[int, list[_Turn[J]]] = {}
        self._intervals: dict[J, float] = {}
        self._ahead: list[int] = []
        self._added = 0
        self.rate = TINY
        """Runs a second, of all jobs together."""

    def add(self, job: J, interval: float, now: float) -> None:
        """Let `job` be due every `interval` seconds from now on, and first within one."""
        part = self._added * GOLDEN % 1
        early = part * min(interval, FIRST)
        self._put(_Turn(job, now + early, interval, shift(part, interval)))
        self._intervals[job] = interval
        self._added += 1
        self.rate += 1 / interval

    def remove(self, job: J) -> None:
        """Let `job` be due no more."""
        interval = self._intervals.pop(job, math.inf)
        self.rate = max(TINY, self.rate - 1 / interval)

    def due(self, now: float) -> Iterator[J]:
        """Give the jobs whose time has come."""
        while self.next <= now:
            late = now - self.next
            turns = self._slots.pop(heapq.heappop(self._ahead))
            turns = [turn for turn in turns if turn.job in self._intervals]
            missed = 0
            for turn in turns:
                leapt = int((now - turn.due) / turn.interval)
                missed += leapt
                turn.due += (1 + leapt) * turn.interval + turn.once
                turn.once = 0.0
                self._put(turn)
                yield turn.job
            self._lateness.began(late, runs=len(turns), missed=missed)

    @property
    def next(self) -> float:
        """When the next job is due; infinite without jobs."""
        return (self._ahead[0] + 1) * SLOT if self._ahead else math.inf

    def clear(self) -> None:
        """Let nothing be due any more."""
        self._slots.clear()
        self._ahead.clear()
        self._intervals.clear()

    def _put(self, turn: _Turn[J]) -> None:
        slot = int(turn.due / SLOT)
        turns = self._slots.get(slot)
        if turns is None:
            self._slots[slot] = [turn]
            heapq.heappush(self._ahead, slot)
        else:
            turns.append(turn)


class Extra(Generic[J]):
    """Extra runs of jobs that hurry: one at once, and `most` in all, `gap` seconds apart.

    A job that hurries again meanwhile, or within REST seconds, gets no more of them; neither does one beyond
    MOST_HURRIED. All times are monotonic seconds.
    """

    def __init__(self, gap: float, most: int) -> None:
        self._gap = gap
        self._most = most
        self._begun: dict[J, float] = {}
        self._queue: deque[tuple[float, J, int]] = deque()

    def hurry(self, job: J, now: float) -> None:
        """Let `job` have its extra runs from now on."""
        if len(self._queue) < MOST_HURRIED and now >= self._begun.get(job, -math.inf) + REST:
            self._begun[job] = now
            self._queue.appendleft((now, job, self._most))

    def due(self, now: float) -> Iterator[J]:
        """Give the jobs whose time has come."""
        while self.next <= now:
            _, job, left = self._queue.popleft()
            if left > 1:
                self._queue.append((now + self._gap, job, left - 1))
            yield job

    def remove(self, job: J) -> None:
        """Let a job have no more of them."""
        self._begun.pop(job, None)
        self._queue = deque(turn for turn in self._queue if turn[1] is not job)

    @property
    def next(self) -> float:
        """When the next one is due; infinite where nobody hurries."""
        return self._queue[0][0] if self._queue else math.inf


def shift(part: float, interval: float, first: float = FIRST) -> float:
    """Give the seconds by which the second run must be put off for the runs to spread over the interval.

    The first came within `first` seconds, at that `part` (0 to 1) of them; at the same part of every interval
    its successors shall come. At most half an interval, either way.
    """
    off = part * (interval - min(interval, first))
    return (off + interval / 2) % interval - interval / 2
