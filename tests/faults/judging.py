"""Watching the exporter look for idle timeouts, and judging what it has found."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Final

from tests.faults.cases import Case, Faults
from tests.lab.exporter import Exporter, exporter, only
from tests.lab.site import Site
from tests.scraping import Samples
from tests.servers import Certificates, MariaDb, MySql, Postgres

LADDER = ["2s", "4s", "8s", "16s", "32s", "64s", "2m"]
IDLE: Final[Mapping[str, Any]] = {"ladder": LADDER, "keepalive": "5s"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the exporter says of one target, and the seconds after which it said so."""

    case: Case
    survived: float | None
    killed: float | None
    timeouts: dict[str, float]
    after: float

    @property
    def problem(self) -> str:
        """What is wrong with it; empty if nothing is."""
        truth = min(self.case.truth.values())
        if self.killed is None or self.survived is None:
            return "not found"
        if self.killed - self.survived > tolerance(truth):
            return f"{self.killed - self.survived:.2f} s wide"
        if not self.survived - tolerance(truth) <= truth <= self.killed + tolerance(truth):
            return "not the truth"
        if self.timeouts.keys() != self.case.truth.keys():
            return f"attributed to {', '.join(self.timeouts) or 'nobody'}"
        wrong = [
            cause
            for cause, seconds in self.timeouts.items()
            if abs(seconds - self.case.truth[cause]) > tolerance(self.case.truth[cause])
        ]
        return f"{', '.join(wrong)} not within 1 s or 2 %" if wrong else ""

    def __str__(self) -> str:
        bracket = f"({self.survived or 0:.2f}, {self.killed or math.inf:.2f}]"
        causes = ", ".join(f"{cause} {seconds:.2f}" for cause, seconds in self.timeouts.items())
        truth = "+".join(f"{seconds:g}" for seconds in self.case.truth.values())
        verdict = self.problem or "good"
        return f"{truth:>5} s  {self.case.name:26} {bracket:18} {causes:60} {self.after:5.0f} s  {verdict}"


def tolerance(seconds: float) -> float:
    """How wide a bracket may be."""
    return max(1.0, 0.02 * seconds)


@contextmanager
def faulty(
    certificates: Certificates, faults: Faults, seconds: int, **settings: object
) -> Iterator["Search"]:
    """Build a site with these faults, and let an exporter look for them; `settings` are more of the probe."""
    probes = only(sentinel={"heartbeat": "1s"}, idle={**IDLE, **settings})
    with ExitStack() as stack:
        site = stack.enter_context(Site(certificates, Postgres, MariaDb, MySql))
        cases = faults(site, stack, seconds)
        targets = [{"name": case.name, "url": case.url, "probes": probes} for case in cases]
        yield Search(stack.enter_context(exporter(site.client, targets)), cases)


class Search:
    """An exporter at work on some cases; `found` grows until all have been attributed."""

    def __init__(self, running: Exporter, cases: Sequence[Case]) -> None:
        self.exporter = running
        self._cases = cases
        self._begun = time.monotonic()
        self.found: dict[str, Found] = {}

    def look(self, *, last: bool = False) -> bool:
        """Take in what is settled and attributed now, or everything at `last`; tell whether that is all."""
        samples = self.exporter.everything()
        for case in self._cases:
            if case.name not in self.found:
                seen = self._seen(case, samples)
                settled = samples.get(("conndrop_idle_settled", frozenset({("target", case.name)})))
                if last or (settled and seen.timeouts):
                    self.found[case.name] = seen
        return len(self.found) == len(self._cases)

    def _seen(self, case: Case, samples: Samples) -> Found:
        mine = ("target", case.name)
        return Found(
            case=case,
            survived=samples.get(("conndrop_idle_survived_seconds", frozenset({mine}))),
            killed=samples.get(("conndrop_idle_killed_seconds", frozenset({mine}))),
            timeouts={
                dict(labels)["cause"]: value
                for (name, labels), value in samples.items()
                if name == "conndrop_idle_timeout_seconds" and mine in labels
            },
            after=time.monotonic() - self._begun,
        )
