"""What an exporter has said of a fault while it lasted, and whether that is right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from exporter.model import Cause
from tests.faults.scenario import Scenario

EARLIER: Final = 1.0
"""Seconds by which an incident may begin before the fault was called to hold."""
Documents = Sequence[Mapping[str, Any]]
"""Incidents, as `/api/v1/incidents` tells them."""


class Verdict(StrEnum):
    """How well a fault was told, from best to worst; `BROKEN` is the bench itself."""

    RIGHT = "right"
    CANDIDATE = "unknown, right one among the candidates"
    UNKNOWN = "unknown"
    WRONG = "wrong"
    MISSED = "not detected"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one scenario came out on one database; times are seconds from the fault on.

    `symptom` is when an incident could first be read, `named` since when the right name could be read without
    a break. `others` are the wrong names that were ever there, `final` the names at the end.
    """

    scenario: Scenario
    database: str
    verdict: Verdict
    symptom: float | None = None
    named: float | None = None
    others: tuple[str, ...] = ()
    final: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()
    trouble: str = ""

    def __str__(self) -> str:
        said = f": {' + '.join(self.final or self.candidates)}" if self.final or self.candidates else ""
        others = f" (before: {', '.join(self.others)})" if self.others else ""
        trouble = f": {self.trouble}" if self.trouble else ""
        return (
            f"{self.scenario.name:44} {self.database:10} {self.scenario.expected:27} {_time(self.symptom)} "
            f"{_time(self.named)}  {self.verdict}{said}{others}{trouble}"
        )


def _time(seconds: float | None) -> str:
    return "      -" if seconds is None else f"{seconds:5.1f} s"


class Watch:
    """Takes in what can be read of one target during a fault that began at `begun`, in epoch seconds."""

    def __init__(self, scenario: Scenario, target: str, begun: float) -> None:
        self._scenario, self._target, self._begun = scenario, target, begun
        self._allowed = {scenario.expected, *scenario.also}
        self._symptom: float | None = None
        self._named: float | None = None
        self._final: set[str] = set()
        self._others: set[str] = set()
        self._candidates: dict[str, None] = {}
        self.history: list[tuple[float, Documents]] = []

    @property
    def named(self) -> float | None:
        """Seconds after which the right name was there, None while it is not."""
        return self._named

    def look(self, after: float, documents: Documents) -> None:
        """Take in what is to be read so many seconds after the fault."""
        mine = [one for one in documents if one["target"] == self._target and self._belongs(one)]
        if not self.history or self.history[-1][1] != mine:
            self.history.append((round(after, 2), mine))
        if mine and self._symptom is None:
            self._symptom = after
        self._final = {one["cause"] for one in mine} - {Cause.UNKNOWN}
        self._others |= self._final - self._allowed
        self._candidates = dict.fromkeys(name for one in mine for name in one.get("candidates", ()))
        if self._scenario.expected not in self._final:
            self._named = None
        elif self._named is None:
            self._named = after

    def outcome(self) -> Outcome:
        """Judge."""
        return Outcome(
            scenario=self._scenario, database=self._target, verdict=self._verdict(), symptom=self._symptom,
            named=self._named, others=tuple(sorted(self._others - self._final)),
            final=tuple(sorted(self._final)), candidates=tuple(self._candidates),
        )  # fmt: skip

    def _verdict(self) -> Verdict:
        if self._symptom is None:
            return Verdict.MISSED
        if self._final - self._allowed:
            return Verdict.WRONG
        if self._scenario.expected in self._final:
            return Verdict.RIGHT
        return Verdict.CANDIDATE if self._scenario.expected in self._candidates else Verdict.UNKNOWN

    def _belongs(self, document: Mapping[str, Any]) -> bool:
        return datetime.fromisoformat(document["started"]).timestamp() >= self._begun - EARLIER
