"""Alerts on connections: that drop, that cannot be had, that are going to drop."""

from typing import Final

from exporter.alerts.bridging import A_MINUTE, bridged
from exporter.alerts.figures import COUNT, IDLE, SPAN, WHOSE, Figure
from exporter.alerts.rule import Alert, Group, Kind, Level
from exporter.model import Severity

WARNING: Final = (Level(severity=Severity.WARNING),)
# Idle probes lose connections on purpose. Ages are counted from the start, whatever the cause: a cause that
# nobody has foreseen begins a series of drops with a 1, and of that no increase is seen.
DROPPED: Final = Alert(
    name="DatabaseConnectionDropped",
    kind=Kind.SYMPTOM,
    levels=WARNING,
    expr='sum without (probe) (increase(conndrop_drop_age_seconds_count{probe!="idle"}[15m])) > 0',
    summary="Connections to {{ $labels.target }} drop",
    evidence=f"within 15 minutes the exporter has lost {{{{ $value | {COUNT} }}}} of those that it holds; "
    "its log has a line for each, `connection dropped`, with the server's last words",
    fix="See in /incidents?target={{ $labels.target }} whether the cause is known; if not, compare "
    "the times with the server's log and with changes to the network",
)
# What counts is how often it happens: one restart ends all connections that are held, however many they are.
# Where the exporter starts anew, its counters do, and nothing has happened.
FREQUENT: Final = Alert(
    name="DatabaseDropsFrequent",
    kind=Kind.SYMPTOM,
    levels=WARNING,
    expr="""\
changes(sum without (probe, end) (conndrop_drops_total{probe!="idle"})[1h:1m])
-
resets(sum without (probe, end) (conndrop_drops_total{probe!="idle"})[1h:1m]) > <drops_per_hour>
""",
    summary="Connections to {{ $labels.target }} drop again and again, seen as {{ $labels.cause }}",
    evidence="{{ $value }} times within an hour; more than <drops_per_hour> are too many",
    fix="Read what the exporter takes for the cause in /incidents?target={{ $labels.target }}, and "
    "what to do: conndrop causes {{ $labels.cause }}",
)
# One session that failed is no share: of a few it may be many in a hundred.
SESSIONS: Final = Alert(
    name="DatabaseSessionsFailing",
    kind=Kind.SYMPTOM,
    levels=(
        Level(severity=Severity.WARNING, values={"limit": "<session_failures_warning>"}),
        Level(severity=Severity.CRITICAL, values={"limit": "<session_failures_critical>"}),
    ),
    expr="""\
target:conndrop_session_failures:ratio_rate5m >= <limit>
and
sum without (phase, cause) (increase(conndrop_session_failures_total[5m])) > 1.5
""",
    summary="New sessions at {{ $labels.target }} fail",
    evidence="{{ $value | humanizePercentage }} of those of the last 5 minutes did; "
    "<limit:percent> are too many",
    fix="See in which phase they fail, and of what: "
    'topk(3, increase(conndrop_session_failures_total{target="{{ $labels.target }}"}[5m]))',
)
DOWN: Final = Alert(
    name="DatabaseDown",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.CRITICAL, lasts="1m"),),
    expr=f"{bridged('conndrop_up', A_MINUTE)} == 0",
    summary="No session gets in at {{ $labels.target }}",
    evidence="every session of the last minute failed",
    fix="See whether the database runs and answers at its own host; then try from the exporter's host, with "
    "the account of the application",
)
AVAILABILITY: Final = Alert(
    name="DatabaseAvailabilityLow",
    kind=Kind.SYMPTOM,
    levels=WARNING,
    expr="target:conndrop_outage_seconds:rate30d > 1 - <availability>",
    summary="{{ $labels.target }} has been out for longer than 30 days allow",
    evidence="no connection could be kept for {{ $value | humanizePercentage }} of 30 days; "
    "<availability:percent> without that are promised",
    fix="List what it was lost to, and begin with the most: "
    'topk(5, increase(conndrop_incident_seconds_total{target="{{ $labels.target }}"}[30d]))',
)
# The windows and factors of Google's Site Reliability Workbook; `spent` is 30 days divided by the factor.
# A rate divides by the whole window: in a series that is younger than that an outage counts no more.
BURNING: Final = Alert(
    name="DatabaseOutageBudgetBurning",
    kind=Kind.SYMPTOM,
    levels=tuple(
        Level(severity=severity, values={"factor": factor, "long": long, "short": short, "spent": spent})
        for severity, factor, long, short, spent in (
            (Severity.CRITICAL, "14.4", "1h", "5m", "2 days"),
            (Severity.CRITICAL, "6", "6h", "30m", "5 days"),
            (Severity.WARNING, "3", "1d", "2h", "10 days"),
            (Severity.WARNING, "1", "3d", "6h", "30 days"),
        )
    ),
    expr="""\
target:conndrop_outage_seconds:rate<long> > <factor> * (1 - <availability>)
and
target:conndrop_outage_seconds:rate<short> > <factor> * (1 - <availability>)
""",
    labels={"long": "<long>", "short": "<short>"},
    summary="Outages of {{ $labels.target }} use up too fast what 30 days allow",
    evidence="no connection could be kept for {{ $value | humanizePercentage }} of the last <long>, and it "
    "goes on; what is allowed, with <availability:percent> promised, would be gone within <spent>",
    fix="See in /incidents?target={{ $labels.target }} what the cause is, and do what stands there first",
)
RECYCLE: Final = (
    Figure(series="conndrop_pool_recycle_seconds", said="pool_recycle: ANSWER", form=SPAN),
    *IDLE,
)
BELOW_RECYCLE: Final = Alert(
    name="DatabaseIdleTimeoutBelowPoolRecycle",
    kind=Kind.RISK,
    levels=WARNING,
    expr=f"{bridged('conndrop_pool_recycle_unsafe')} == 1",
    summary="The pool keeps silent connections to {{ $labels.target }} for longer than they live",
    evidence=f"{WHOSE}{''.join(figure.clause for figure in RECYCLE)}older ones are handed out dead",
    fix="Set pool_recycle of the application's pool to conndrop_recommended_pool_recycle_seconds or less, "
    "and pool_pre_ping=True",
)
KEEPALIVE: Final = (
    Figure(series="conndrop_keepalive_seconds", said="first keepalive: ANSWER", form=SPAN),
    Figure(series="conndrop_recommended_keepalive_seconds", said="safe keepalive time: ANSWER s"),
)
SOONER: Final = (
    "keepalives_idle=60 in PostgreSQL's URL; for MySQL and MariaDB sysctl -w net.ipv4.tcp_keepalive_time=60"
)
TIMEOUT: Final = bridged('conndrop_idle_timeout_seconds{cause="middlebox.idle_timeout"}')
BELOW_KEEPALIVE: Final = Alert(
    name="DatabaseIdleTimeoutBelowKeepalive",
    kind=Kind.RISK,
    levels=WARNING,
    expr=f"""\
{TIMEOUT}
<= ignoring (cause)
{bridged("conndrop_keepalive_seconds")}
""",
    summary="Keepalives come too late for what lies between here and {{ $labels.target }}",
    evidence=f"{WHOSE}{''.join(figure.clause for figure in KEEPALIVE)}"
    "a middlebox forgets connections that are silent for {{ $value | humanizeDuration }}",
    fix=f"Have keepalives sent sooner: {SOONER}",
)
# A silence that is not the middlebox's, such as that of a dead path, has another cause. The counter begins
# anew with the exporter, what is known does not; within 6 hours it has been verified again.
SILENT: Final = Alert(
    name="DatabaseSilentIdleTimeout",
    kind=Kind.RISK,
    levels=WARNING,
    expr=f"""\
max without (cause) {TIMEOUT}
and ignoring (probe, end, cause)
max_over_time(conndrop_drops_total{{probe="idle", end="silence", cause="middlebox.idle_timeout"}}[6h]) > 0
unless
{bridged("conndrop_keepalive_seconds")}
""",
    summary="Connections to {{ $labels.target }} die of silence without a word, and no keepalive finds out",
    evidence="a middlebox forgets those that are silent for {{ $value | humanizeDuration }}, and answers "
    "nothing afterwards: a query on such a connection hangs for a quarter of an hour",
    fix="Switch keepalives on, and have them sent sooner than that: keepalives=1&keepalives_idle=60 in the "
    "application's URL",
)
# Its only user is the exporter, which keeps none for long: the application's own pool is another alert.
EXHAUSTED: Final = Alert(
    name="DatabasePoolExhausted",
    kind=Kind.SYMPTOM,
    levels=WARNING,
    expr="""\
sum without (cause) (
  increase(conndrop_pool_checkout_failures_total{cause="client.pool_exhausted"}[5m])
) > 0
""",
    summary="The pool has no connection to {{ $labels.target }} left to hand out",
    evidence=f"{{{{ $value | {COUNT} }}}} of the last 5 minutes' checkouts waited in vain for pool_timeout",
    fix="Compare pool_size + max_overflow with how many connections are taken out at once (connections, in "
    "the target's block pool), and raise the former where the application takes as many",
)
CONNECTIONS: Final = (
    Group(
        name="conndrop-connections",
        rules=(DROPPED, FREQUENT, SESSIONS, DOWN, EXHAUSTED, BELOW_RECYCLE, BELOW_KEEPALIVE, SILENT),
    ),
    Group(name="conndrop-outages", rules=(AVAILABILITY, BURNING)),
)
