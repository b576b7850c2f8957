"""Series of other exporters that rules in `alerts/compat` are about: those of the versions that are named."""

from collections.abc import Mapping
from typing import Final

FOREIGN: Final[Mapping[str, frozenset[str]]] = {
    "compat/mysqld_exporter.yml": frozenset(
        {
            "mysql_global_status_aborted_clients",
            "mysql_global_status_aborted_connects",
            "mysql_global_status_threads_connected",
            "mysql_global_status_threads_running",
            "mysql_global_status_uptime",
            "mysql_global_variables_max_connections",
            "mysql_global_variables_read_only",
            "mysql_up",
        }
    ),
    "compat/postgres_exporter.yml": frozenset(
        {
            "pg_postmaster_start_time_seconds",
            "pg_settings_default_transaction_read_only",
            "pg_settings_in_hot_standby",
            "pg_settings_max_connections",
            "pg_settings_reserved_connections",
            "pg_settings_superuser_reserved_connections",
            "pg_stat_activity_count",
            "pg_stat_activity_max_tx_duration",
            "pg_stat_database_sessions_abandoned",
            "pg_up",
        }
    ),
}
"""From a file of rules to the series that its exporter has."""
LATER: Final = frozenset({"pg_postmaster_start_time_seconds", "pg_settings_reserved_connections"})
"""Those that came after Debian 12: with postgres_exporter 0.13, and with PostgreSQL 16."""
APPLICATION: Final = frozenset({"conndrop_app_errors_total", "conndrop_app_checkout_seconds_count"})
"""Series of an application that is instrumented; the exporter itself has none of them."""
PROMETHEUS: Final = frozenset({"up"})
"""Series that Prometheus makes itself."""
