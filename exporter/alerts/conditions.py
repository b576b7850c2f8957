"""Alerts that are the same, whichever exporter tells of the server.

The series stand between angle brackets in the expressions, as thresholds do, and are put in by `measured`.
"""

from dataclasses import replace
from typing import Final

from exporter.alerts.rule import Alert, Kind, Level
from exporter.model import Severity


def measured(alert: Alert, **series: str) -> Alert:
    """Put series in where the alert's expression names them."""
    expr = alert.expr
    for name, found in series.items():
        expr = expr.replace(f"<{name}>", found)
    return replace(alert, expr=expr)


ABORTED_CONNECTS: Final = Alert(
    name="DatabaseAbortedConnects",
    kind=Kind.SYMPTOM,
    levels=(
        Level(severity=Severity.WARNING, lasts="5m", values={"limit": "<aborted_connects_warning>"}),
        Level(severity=Severity.CRITICAL, lasts="5m", values={"limit": "<aborted_connects_critical>"}),
    ),
    expr="<rate> > <limit>",
    summary="Many connects to {{ $labels.target }} never become a session",
    evidence='{{ $value | printf "%.1f" }} a second over 5 minutes came to nothing, by the server\'s own '
    "count; more than <limit> are too many",
    fix="Find in the server's log from where they come (MySQL: SET GLOBAL log_error_verbosity = 3; "
    "MariaDB: SET GLOBAL log_warnings = 4)",
)
ABOVE_BASELINE: Final = Alert(
    name="DatabaseAbortedConnectsAboveBaseline",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.WARNING, lasts="10m"),),
    # Of a server that aborts next to none, any multiple is small: the step keeps single ones silent.
    expr="""\
<rate> > <aborted_connects_factor> * <mean>
and
<rate> - <mean> > <aborted_connects_step>
""",
    summary="More connects to {{ $labels.target }} than usual never become a session",
    evidence='{{ $value | printf "%.2f" }} a second over 5 minutes came to nothing, by the server\'s own '
    "count; that is more than <aborted_connects_factor> times the mean of the last day",
    fix="Look for what has changed since: a deployment, a password, a health check that connects and hangs "
    "up",
)
ABORTED_CLIENTS: Final = Alert(
    name="DatabaseAbortedClients",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.WARNING, lasts="5m"),),
    expr="<rate> * 300 > <aborted_clients>",
    summary="Clients of {{ $labels.target }} vanish without a goodbye",
    evidence='{{ $value | printf "%.0f" }} sessions ended so within 5 minutes, by the server\'s own count; '
    "more than <aborted_clients> are too many",
    fix="See whether the applications restart or crash, and whether something between ends silent "
    "connections",
)
NEAR_LIMIT: Final = Alert(
    name="DatabaseConnectionsNearLimit",
    kind=Kind.SYMPTOM,
    levels=(
        Level(severity=Severity.WARNING, lasts="5m", values={"limit": "<saturation_warning>"}),
        Level(severity=Severity.CRITICAL, lasts="5m", values={"limit": "<saturation_critical>"}),
    ),
    expr="<usage> > <limit>",
    summary="{{ $labels.target }} has few connections left",
    evidence="{{ $value | humanizePercentage }} of those that ordinary accounts may have are in use; more "
    "than <limit:percent> is too many",
    fix="Find which account and which client hold most of them, and let their pools hold less",
)
EXHAUSTED: Final = Alert(
    name="DatabaseConnectionsExhausted",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.CRITICAL),),
    expr="<usage> >= 1",
    summary="{{ $labels.target }} has no connection left",
    evidence="{{ $value | humanizePercentage }} of those that ordinary accounts may have are in use, so "
    "whoever comes now is refused",
    fix="End idle sessions of whoever holds most of them, and let that pool hold less",
)
FELL: Final = Alert(
    name="DatabaseConnectionsFell",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.WARNING),),
    expr="""\
1 - <now> / (avg_over_time(<connections>[10m] offset 1m) >= <connections_before>)
> <connections_fall>
""",
    summary="{{ $labels.target }} has lost many of its connections at once",
    evidence="{{ $value | humanizePercentage }} of those that it had in the mean of the 10 minutes before "
    "are gone; more than <connections_fall:percent> is sudden",
    fix="See whether an application was stopped or deployed; if none was, what lies between it and the "
    "server",
)
IDLE_IN_TRANSACTION: Final = Alert(
    name="DatabaseIdleInTransaction",
    kind=Kind.SYMPTOM,
    levels=(
        Level(severity=Severity.WARNING, values={"limit": "<idle_in_transaction_warning>"}),
        Level(severity=Severity.CRITICAL, values={"limit": "<idle_in_transaction_critical>"}),
    ),
    expr="<oldest> > <limit>",
    summary="A client of {{ $labels.target }} has left its transaction open and does nothing",
    evidence="it has been silent for {{ $value | humanizeDuration }}; longer than <limit:duration> is too "
    "long, since locks are held meanwhile",
    fix="Find the session, let its application commit or roll back before slow work elsewhere, and end it if "
    "it stands in others' way",
)
PILE_UP: Final = Alert(
    name="DatabaseIdleInTransactionPileUp",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.WARNING, lasts="5m"),),
    expr="""\
<idle> / <connections> > <idle_in_transaction_share>
and
<idle> >= <idle_in_transaction_pile>
""",
    summary="Clients of {{ $labels.target }} leave transactions open and do nothing",
    evidence="{{ $value | humanizePercentage }} of its connections are idle in a transaction; more than "
    "<idle_in_transaction_share:percent>, and <idle_in_transaction_pile> at least, are too many",
    fix="Find what their applications wait for before they commit: a slow service, a queue, a lock",
)
RESTARTED: Final = Alert(
    name="DatabaseRestarted",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.WARNING),),
    expr="<times> > 0",
    summary="The server of {{ $labels.target }} has restarted",
    evidence='restarts within 15 minutes, by its own time of start: {{ $value | printf "%.0f" }}',
    fix="Look at the server's log for that moment: told to, crashed, or out of memory",
)
READ_ONLY: Final = Alert(
    name="DatabaseReadOnly",
    kind=Kind.SYMPTOM,
    # As severe as the cause of that name, which keeps it quiet.
    levels=(Level(severity=Severity.WARNING, lasts="1m"),),
    # A replica that has always been one is as it should be.
    expr="<read_only> == 1 and <least> == 0",
    summary="{{ $labels.target }} takes no writes any more",
    evidence="the server says that it is read-only, and within the last day it was not",
    fix="See whether this is the former primary after a failover, and let applications find the new one",
)
LOAD_HIGH: Final = Alert(
    name="DatabaseLoadHigh",
    kind=Kind.SYMPTOM,
    levels=(
        Level(severity=Severity.WARNING, lasts="5m", values={"limit": "<load_warning>"}),
        Level(severity=Severity.CRITICAL, lasts="5m", values={"limit": "<load_critical>"}),
    ),
    expr="<active> / <allowed> > <limit>",
    summary="{{ $labels.target }} is at work on many connections at once",
    evidence="{{ $value | humanizePercentage }} of the connections it allows are at work, not idle; more "
    "than <limit:percent> is too many",
    fix="Find which statements run, for how long, and what they wait for: locks, disks, processors",
)
