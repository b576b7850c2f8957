"""The series of postgres_exporter 0.11 that dashboards and alerts use, and three that later ones have.

Those three are the start of the server and the limits of accounts and databases.
"""

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Final

from exporter.exposition.told import Read, Row, Told, Values, columns, number, one, rows, text
from exporter.model import ServerView

SETTINGS: Final = (
    ("max_connections", ""), ("superuser_reserved_connections", ""), ("reserved_connections", ""),
    ("max_worker_processes", ""), ("max_parallel_workers", ""), ("max_prepared_transactions", ""),
    ("max_locks_per_transaction", ""), ("max_wal_senders", ""), ("tcp_keepalives_count", ""),
    ("autovacuum", ""), ("random_page_cost", ""), ("seq_page_cost", ""), ("ssl", ""), ("log_hostname", ""),
    ("default_transaction_read_only", ""),
    ("authentication_timeout", "_seconds"), ("checkpoint_timeout", "_seconds"),
    ("client_connection_check_interval", "_seconds"), ("deadlock_timeout", "_seconds"),
    ("idle_in_transaction_session_timeout", "_seconds"), ("idle_session_timeout", "_seconds"),
    ("lock_timeout", "_seconds"), ("log_min_duration_statement", "_seconds"),
    ("statement_timeout", "_seconds"), ("tcp_keepalives_idle", "_seconds"),
    ("tcp_keepalives_interval", "_seconds"), ("tcp_user_timeout", "_seconds"),
    ("transaction_timeout", "_seconds"), ("wal_receiver_timeout", "_seconds"),
    ("wal_sender_timeout", "_seconds"),
    ("effective_cache_size", "_bytes"), ("maintenance_work_mem", "_bytes"), ("max_wal_size", "_bytes"),
    ("shared_buffers", "_bytes"), ("work_mem", "_bytes"),
)  # fmt: skip
"""Settings of PostgreSQL, and what their names end in there for the unit they come in."""
DATABASE: Final = (
    ("numbackends", "gauge"),
    *(
        (column, "counter")
        for column in (
            "xact_commit", "xact_rollback", "blks_read", "blks_hit", "blk_read_time", "blk_write_time",
            "tup_returned", "tup_fetched", "tup_inserted", "tup_updated", "tup_deleted", "conflicts",
            "temp_files", "temp_bytes", "deadlocks",
        )
    ),
    *(
        (column, "untyped")
        for column in (
            "session_time", "active_time", "idle_in_transaction_time",
            "sessions", "sessions_abandoned", "sessions_fatal", "sessions_killed",
        )
    ),
)  # fmt: skip
STATES: Final = (
    "active", "idle", "idle in transaction", "idle in transaction (aborted)", "fastpath function call",
    "disabled",
)  # fmt: skip
"""Those that postgres_exporter counts, in every database; the connections of others are not counted."""
UNITS: Final[Mapping[object, Fraction]] = {
    None: Fraction(1),
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "min": Fraction(60),
    "h": Fraction(3600),
    "d": Fraction(86400),
    "B": Fraction(1),
    "kB": Fraction(2**10),
    "8kB": Fraction(2**13),
    "MB": Fraction(2**20),
}
"""Seconds or bytes in each; fractions, so that 100 ms are 0.1 s to the last bit."""


def in_base_units(rows: Sequence[Row]) -> Row:
    """Give settings of PostgreSQL in seconds or bytes; -1 is neither, but a word for never or always."""
    read = {str(row["name"]): (number(row["setting"]), UNITS.get(row["unit"])) for row in rows}
    return {
        name: value if value == -1 else float(Fraction(value) * unit)
        for name, (value, unit) in read.items()
        if value is not None and math.isfinite(value) and unit is not None
    }


def _postgres_version(view: ServerView) -> Values:
    (row,) = rows(view, "pg_static")
    found = re.match(r"\w+ ([\d.]+)", text(row["version"]))
    short = [*(found[1].split(".") if found else ()), "0", "0", "0"][:3]
    return {(".".join(short), text(row["version"])): 1}


def _activity(column: str, join: Callable[[float, float], float]) -> Read:
    """Put together what all connections of one database and state have in a column, from 0."""

    def read(view: ServerView) -> Values:
        names = [text(row["datname"]) for row in rows(view, "pg_database")]
        found: dict[tuple[str, ...], float] = {(name, state): 0.0 for name in names for state in STATES}
        for row in rows(view, "pg_stat_activity"):
            key = (text(row["datname"]), text(row["state"]))
            if key in found:
                found[key] = join(found[key], number(row[column]) or 0.0)
        return found

    return read


POSTGRES: Final = (
    Told(
        "pg_static",
        "untyped",
        "Version string as reported by postgres",
        ("short_version", "version"),
        _postgres_version,
    ),
    Told(
        "pg_postmaster_start_time_seconds",
        "gauge",
        "Time at which postmaster started",
        (),
        lambda view: one(view.started),
    ),
    Told(
        "pg_stat_activity_count",
        "gauge",
        "number of connections in this state",
        ("datname", "state"),
        _activity("count", operator.add),
    ),
    Told(
        "pg_stat_activity_max_tx_duration",
        "gauge",
        "max duration in seconds any active transaction has been running",
        ("datname", "state"),
        _activity("max_tx_duration", max),
    ),
    *(
        Told(
            f"pg_stat_database_{column}",
            kind,
            f"Column {column} of pg_stat_database",
            ("datid", "datname"),
            columns("pg_stat_database", column, "datid", "datname"),
        )
        for column, kind in DATABASE
    ),
    *(
        Told(
            f"pg_settings_{name}{unit}",
            "gauge",
            f"Setting {name} of PostgreSQL.",
            (),
            columns("pg_settings", name),
        )
        for name, unit in SETTINGS
    ),
    Told(
        "pg_roles_connection_limit",
        "gauge",
        "Connection limit set for the role",
        ("rolname",),
        columns("pg_roles", "connection_limit", "rolname"),
    ),
    Told(
        "pg_database_connection_limit",
        "gauge",
        "Connection limit set for the database",
        ("datname",),
        columns("pg_database", "connection_limit", "datname"),
    ),
)
