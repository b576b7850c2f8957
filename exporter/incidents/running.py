"""An incident that is not over, and a judgement on it. Moments called `at` are monotonic seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from exporter.diagnosis.verdict import Finding, Verdict
from exporter.incidents.clocks import Now
from exporter.model import Cause, Incident


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, when it was reached, and what it names by the cause."""

    verdict: Verdict
    now: Now
    named: Mapping[Cause, Finding]


@dataclass(slots=True, kw_only=True)
class Running:
    """An incident that is not over.

    `latest` (`at`) is the latest symptom that it may explain. Its time up to `reckoned` (`at`) has been
    counted, and itself for each cause in `counted`. `left` is when an earlier run of the daemon saw it last,
    as long as this one has not found the same cause.
    """

    incident: Incident
    begun: float
    latest: float
    reckoned: float
    counted: set[Cause] = field(default_factory=set)
    left: float | None = None

    @property
    def cause(self) -> Cause:
        """What it is called now."""
        return self.incident.cause
