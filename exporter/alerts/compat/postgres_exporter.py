"""The same on series of postgres_exporter, from 0.11 (Debian 12) on.

Its connections have further labels from 0.12 on, and from 0.17 on there are processes among them that are
nobody's connection. From 0.20 on no series has the label `server`. `pg_stat_database_sessions_abandoned` is
there until 0.12, `pg_postmaster_start_time_seconds` from 0.13 on.
"""

from dataclasses import replace
from typing import Final

from exporter.alerts import conditions
from exporter.alerts.bridging import bridged
from exporter.alerts.compat.borrowed import DOWN, borrowed
from exporter.alerts.rule import Group, Record

OWN: Final = "datname, state, usename, application_name, backend_type, wait_event_type, wait_event"
"""Labels that tell connections of one server apart."""
CLIENTS: Final = 'backend_type=~"|client backend"'
CONNECTIONS: Final = Record(
    name="instance:pg_stat_activity_count:sum",
    expr=f"sum without ({OWN}) (pg_stat_activity_count{{{CLIENTS}}})",
)
ALLOWED: Final = Record(
    name="instance:pg_settings_max_connections:less_reserved",
    # reserved_connections is there from PostgreSQL 16 on.
    expr="""\
pg_settings_max_connections
- pg_settings_superuser_reserved_connections
- (pg_settings_reserved_connections or 0 * pg_settings_max_connections)
""",
)
READ_ONLY: Final = Record(
    name="instance:pg_settings_read_only:max",
    # in_hot_standby is there from PostgreSQL 14 on.
    expr="""\
clamp_max(
  pg_settings_default_transaction_read_only
  + (pg_settings_in_hot_standby or 0 * pg_settings_default_transaction_read_only),
  1
)
""",
)
USAGE: Final = f"{CONNECTIONS.name} / {ALLOWED.name}"


OLDEST: Final = f'max without ({OWN}) (pg_stat_activity_max_tx_duration{{state="idle in transaction"}})'


def _in_state(state: str) -> str:
    return f'sum without ({OWN}) (pg_stat_activity_count{{state="{state}", {CLIENTS}}})'


IDLE_IN_TRANSACTION: Final = replace(
    conditions.IDLE_IN_TRANSACTION,
    # The age is that of the transaction, which may be busy most of the time.
    levels=tuple(replace(level, lasts="1m") for level in conditions.IDLE_IN_TRANSACTION.levels),
    evidence="the transaction began {{ $value | humanizeDuration }} ago; longer than <limit:duration> is too "
    "long, since locks are held meanwhile",
)
POSTGRES_EXPORTER: Final = (
    Group(
        name="conndrop-compat-postgres",
        rules=(
            CONNECTIONS,
            ALLOWED,
            READ_ONLY,
            borrowed(DOWN, up="pg_up"),
            borrowed(
                conditions.ABORTED_CLIENTS,
                rate="sum without (datid, datname) (rate(pg_stat_database_sessions_abandoned[5m]))",
            ),
            borrowed(conditions.NEAR_LIMIT, usage=USAGE),
            borrowed(conditions.EXHAUSTED, usage=USAGE),
            borrowed(conditions.FELL, now=bridged(CONNECTIONS.name), connections=CONNECTIONS.name),
            borrowed(IDLE_IN_TRANSACTION, oldest=OLDEST),
            borrowed(conditions.PILE_UP, idle=_in_state("idle in transaction"), connections=CONNECTIONS.name),
            borrowed(conditions.RESTARTED, times="changes(pg_postmaster_start_time_seconds[15m])"),
            borrowed(
                conditions.READ_ONLY,
                read_only=READ_ONLY.name,
                least=f"min_over_time({READ_ONLY.name}[1d])",
            ),
            borrowed(conditions.LOAD_HIGH, active=_in_state("active"), allowed=ALLOWED.name),
        ),
    ),
)
