"""Whether a MySQL or MariaDB server is a replica, and how far behind, from what it says of its sources.

MySQL cannot be told to give SHOW up; it waits for nothing but STOP REPLICA.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from exporter.db.asking import seconds
from exporter.db.mysql.asked import Asked, Rows
from exporter.db.mysql.figures import Figures
from exporter.db.mysql.questions import REPLICA_MONITOR, REPLICATION_CLIENT

ALL_SLAVES: Final = "SHOW ALL SLAVES STATUS"
REPLICA: Final = "SHOW REPLICA STATUS"
SLAVE: Final = "SHOW SLAVE STATUS"
RENAMED: Final = (8, 0, 22)
"""MySQL's version that said replica first; 8.4 does not know the older word."""
GROUP: Final = "group_replication_"
"""How the channels begin through which the members of a group follow each other, its primary too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replication:
    """`lag` is in seconds, that of the source most behind; None where one of them does not flow."""

    replica: bool | None
    lag: float | None


def replication(asked: Asked, told: Figures, *, mariadb: bool, read_only: bool) -> Replication:
    """Ask for the sources; a member of a group counts as a replica while it may not be written to."""
    if mariadb:
        rows = asked.allowed(ALL_SLAVES, REPLICA_MONITOR)
    else:
        rows = asked.allowed(REPLICA if told.version >= RENAMED else SLAVE, REPLICATION_CLIENT)
    if rows is None:
        return Replication(replica=None, lag=None)
    return read(rows, read_only=read_only)


def read(rows: Rows, *, read_only: bool) -> Replication:
    """Read the answer, whichever words the server has for it."""
    sources = [row for row in rows if not str(row.get("channel_name", "")).startswith(GROUP)]
    lags = [_lag(row) for row in sources]
    known = [lag for lag in lags if lag is not None]
    return Replication(
        replica=bool(sources) or (bool(rows) and read_only),
        lag=max(known) if known and len(known) == len(lags) else None,
    )


def _lag(row: Mapping[str, Any]) -> float | None:
    """Read the lag; MySQL gives 0 while it has not reached its source yet."""
    source, replica = ("source", "replica") if "replica_io_running" in row else ("master", "slave")
    lag = row[f"seconds_behind_{source}"]
    flows = row[f"{replica}_io_running"] == row[f"{replica}_sql_running"] == "Yes"
    return seconds(lag) if flows and lag is not None else None
