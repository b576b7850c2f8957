"""Alerts on a PgBouncer in front of a database, on series of pgbouncer_exporter."""

from typing import Final

from exporter.alerts.bridging import A_MINUTE, bridged
from exporter.alerts.rule import Alert, Group, Kind, Level
from exporter.model import Severity

DOWN: Final = Alert(
    name="PgBouncerDown",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.CRITICAL, lasts="1m"),),
    expr=f"{bridged('pgbouncer_up', A_MINUTE)} == 0",
    summary="The PgBouncer of {{ $labels.instance }} does not answer",
    evidence="for a minute its exporter has got no answer from its console",
    fix="See on its host whether the process runs, and what its log says last: "
    "systemctl status pgbouncer; journalctl -u pgbouncer -n 50",
)
MANY_WAITING: Final = Alert(
    name="PgBouncerClientsWaiting",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.WARNING, lasts="5m"),),
    expr="pgbouncer_pools_client_waiting_connections > <pooler_waiting>",
    summary="Clients of {{ $labels.database }} wait in the PgBouncer of {{ $labels.instance }}",
    evidence="{{ $value }} clients of user {{ $labels.user }} wait for a connection to the server; more "
    "than <pooler_waiting> are too many",
    fix="See in its console which pool has clients waiting, and what its connections do: "
    "SHOW POOLS; SHOW SERVERS",
)
LONG_WAIT: Final = Alert(
    name="PgBouncerClientsWaiting",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.CRITICAL, lasts="5m"),),
    expr="pgbouncer_pools_client_maxwait_seconds > <pooler_wait>",
    summary="Clients of {{ $labels.database }} wait long in the PgBouncer of {{ $labels.instance }}",
    evidence="a client of user {{ $labels.user }} has been waiting for {{ $value | humanizeDuration }}; more "
    "than <pooler_wait:duration> is too long",
    fix="See in its console which pool has clients waiting, and what its connections do: "
    "SHOW POOLS; SHOW SERVERS",
)
NEAR_LIMIT: Final = Alert(
    name="PgBouncerClientsNearLimit",
    kind=Kind.SYMPTOM,
    levels=(
        Level(severity=Severity.WARNING, lasts="5m", values={"limit": "<saturation_warning>"}),
        Level(severity=Severity.CRITICAL, lasts="5m", values={"limit": "<saturation_critical>"}),
    ),
    # What PgBouncer itself compares with its limit, clients that log in or use the console included.
    expr="pgbouncer_used_clients / (pgbouncer_config_max_client_connections > 0) > <limit>",
    summary="The PgBouncer of {{ $labels.instance }} will soon take no more clients",
    evidence="{{ $value | humanizePercentage }} of max_client_conn are connected; more than <limit:percent> "
    "are too many",
    fix="See in its console who has them, and lower the pools of those who do not need theirs: SHOW CLIENTS",
)
# `database` is the name in PgBouncer's own configuration, which SHOW DATABASES calls `name`.
NAMED: Final = 'label_replace({}, "database", "$1", "name", "(.+)")'
ONE_EACH: Final = "max without (name, host, port, force_user, pool_mode)"
POOL_FULL: Final = Alert(
    name="PgBouncerPoolFull",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.WARNING, lasts="5m"),),
    # A pool is meant to be full under load; that clients wait as well makes it too small.
    expr=f"""\
(
  (
    pgbouncer_pools_server_active_connections
    + pgbouncer_pools_server_idle_connections
    + pgbouncer_pools_server_used_connections
    + pgbouncer_pools_server_testing_connections
    + pgbouncer_pools_server_login_connections
  )
  >= ignoring (user) group_left ()
  {ONE_EACH} ({NAMED.format("pgbouncer_databases_pool_size")})
or ignoring (user)
  {ONE_EACH} ({NAMED.format("pgbouncer_databases_current_connections")})
  >= {ONE_EACH} ({NAMED.format("pgbouncer_databases_max_connections")} > 0)
)
and ignoring (user)
sum without (user) (pgbouncer_pools_client_waiting_connections) > 0
""",
    summary="A pool for {{ $labels.database }} in the PgBouncer of {{ $labels.instance }} is full",
    evidence="it has all {{ $value }} connections to the server that it may have, and clients have been "
    "waiting for 5 minutes",
    fix="See what its connections do, on the server: SELECT pid, usename, state, xact_start, query FROM "
    "pg_stat_activity WHERE backend_type = 'client backend' ORDER BY xact_start",
)
PGBOUNCER_EXPORTER: Final = (
    Group(name="conndrop-compat-pgbouncer", rules=(DOWN, MANY_WAITING, LONG_WAIT, NEAR_LIMIT, POOL_FULL)),
)
