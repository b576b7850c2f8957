"""The series of incidents: what each target suffers from, how often, and for how long."""

from collections.abc import Collection, Mapping
from typing import Final

from exporter.exposition.families import Families
from exporter.exposition.family import Gauge
from exporter.model import Cause

Values = Mapping[tuple[str, ...], float]
NOTHING: Final[Values] = {(cause,): 0 for cause in Cause}


class IncidentMetrics:
    """Counts incidents by their causes; used by one thread at a time.

    Incidents are rare and there are many causes: the lines of a target are written when one of them
    changes, and not at each scrape.
    """

    def __init__(self, families: Families) -> None:
        self._active = families.gauge(
            "conndrop_incident_active", "Whether the target suffers from this cause now.", "target", "cause"
        )
        self._incidents = families.gauge(
            "conndrop_incidents_total",
            "Incidents, by every cause that they were found to have.",
            "target",
            "cause",
            kind="counter",
        )
        self._seconds = families.gauge(
            "conndrop_incident_seconds_total",
            "Time from the first to the latest symptom of incidents, by their cause.",
            "target",
            "cause",
            kind="counter",
        )
        self._totals: dict[Gauge, dict[str, Values]] = {
            family: families.of_targets() for family in (self._incidents, self._seconds)
        }

    def expect(self, target: str) -> None:
        """Let every series of `target` begin at 0."""
        for family in (self._active, self._incidents, self._seconds):
            family.show(target, NOTHING)

    def active(self, target: str, causes: Collection[Cause]) -> None:
        """Show which causes `target` suffers from now."""
        self._active.show(target, {(cause,): int(cause in causes) for cause in Cause})

    def counted(self, target: str, cause: Cause) -> None:
        """Count an incident."""
        self._add(self._incidents, target, cause, 1)

    def lasted(self, target: str, cause: Cause, seconds: float) -> None:
        """Count time in an incident."""
        self._add(self._seconds, target, cause, seconds)

    def _add(self, family: Gauge, target: str, cause: Cause, amount: float) -> None:
        before = self._totals[family].get(target, NOTHING)
        # A new mapping each time: what has been shown is not changed.
        self._totals[family][target] = now = {**before, (cause,): before[cause,] + amount}
        family.show(target, now)
