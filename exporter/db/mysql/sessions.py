"""Connections of a MySQL or MariaDB server: what they do, whose they are, and how long it has taken."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from exporter.db.asking import count, seconds
from exporter.db.mysql import questions
from exporter.db.mysql.asked import Asked, Rows
from exporter.db.mysql.figures import Figures
from exporter.db.mysql.questions import PROCESS
from exporter.model import State

NOBODY: Final = "unauthenticated user"
STATES: Final = (State.ACTIVE, State.IDLE, State.IDLE_IN_TRANSACTION, State.LOGIN, State.OTHER)
LISTED: Final = (8, 0, 22)
"""MySQL's version with performance_schema.processlist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """Connections by state and by account, ages in seconds."""

    states: Mapping[State, int]
    accounts: Mapping[str, int]
    oldest_transaction: float | None = None
    oldest_idle: float | None = None
    waiting: int

    @classmethod
    def ask(cls, asked: Asked, told: Figures, *, mariadb: bool) -> "Sessions":
        """Ask for all, or for our account's where we may not know of others."""
        schema = "performance_schema" if not mariadb and _has_processlist(told) else "information_schema"
        processlist = f"{schema}.processlist"
        rows = asked.allowed(questions.sessions(processlist), PROCESS)
        if rows is not None:
            return cls.read(rows)
        status = told.status
        ours = cls.read(asked.rows(questions.own_sessions(processlist)))
        connected = count(status["threads_connected"])
        active = min(
            connected, count(status["threads_running"])
        )  # which counts some of the server's own, too
        return cls(
            states={State.ACTIVE: active, State.IDLE: connected - active},
            accounts=ours.accounts,
            waiting=count(status["innodb_row_lock_current_waits"]),
        )

    @classmethod
    def read(cls, rows: Rows) -> "Sessions":
        """Add up the groups."""
        states = dict.fromkeys(STATES, 0)
        accounts: Counter[str] = Counter()
        for row in rows:
            states[State(row["state"])] += count(row["connections"])
            if row["account"] != NOBODY:
                accounts[str(row["account"])] += count(row["connections"])
        in_transaction = [row for row in rows if row["state"] == State.IDLE_IN_TRANSACTION]
        return cls(
            states=states,
            accounts=dict(accounts),
            oldest_transaction=_most(rows, "age"),
            oldest_idle=_most(in_transaction, "quiet"),
            waiting=sum(count(row["waiting"]) for row in rows),
        )


def _most(rows: Sequence[Mapping[str, Any]], name: str) -> float:
    return max((seconds(row[name]) for row in rows if row[name] is not None), default=0.0)


def _has_processlist(told: Figures) -> bool:
    """Whether performance_schema knows the sessions."""
    return told.on("performance_schema") and told.version >= LISTED
