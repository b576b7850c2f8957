"""Results of probes that are kept for a while, failures longer than successes."""

import threading
from collections import deque
from collections.abc import Iterator
from itertools import count
from typing import Final

from exporter.model import Observation, Result
from exporter.runtime.account import result, went_well

LIMIT: Final = 100
"""Results that are kept, and failures beside them, unless told otherwise."""
FAILURES: Final = 5
"""Failures that are kept of each probe of each target: a busy neighbour pushes out none of them."""

Numbered = tuple[int, Result]


class History:
    """Keeps the latest `limit` results that were added, and the latest `limit` failures beside them.

    Of what the daemon's own probes observe it keeps the latest of each probe of each target, and the latest
    failures. Each has a number, by which it is found as long as it is kept. Safe to use from any thread.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._results: deque[Numbered] = deque(maxlen=limit)
        self._failures: deque[Numbered] = deque(maxlen=limit)
        self._looks: dict[str, dict[str, _Looks]] = {}

    def add(self, added: Result) -> int:
        """Keep a result; give its number."""
        with self._lock:
            number = next(self._numbers)
            self._results.append((number, added))
            if not added.success:
                self._failures.append((number, added))
        return number

    def record(self, observation: Observation) -> None:
        """Take in an observation; its log is written when somebody asks for it."""
        with self._lock:
            looks = self._looks.setdefault(observation.target, {}).setdefault(observation.probe, _Looks())
            looks.take(next(self._numbers), observation)

    def forget(self, target: str) -> None:
        """Let go of what was observed of a target; results that were added stay."""
        with self._lock:
            self._looks.pop(target, None)

    def find(self, number: int) -> Result | None:
        """Give the result with a number; None where it is kept no more."""
        with self._lock:
            kept: dict[int, Result | Observation] = dict(self._added())
            for looks in self._looks.values():
                for one in looks.values():
                    kept |= one.kept()
        return _told(kept[number]) if number in kept else None

    def latest(self, target: str, module: str = "") -> Result | None:
        """Give the latest result of a module, or probe, for a target; of any, where it has no name."""
        with self._lock:
            kept: dict[int, Result | Observation] = {
                number: one
                for number, one in self._added()
                if one.target == target and module in ("", one.module)
            }
            for probe, looks in self._looks.get(target, {}).items():
                if module in ("", probe):
                    kept |= looks.kept()
        return _told(kept[max(kept)]) if kept else None

    def listed(self) -> list[Numbered]:
        """Give all results that were added and are kept, the newest first."""
        with self._lock:
            return sorted(set(self._added()), key=lambda each: each[0], reverse=True)

    def failures(self, target: str) -> list[tuple[int, Observation]]:
        """Give the failures that were observed of a target, the newest first."""
        with self._lock:
            kept = [each for looks in self._looks.get(target, {}).values() for each in looks.failures]
        return sorted(kept, key=_number, reverse=True)

    def _added(self) -> Iterator[Numbered]:
        yield from self._results
        yield from self._failures


class _Looks:
    """What is kept of one probe of one target."""

    __slots__ = ("failures", "latest")

    def __init__(self) -> None:
        self.latest: tuple[int, Observation] | None = None
        self.failures: deque[tuple[int, Observation]] = deque(maxlen=FAILURES)

    def take(self, number: int, observation: Observation) -> None:
        self.latest = number, observation
        if not went_well(observation):
            self.failures.append(self.latest)

    def kept(self) -> dict[int, Observation]:
        return dict((*self.failures, *(() if self.latest is None else (self.latest,))))


def _told(found: Result | Observation) -> Result:
    return found if isinstance(found, Result) else result(found)


def _number(each: tuple[int, Observation]) -> int:
    return each[0]
