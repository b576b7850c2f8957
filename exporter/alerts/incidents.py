"""Alerts on incidents: one rule for each cause, in the words of the catalogue."""

from typing import Final

from exporter.alerts.bridging import MISSED
from exporter.alerts.figures import GROWTH, SEEN, TARGET, evidence
from exporter.alerts.itself import UPLINK
from exporter.alerts.rule import Alert, Group, Kind, Level
from exporter.diagnosis.catalogue import CATALOGUE
from exporter.diagnosis.telling import tell
from exporter.model import Cause, Severity

IS_POSTGRES: Final = 'query (printf `conndrop_target_info{target=%q,dialect="postgresql"}` $labels.target)'
DROPPING: Final = "DatabaseConnectionsDropping"
"""The alert that names a cause; one rule for each."""
REMEMBERED: Final = "35m"
"""For how long symptoms look back that page, and a while for the last notification."""


def _alert(cause: Cause) -> Alert:
    return Alert(
        name=DROPPING,
        kind=Kind.CAUSE,
        levels=(Level(severity=CATALOGUE[cause].severity),),
        # A scrape that fails is not the end: it would be told as such, and what goes on as something new.
        expr=f'last_over_time(conndrop_incident_active{{cause="{cause}"}}[{MISSED}]) == 1',
        summary=tell(cause, TARGET, None, ()).summary,
        evidence=evidence(cause),
        fix=_first_fix(cause),
        labels={"cause": str(cause)},
        annotations={"incidents_url": SEEN},
    )


def _first_fix(cause: Cause) -> str:
    """Give the first thing to do; where it depends on the database, Prometheus chooses."""
    postgres, mysql = (str(tell(cause, TARGET, family, ()).fix[0]) for family in ("postgresql", "mysql"))
    if postgres == mysql:
        return postgres
    return f"{{{{ if {IS_POSTGRES} }}}}{postgres}{{{{ else }}}}{mysql}{{{{ end }}}}"


def _memory(severity: Severity) -> Alert:
    # What was told is little; a series for each cause of each target, for so long, would be far more to read.
    told = f'ALERTS{{alertname="{DROPPING}",alertstate="firing",severity="{severity}"}}'
    return Alert(
        name="DatabaseIncidentRemembered",
        kind=Kind.MEMORY,
        levels=(Level(severity=Severity.INFO),),
        expr=f"max without (alertname, alertstate, kind, severity, cause) (\n"
        f"  max_over_time({told}[{REMEMBERED}])\n)\n",
        summary="A cause of trouble with {{ $labels.target }} was named within 35 minutes",
        evidence="DatabaseConnectionsDropping has told it, so its symptoms need no message of their own",
        fix="Let no receiver have this alert: it only keeps others quiet",
        labels={"remembers": str(severity)},
    )


NAMED: Final = tuple(cause for cause in CATALOGUE if cause is not Cause.UNKNOWN)
# Whether the exporter's own host is cut off is found out right before the causes that it keeps quiet: another
# group is evaluated at another time, and a page may have gone out by then.
INCIDENTS: Final = (
    Group(name="conndrop-incidents", rules=(UPLINK, *GROWTH, *(_alert(cause) for cause in NAMED))),
    Group(
        name="conndrop-memory",
        rules=tuple(_memory(severity) for severity in (Severity.CRITICAL, Severity.WARNING)),
    ),
)
