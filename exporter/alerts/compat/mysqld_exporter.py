"""The same on series of mysqld_exporter, from 0.14 (Debian 12) on; all names are those of today, too.

What it does not type falls to 0 with a restart, and in MariaDB with `FLUSH STATUS`: `rate` takes both for a
reset. The uptime falls with a restart alone.
"""

from typing import Final

from exporter.alerts import conditions
from exporter.alerts.bridging import bridged
from exporter.alerts.compat.borrowed import DOWN, borrowed
from exporter.alerts.rule import Group, Record

ABORTED_CONNECTS: Final = Record(
    name="instance:mysql_global_status_aborted_connects:rate5m",
    expr="rate(mysql_global_status_aborted_connects[5m])",
)
CONNECTIONS: Final = "mysql_global_status_threads_connected"
ALLOWED: Final = "mysql_global_variables_max_connections"
USAGE: Final = f"{CONNECTIONS} / {ALLOWED}"
"""The one that MySQL keeps for an administrator comes on top of what is allowed."""
READ_ONLY: Final = "mysql_global_variables_read_only"
MYSQLD_EXPORTER: Final = (
    Group(
        name="conndrop-compat-mysqld",
        rules=(
            ABORTED_CONNECTS,
            borrowed(DOWN, up="mysql_up"),
            borrowed(conditions.ABORTED_CONNECTS, rate=ABORTED_CONNECTS.name),
            borrowed(
                conditions.ABOVE_BASELINE,
                rate=ABORTED_CONNECTS.name,
                mean=f"avg_over_time({ABORTED_CONNECTS.name}[1d])",
            ),
            borrowed(conditions.ABORTED_CLIENTS, rate="rate(mysql_global_status_aborted_clients[5m])"),
            borrowed(conditions.NEAR_LIMIT, usage=USAGE),
            borrowed(conditions.EXHAUSTED, usage=USAGE),
            borrowed(conditions.FELL, now=bridged(CONNECTIONS), connections=CONNECTIONS),
            borrowed(conditions.RESTARTED, times="resets(mysql_global_status_uptime[15m])"),
            borrowed(conditions.READ_ONLY, read_only=READ_ONLY, least=f"min_over_time({READ_ONLY}[1d])"),
            borrowed(conditions.LOAD_HIGH, active="mysql_global_status_threads_running", allowed=ALLOWED),
        ),
    ),
)
