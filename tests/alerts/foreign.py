"""Series of other exporters that rules in `alerts/compat` are about: those of the versions that are named.

Debian 12 has all of these exporters but pgbouncer_exporter: the package of that name is another one. Names of
prometheus-community's are out of its `collector.go` (0.12): `metricMaps`, `listsMap`, `configMap` and `up`;
that PgBouncer gives the columns they are made of is tested.
"""

from collections.abc import Mapping
from typing import Final

FOREIGN: Final[Mapping[str, frozenset[str]]] = {
    "compat/blackbox_exporter.yml": frozenset(
        {
            "probe_duration_seconds",
            "probe_ssl_earliest_cert_expiry",
            "probe_success",
        }
    ),
    "compat/node_exporter.yml": frozenset(
        {
            "node_cpu_seconds_total",
            "node_filesystem_avail_bytes",
            "node_filesystem_readonly",
            "node_filesystem_size_bytes",
            "node_memory_MemAvailable_bytes",
            "node_memory_MemTotal_bytes",
            "node_netstat_TcpExt_ListenOverflows",
            "node_netstat_Tcp_OutSegs",
            "node_netstat_Tcp_RetransSegs",
            "node_network_receive_drop_total",
            "node_network_receive_errs_total",
            "node_network_receive_packets_total",
            "node_network_transmit_drop_total",
            "node_network_transmit_errs_total",
            "node_network_transmit_packets_total",
            "node_nf_conntrack_entries",
            "node_nf_conntrack_entries_limit",
            "node_nf_conntrack_stat_drop",
            "node_pressure_io_stalled_seconds_total",
            "node_pressure_memory_stalled_seconds_total",
        }
    ),
    "compat/pgbouncer_exporter.yml": frozenset(
        {
            "pgbouncer_config_max_client_connections",
            "pgbouncer_databases_current_connections",
            "pgbouncer_databases_max_connections",
            "pgbouncer_databases_pool_size",
            "pgbouncer_pools_client_maxwait_seconds",
            "pgbouncer_pools_client_waiting_connections",
            "pgbouncer_pools_server_active_connections",
            "pgbouncer_pools_server_idle_connections",
            "pgbouncer_pools_server_login_connections",
            "pgbouncer_pools_server_testing_connections",
            "pgbouncer_pools_server_used_connections",
            "pgbouncer_up",
            "pgbouncer_used_clients",
        }
    ),
    "compat/smokeping_prober.yml": frozenset(
        {
            "smokeping_requests_total",
            "smokeping_response_duration_seconds_count",
            "smokeping_response_duration_seconds_sum",
        }
    ),
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
PROMETHEUS: Final = frozenset({"up", "ALERTS"})
"""Series that Prometheus makes itself."""
