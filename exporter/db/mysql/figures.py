"""Which figures of MySQL and MariaDB are which of ours: status counters and global variables.

All names are in lower case: information_schema spells them in capitals, SHOW does not.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from exporter.db.asking import count, finite, seconds
from exporter.db.mysql.asked import Rows
from exporter.model import Counted

COUNTERS: Final[Mapping[Counted, tuple[str, ...]]] = {
    Counted.CONNECTIONS_OPENED: ("connections",),  # also those that came to nothing
    Counted.ABORTED_CONNECTS: ("aborted_connects",),
    Counted.ABORTED_CONNECTS_PREAUTH: ("aborted_connects_preauth",),
    Counted.ABORTED_CLIENTS: ("aborted_clients",),
    Counted.ACCESS_DENIED: ("access_denied_errors",),
    # Not com_commit and com_rollback: with autocommit, which is how most applications run, these stand still.
    # The handlers count each statement that touches a table, and the end of a longer transaction once more.
    Counted.TRANSACTIONS: ("handler_commit", "handler_rollback"),
    Counted.QUERIES: ("questions",),
    Counted.BUFFER_REQUESTS: ("innodb_buffer_pool_read_requests",),
    Counted.BUFFER_MISSES: ("innodb_buffer_pool_reads",),
}
"""Status counters that make up each of ours, added."""

ERRORS: Final = ("accept", "internal", "max_connections", "peer_address", "select", "tcpwrap")
"""Reasons of connection_errors_*."""

GAUGES: Final = (
    "innodb_row_lock_current_waits",
    "max_used_connections",
    "threads_connected",
    "threads_running",
    "uptime",
)

SETTINGS: Final[Mapping[str, float]] = {
    "connect_timeout": 1.0,
    "idle_readonly_transaction_timeout": 1.0,
    "idle_transaction_timeout": 1.0,
    "idle_write_transaction_timeout": 1.0,
    "innodb_lock_wait_timeout": 1.0,
    "interactive_timeout": 1.0,
    "lock_wait_timeout": 1.0,
    "max_execution_time": 0.001,
    "max_statement_time": 1.0,
    "net_read_timeout": 1.0,
    "net_write_timeout": 1.0,
    "tcp_keepalive_interval": 1.0,
    "tcp_keepalive_time": 1.0,
    "wait_timeout": 1.0,
}
"""Settings that are times, with the length of their unit in seconds."""

VALUES: Final = (
    "back_log",
    "max_allowed_packet",
    "max_connect_errors",
    "skip_name_resolve",
    "tcp_keepalive_probes",
)

OTHERS: Final = (
    "host_cache_size",
    "innodb_read_only",
    "max_connections",
    "max_user_connections",
    "performance_schema",
    "read_only",
    "server_uid",
    "server_uuid",
    "super_read_only",
    "version",
)

STATUS: Final = tuple(
    sorted({name for names in COUNTERS.values() for name in names} | set(GAUGES))
    + [f"connection_errors_{reason}" for reason in ERRORS]
)
"""Every status counter that a look reads."""

VARIABLES: Final = tuple(sorted({*SETTINGS, *VALUES, *OTHERS}))
"""Every variable that a look reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Status and variables by name, and what the server says of our own session."""

    status: Mapping[str, str]
    variables: Mapping[str, str]
    own: Mapping[str, str]

    @classmethod
    def read(cls, rows: Rows) -> "Figures":
        """Sort the rows."""
        kinds: dict[str, dict[str, str]] = {"status": {}, "variables": {}, "own": {}}
        for row in rows:
            kinds[row["kind"]][row["name"].lower()] = row["value"]
        return cls(**kinds)

    @property
    def account(self) -> str:
        """Our account's name, without its host."""
        return self.own["user"].rpartition("@")[0]

    @property
    def grantee(self) -> str:
        """Our account, as SQL names it."""
        name, _, host = self.own["account"].replace("'", "''").rpartition("@")
        return f"'{name}'@'{host}'"

    @property
    def address(self) -> str:
        """Where the server sees us: a name, where it resolves addresses and this one has one."""
        return self.own["user"].rpartition("@")[2]

    @property
    def version(self) -> tuple[int, ...]:
        """The numbers that the version begins with."""
        return tuple(int(part) for part in re.findall(r"\d+", self.variables["version"])[:3])

    def on(self, *names: str) -> bool:
        """Whether one of these switches is on; MariaDB 12 knows more than one way to be read-only."""
        return any(self.variables.get(name, "OFF") not in ("OFF", "0") for name in names)


def counters(status: Mapping[str, str]) -> dict[Counted, int]:
    """Pick the counters that this server has."""
    return {
        counted: sum(count(status[name]) for name in names)
        for counted, names in COUNTERS.items()
        if all(name in status for name in names)
    }


def errors(status: Mapping[str, str]) -> dict[str, int]:
    """Pick the refusals by their reason."""
    names = {reason: f"connection_errors_{reason}" for reason in ERRORS}
    return {reason: count(status[name]) for reason, name in names.items() if name in status}


def settings(variables: Mapping[str, str]) -> dict[str, float]:
    """Pick the settings that are times, in seconds."""
    return {name: seconds(variables[name]) * SETTINGS[name] for name in _told(SETTINGS, variables)}


def values(variables: Mapping[str, str]) -> dict[str, float]:
    """Pick the settings that have no unit; a switch is 0 or 1."""
    return {name: number(variables[name]) for name in _told(VALUES, variables)}


def number(value: str) -> float:
    """Read a number or a switch."""
    return {"ON": 1.0, "OFF": 0.0}[value] if value in ("ON", "OFF") else finite(value)


def _told(names: Iterable[str], variables: Mapping[str, str]) -> list[str]:
    """Name those that the server decides about: keepalives of 0 it leaves to its operating system."""
    return [
        name
        for name in names
        if name in variables and not (name.startswith("tcp_keepalive") and variables[name] == "0")
    ]
