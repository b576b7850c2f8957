"""The series of mysqld_exporter 0.14 that dashboards and alerts use."""

from typing import Final

from exporter.exposition.told import Read, Told, Values, columns, rows, text
from exporter.model import ServerView

STATUS: Final = (
    "aborted_clients", "aborted_connects", "aborted_connects_preauth", "access_denied_errors",
    "binlog_cache_disk_use", "binlog_cache_use", "bytes_received", "bytes_sent", "connections",
    "created_tmp_disk_tables", "created_tmp_files", "created_tmp_tables", "innodb_buffer_pool_read_requests",
    "innodb_buffer_pool_reads", "innodb_buffer_pool_wait_free", "innodb_data_reads", "innodb_data_writes",
    "innodb_deadlocks", "innodb_log_waits", "innodb_log_writes", "innodb_num_open_files",
    "innodb_os_log_written", "innodb_page_size", "innodb_row_lock_current_waits", "innodb_row_lock_time",
    "innodb_row_lock_waits", "max_used_connections", "open_files", "open_table_definitions", "open_tables",
    "opened_files", "opened_table_definitions", "opened_tables", "prepared_stmt_count", "qcache_free_memory",
    "qcache_hits", "qcache_inserts", "qcache_lowmem_prunes", "qcache_not_cached", "qcache_queries_in_cache",
    "queries", "questions", "select_full_join", "select_full_range_join", "select_range",
    "select_range_check", "select_scan", "slow_launch_threads", "slow_queries", "sort_merge_passes",
    "sort_range", "sort_rows", "sort_scan", "ssl_accepts", "ssl_finished_accepts", "table_locks_immediate",
    "table_locks_waited", "table_open_cache_hits", "table_open_cache_misses", "table_open_cache_overflows",
    "threads_cached", "threads_connected", "threads_created", "threads_running", "uptime",
    "wsrep_cluster_size", "wsrep_connected", "wsrep_local_state", "wsrep_ready",
)  # fmt: skip
STATUS_GROUPS: Final = (
    ("com_", "commands_total", "command"),
    ("connection_errors_", "connection_errors_total", "error"),
    ("handler_", "handlers_total", "handler"),
    ("innodb_rows_", "innodb_row_ops_total", "operation"),
)
"""Variables that become one family, with the rest of their name as a label."""
VARIABLES: Final = (
    "back_log", "connect_timeout", "host_cache_size", "idle_readonly_transaction_timeout",
    "idle_transaction_timeout", "idle_write_transaction_timeout", "innodb_buffer_pool_size",
    "innodb_lock_wait_timeout", "innodb_log_buffer_size", "innodb_log_file_size", "interactive_timeout",
    "key_buffer_size", "lock_wait_timeout", "long_query_time", "max_allowed_packet", "max_connect_errors",
    "max_connections", "max_user_connections", "net_read_timeout", "net_write_timeout", "open_files_limit",
    "query_cache_size", "read_only", "skip_name_resolve", "slave_net_timeout", "slow_launch_time",
    "super_read_only", "table_definition_cache", "table_open_cache", "tcp_keepalive_interval",
    "tcp_keepalive_probes", "tcp_keepalive_time", "thread_cache_size", "tmp_table_size", "wait_timeout",
)  # fmt: skip
FROM_STATUS: Final = "Generic metric from SHOW GLOBAL STATUS."


def _group(prefix: str) -> Read:
    """Read the numbers of all whose name begins so; the rest of it is the label."""

    def read(view: ServerView) -> Values:
        names = [name for row in rows(view, "global_status") for name in row if name.startswith(prefix)]
        found = {name: columns("global_status", name)(view) for name in names}
        return {(name.removeprefix(prefix),): value[()] for name, value in found.items() if value}

    return read


def _mysql_version(view: ServerView) -> Values:
    names = ("innodb_version", "version", "version_comment")
    return {tuple(text(row.get(name)) for name in names): 1 for row in rows(view, "global_variables")}


MYSQL: Final = (
    Told(
        "mysql_version_info",
        "gauge",
        "MySQL version and distribution.",
        ("innodb_version", "version", "version_comment"),
        _mysql_version,
    ),
    *(
        Told(f"mysql_global_status_{name}", "untyped", FROM_STATUS, (), columns("global_status", name))
        for name in STATUS
    ),
    *(
        Told(f"mysql_global_status_{name}", "counter", FROM_STATUS, (label,), _group(prefix))
        for prefix, name, label in STATUS_GROUPS
    ),
    *(
        Told(
            f"mysql_global_variables_{name}",
            "gauge",
            "Generic gauge metric from SHOW GLOBAL VARIABLES.",
            (),
            columns("global_variables", name),
        )
        for name in VARIABLES
    ),
)
