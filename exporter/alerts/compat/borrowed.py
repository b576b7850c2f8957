"""Alerts of ours on series of exporters of other people."""

from dataclasses import replace
from typing import Final

from exporter.alerts.bridging import A_MINUTE, bridged
from exporter.alerts.conditions import measured
from exporter.alerts.rule import Alert, Kind, Level
from exporter.model import Severity

OURS: Final = "{{ $labels.target }}"
THEIRS: Final = "{{ $labels.instance }}"
"""What such an exporter looks at is an instance of a job."""
DOWN: Final = Alert(
    name="DatabaseDown",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.CRITICAL, lasts="1m"),),
    expr=f"{bridged('<up>', A_MINUTE)} == 0",
    summary=f"The exporter cannot talk to the database of {THEIRS}",
    evidence="each attempt of the last minute has failed, while the exporter itself answers",
    fix="Connect by hand from the exporter's host, with its account: the error tells whether it is the "
    "network, the server, or the password",
)


def borrowed(alert: Alert, **series: str) -> Alert:
    """Give an alert on these series."""
    return replace(measured(alert, **series), summary=alert.summary.replace(OURS, THEIRS))
