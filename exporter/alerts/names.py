"""Alerts on the name of a database, and on its certificate."""

from typing import Final

from exporter.alerts.rule import Alert, Group, Kind, Level
from exporter.model import Severity

EXPIRY: Final = """\
(
  last_over_time(conndrop_tls_chain_expiry_timestamp_seconds[1h])
  or
  last_over_time(conndrop_tls_certificate_expiry_timestamp_seconds[1h])
)"""
"""When the first certificate of the chain expires; a look that fails does not make it last."""

FAILING: Final = Alert(
    name="DatabaseNameFailing",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.WARNING),),
    # One failure alone is a lost datagram; what is extrapolated from it stays below two.
    expr="""\
target:conndrop_dns_failures:ratio_rate5m > <name_failures>
and
sum without (cause) (increase(conndrop_dns_failures_total[5m])) > 1.9
""",
    summary="The name of {{ $labels.target }} often cannot be resolved",
    evidence="{{ $value | humanizePercentage }} of the resolutions of the last 5 minutes failed; more than "
    "<name_failures:percent> is too many",
    fix="Ask each name server of /etc/resolv.conf for the database's name: dig @RESOLVER HOST A +tries=1",
)
CHANGED: Final = Alert(
    name="DatabaseNameChanged",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.INFO),),
    # A name that has other addresses all day long shares out load.
    expr="""\
increase(conndrop_dns_answer_changes_total[15m]) > 0
unless
target:conndrop_dns_answer_changes:increase1d >= 10
""",
    summary="The name of {{ $labels.target }} leads somewhere else",
    evidence="answers of the last 15 minutes with other addresses than the one before: "
    '{{ $value | printf "%.0f" }}',
    fix="Let pools follow the name: dispose of their connections now, and have none get older than the "
    "record's time to live (pool_recycle)",
)
EXPIRING: Final = Alert(
    name="DatabaseCertificateExpiring",
    kind=Kind.RISK,
    levels=(
        Level(severity=Severity.WARNING, values={"limit": "<certificate_warning>"}),
        Level(severity=Severity.CRITICAL, values={"limit": "<certificate_critical>"}),
    ),
    # One that has expired is the next alert's.
    expr=f"{EXPIRY} - time() < <limit> > 0",
    summary="The certificate of {{ $labels.target }} expires soon",
    evidence="{{ $value | humanizeDuration }} are left to the first certificate of its chain; less than "
    "<limit:duration> is too little",
    fix="Install the new one, and let the server read it: SELECT pg_reload_conf() in PostgreSQL, "
    "ALTER INSTANCE RELOAD TLS in MySQL, FLUSH SSL in MariaDB",
)
EXPIRED: Final = Alert(
    name="DatabaseCertificateExpired",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.CRITICAL),),
    expr=f"{EXPIRY} <= time()",
    summary="The certificate of {{ $labels.target }} has expired",
    evidence="the first certificate of its chain expired at {{ $value | humanizeTimestamp }}; clients that "
    "verify it are refused",
    fix="Install a new one, and let the server read it: SELECT pg_reload_conf() in PostgreSQL, "
    "ALTER INSTANCE RELOAD TLS in MySQL, FLUSH SSL in MariaDB",
)
NAMES: Final = (Group(name="conndrop-names", rules=(FAILING, CHANGED, EXPIRING, EXPIRED)),)
