"""Alerts on the way to a database."""

from typing import Final

from exporter.alerts.bridging import bridged
from exporter.alerts.figures import SPAN, WHOSE, known
from exporter.alerts.rule import Alert, Group, Kind, Level
from exporter.model import Severity

USUAL: Final = "target:conndrop_rtt_seconds:median1d"
DELAY: Final = "target:conndrop_rtt_seconds:mean5m"
HOP: Final = (
    'hop {{ $value | printf "%.0f" }}'
    "{{ range query"
    ' (printf `conndrop_path_hop_info{target=%q,vantage=%q,job=%q,instance=%q,ttl="%.0f"}`'
    " $labels.target $labels.vantage $labels.job $labels.instance $value)"
    " | sortByLabel `address` }}, {{ .Labels.address }}"
    "{{ with .Labels.hostname }} ({{ . }}){{ end }}{{ with .Labels.network }} of {{ . }}{{ end }}"
    '{{ else }}{{ with query (print "conndrop_path_hop_info" $of) }}, which gives no answer itself{{ end }}'
    "{{ end }}"
)
"""Who stands at the hop that is the alert's value, to stand after `WHOSE`.

It is looked up, so that another one makes no new alert. That nobody answers there is said only where other
hops are known: they may not be scraped at all.
"""


def _asked(series: str, form: str, at: str = "") -> str:
    """Give a template of the value of `series`, to stand after `WHOSE`; `at` may be an offset."""
    value = f"{{{{ . | first | value | {form} }}}}"
    begin, end = known(series)
    return f'{{{{ with query (print "{begin}" $of "{end}{at}") }}}}{value}{{{{ end }}}}'


LOSS: Final = Alert(
    name="DatabasePacketLoss",
    kind=Kind.SYMPTOM,
    levels=(
        Level(severity=Severity.WARNING, lasts="10m", values={"limit": "<packet_loss_warning>"}),
        Level(severity=Severity.CRITICAL, lasts="5m", values={"limit": "<packet_loss_critical>"}),
    ),
    # A host that answers no echo at all while sessions are well, or for a day, has a firewall, and no loss.
    expr=f"""\
target:conndrop_ping_loss:ratio_rate5m > <limit>
unless (
  target:conndrop_ping_loss:ratio_rate5m > 0.999
  and
  ({bridged("conndrop_up")} == 1 or target:conndrop_ping_loss:min1d > 0.999)
)
""",
    summary="Packets to {{ $labels.target }} get lost",
    evidence="{{ $value | humanizePercentage }} of the echoes of the last 5 minutes had no answer; more than "
    "<limit:percent> is too many",
    fix="See on which hop the loss begins that goes on to the end, and write to whoever runs it: "
    "mtr -T to the database's port",
)
LATENCY: Final = Alert(
    name="DatabaseLatencyHigh",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.WARNING, lasts="5m"),),
    expr=f"{DELAY} > <latency>",
    summary="The way to {{ $labels.target }} is slow",
    evidence="a round trip of the last 5 minutes took {{ $value | humanizeDuration }} on average; more than "
    "<latency:duration> is too long",
    fix="See from which hop on the delay is high, and write to whoever runs it: "
    "mtr -T to the database's port",
)
BASELINE: Final = Alert(
    name="DatabaseLatencyAboveBaseline",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.WARNING, lasts="10m"),),
    # Nothing is usual before half a day is known.
    expr=f"""\
{DELAY} > <latency_factor> * {USUAL}
and
{DELAY} - {USUAL} > <latency_step>
and
present_over_time({USUAL}[12h] offset 12h)
""",
    summary="The way to {{ $labels.target }} is slower than usual",
    evidence="a round trip of the last 5 minutes took {{ $value | humanizeDuration }} on average, and "
    f"{WHOSE}{_asked(USUAL, SPAN)} is usual; <latency_factor> times that is too long",
    fix="Look for what fills the line at this time (backups, dumps, replication), and see from which hop on "
    "the delay is high: mtr -T to the database's port",
)
JITTER: Final = Alert(
    name="DatabaseJitterHigh",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.WARNING, lasts="5m"),),
    expr="target:conndrop_ping_rtt_variation_seconds:mean5m > <jitter>",
    summary="The delay of the way to {{ $labels.target }} goes up and down",
    evidence="from echo to echo of the last 5 minutes the delay changed by {{ $value | humanizeDuration }} "
    "on average; more than <jitter:duration> is too much",
    fix="Look for a line that is full, and for a radio link: mtr -T to the database's port shows from which "
    "hop on delays are spread",
)
PATH_LOSS: Final = Alert(
    name="DatabasePathLoss",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.WARNING, lasts="5m"),),
    # A round that leaves the question open does not end the loss; one round alone does not make it last.
    expr="last_over_time(conndrop_path_loss_start_ttl[3m])",
    summary="Packets to {{ $labels.target }} get lost from one hop on",
    evidence=f"{WHOSE}loss that goes on to the target begins at {HOP}",
    fix="Send whoever runs that hop, and the one before it, a report of each direction: "
    "mtr -T --report-wide to the database's port, and back",
)
PATH_CHANGED: Final = Alert(
    name="DatabasePathChanged",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.INFO),),
    expr=f"""\
{DELAY}
and
abs({DELAY} - {DELAY} offset 15m) > <latency_step>
and
increase(conndrop_path_changes_total[15m]) > 0
""",
    summary="The path to {{ $labels.target }} has changed, and so has its delay",
    evidence="a round trip takes {{ $value | humanizeDuration }} on average, and took "
    f"{WHOSE}{_asked(DELAY, SPAN, ' offset 15m')} before the path changed; "
    "a step of more than <latency_step:duration> counts",
    fix="Compare conndrop_path_hop_info of now and of 15 minutes ago; if the path is slower now, write to "
    "whoever runs the first hop that differs",
)
BLACK_HOLE: Final = Alert(
    name="DatabasePathMTUBlackhole",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.WARNING, lasts="5m"),),
    expr=f"{bridged('conndrop_path_mtu_blackhole')} == 1",
    summary="Large packets to {{ $labels.target }} vanish, and no router says why",
    evidence=f"{WHOSE}packets of more than {_asked('conndrop_path_mtu_bytes', 'printf `%.0f`')} bytes do not "
    "arrive, and smaller ones do",
    fix="On the router before the narrow part, make both ends send smaller segments: "
    "nft add rule inet filter forward tcp flags syn tcp option maxseg size set rt mtu",
)
NETWORK: Final = (
    Group(
        name="conndrop-network",
        rules=(LOSS, LATENCY, BASELINE, JITTER, PATH_LOSS, PATH_CHANGED, BLACK_HOLE),
    ),
)
