"""The same on series of blackbox_exporter: what its tcp, icmp and postgres modules say of a database."""

from typing import Final

from exporter.alerts.rule import Alert, Group, Kind, Level
from exporter.model import Severity

OF_DATABASES: Final = "{job=~<probe_job:quoted>}"
FAILING: Final = Alert(
    name="DatabaseProbeFailing",
    kind=Kind.SYMPTOM,
    levels=(
        Level(severity=Severity.WARNING, values={"limit": "> <session_failures_warning>"}),
        Level(severity=Severity.CRITICAL, values={"limit": ">= <session_failures_critical>"}),
    ),
    # A share of a window sees what `probe_success == 0` for some minutes never does: a few seconds, often.
    expr=f"1 - avg_over_time(probe_success{OF_DATABASES}[5m]) <limit>",
    summary="Probes of {{ $labels.instance }} fail",
    evidence="{{ $value | humanizePercentage }} of the probes of the last 5 minutes failed",
    fix="Ask the exporter why, and read its log from the first failure on: "
    "curl 'http://EXPORTER:9115/probe?target={{ $labels.instance }}&module=MODULE&debug=true'",
)
SLOW: Final = Alert(
    name="DatabaseProbeSlow",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.WARNING, lasts="5m"),),
    # A probe that fails lasts as long as its timeout, which says nothing of the database.
    expr=f"""\
avg_over_time((probe_duration_seconds{OF_DATABASES} and probe_success == 1)[5m:15s]) > <slow_probe>
""",
    summary="Probes of {{ $labels.instance }} are slow",
    evidence="those that succeeded took {{ $value | humanizeDuration }} in the mean of 5 minutes; more than "
    "<slow_probe:duration> is too long",
    fix="See what takes so long: probe_dns_lookup_time_seconds is the name's share; of the rest, "
    "whole seconds are packets that got lost, anything else is the way or the server",
)
# While the handshake fails there is no such series; a target that is probed no more is left out.
EXPIRY: Final = f"""\
(last_over_time(probe_ssl_earliest_cert_expiry{OF_DATABASES}[7d]) and probe_success)"""
RENEWAL: Final = (
    "Renew it, and have the server read it: SELECT pg_reload_conf() on PostgreSQL, ALTER INSTANCE RELOAD "
    "TLS on MySQL, FLUSH SSL on MariaDB"
)
EXPIRING: Final = Alert(
    name="DatabaseCertificateExpiring",
    kind=Kind.RISK,
    levels=(
        Level(severity=Severity.WARNING, values={"limit": "< <certificate_warning> > 0"}),
        Level(severity=Severity.CRITICAL, values={"limit": "< <certificate_critical> > 0"}),
    ),
    expr=f"{EXPIRY} - time() <limit>",
    summary="A certificate of {{ $labels.instance }} expires soon",
    evidence="the first one of its chain to expire does so in {{ $value | humanizeDuration }}",
    fix=RENEWAL,
)
EXPIRED: Final = Alert(
    name="DatabaseCertificateExpired",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.CRITICAL),),
    expr=f"time() - {EXPIRY} >= 0",
    summary="A certificate of {{ $labels.instance }} has expired",
    evidence="the first one of its chain to expire did so {{ $value | humanizeDuration }} ago",
    fix=RENEWAL,
)
AVAILABILITY: Final = Alert(
    name="DatabaseAvailabilityLow",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.WARNING),),
    # A target that is new has had no time to make up for its first failure.
    expr=f"""\
avg_over_time(probe_success{OF_DATABASES}[30d]) < <availability>
and present_over_time(probe_success[1d] offset 6d)
""",
    summary="{{ $labels.instance }} was available for less of 30 days than promised",
    evidence="{{ $value | humanizePercentage }} of the probes of 30 days succeeded; <availability:percent> "
    "are promised",
    fix="See when it was away, and whether it was long or often: 1 - avg_over_time(probe_success[1h])",
)
BLACKBOX_EXPORTER: Final = (
    Group(name="conndrop-compat-blackbox", rules=(FAILING, SLOW, EXPIRING, EXPIRED)),
    Group(name="conndrop-compat-blackbox-availability", interval="5m", rules=(AVAILABILITY,)),
)
