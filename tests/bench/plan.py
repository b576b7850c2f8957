"""How long is measured, how often, and who takes turns."""

import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self, TypeVar

K = TypeVar("K")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`seconds` is the length of one measurement, `rounds` how often each is made, `targets` of how many.

    `echoes` is how many are judged for phantom loss. `quick` leaves out what takes minutes.
    """

    seconds: float
    rounds: int
    echoes: int
    targets: int
    quick: bool = False

    @property
    def warm_up(self) -> float:
        """Seconds from a tool's start until it is watched."""
        return min(3.0, self.seconds)

    @classmethod
    def from_environment(cls) -> Self:
        """Read BENCH_SECONDS, BENCH_ROUNDS, BENCH_ECHOES, BENCH_TARGETS and BENCH_QUICK."""
        quick = os.environ.get("BENCH_QUICK", "") not in {"", "0"}
        return cls(
            seconds=float(os.environ.get("BENCH_SECONDS") or (5 if quick else 20)),
            rounds=int(os.environ.get("BENCH_ROUNDS") or (1 if quick else 5)),
            echoes=int(os.environ.get("BENCH_ECHOES") or (5_000 if quick else 100_000)),
            targets=int(os.environ.get("BENCH_TARGETS") or 1000),
            quick=quick,
        )

    def turns(self, contenders: Mapping[K, Callable[[], T]]) -> dict[K, list[T]]:
        """Let each measure in turn, round after round: what disturbs the machine disturbs all."""
        found: dict[K, list[T]] = {name: [] for name in contenders}
        for number in range(self.rounds):
            for name, measure in contenders.items():
                begun = time.monotonic()
                found[name].append(measure())
                say(f"  round {number + 1}, {name}: {time.monotonic() - begun:.0f} s")
        return found

    def medians(self, contenders: Mapping[K, Callable[[], float]]) -> dict[K, float]:
        """Give the median of each one's rounds."""
        return {name: statistics.median(figures) for name, figures in self.turns(contenders).items()}


def say(text: str) -> None:
    """Tell whoever waits how far it is, if there is anything to tell."""
    if text:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
