"""The same on series of smokeping_prober: echoes to databases' hosts."""

from dataclasses import replace
from typing import Final

from exporter.alerts import network
from exporter.alerts.rule import Alert, Group, Kind, Level
from exporter.model import Severity

OF_DATABASES: Final = "{host=~<ping_host:quoted>}"
SENT: Final = f"smokeping_requests_total{OF_DATABASES}"
ANSWERED: Final = f"smokeping_response_duration_seconds_count{OF_DATABASES}"
LOSS: Final = replace(
    network.LOSS,
    # An echo that is under way at a scrape counts as sent and not as answered: such loss is gone when it
    # has left the window, before `lasts` is over. A host that answered none within a day has a firewall.
    expr=f"""\
1 - rate({ANSWERED}[5m]) / rate({SENT}[5m]) > <limit>
and max_over_time({ANSWERED}[1d]) > 0
""",
    summary="Packets to {{ $labels.host }} get lost",
)
LATENCY: Final = Alert(
    name="DatabaseLatencyHigh",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.WARNING, lasts="5m"),),
    expr=f"""\
rate(smokeping_response_duration_seconds_sum{OF_DATABASES}[5m])
/ rate({ANSWERED}[5m]) > <latency>
""",
    summary="The way to {{ $labels.host }} is slow",
    evidence="a round trip takes {{ $value | humanizeDuration }} in the mean of 5 minutes; more than "
    "<latency:duration> is too long",
    fix="See on which hop the delay begins that goes on to the end: mtr -T to the database's port",
)
SMOKEPING_PROBER: Final = (Group(name="conndrop-compat-smokeping", rules=(LOSS, LATENCY)),)
