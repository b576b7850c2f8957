"""Alerts on the way to a database."""

from typing import Final

from exporter.alerts.rule import Alert, Group, Kind, Level
from exporter.model import Severity

LOSS: Final = Alert(
    name="DatabasePacketLoss",
    kind=Kind.SYMPTOM,
    levels=(
        Level(severity=Severity.WARNING, lasts="10m", values={"limit": "<packet_loss_warning>"}),
        Level(severity=Severity.CRITICAL, lasts="5m", values={"limit": "<packet_loss_critical>"}),
    ),
    # A host that answers no echo at all while sessions are well has a firewall, and no loss.
    expr="""\
target:conndrop_ping_loss:ratio_rate5m > <limit>
unless
(target:conndrop_ping_loss:ratio_rate5m > 0.999 and conndrop_up == 1)
""",
    summary="Packets to {{ $labels.target }} get lost",
    evidence="{{ $value | humanizePercentage }} of the echoes of the last 5 minutes had no answer; more than "
    "<limit:percent> is too many",
    fix="See on which hop the loss begins that goes on to the end, and write to whoever runs it: "
    "mtr -T to the database's port",
)
NETWORK: Final = (Group(name="conndrop-network", rules=(LOSS,)),)
