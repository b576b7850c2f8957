"""What a PostgreSQL server says of itself."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from exporter.db.asking import Ask, count, seconds, understood
from exporter.db.postgres.answer import Activity, Answer, Database, Setting, read
from exporter.db.postgres.view_sql import (
    IDENTITY,
    LAG,
    MOST,
    READ_ONLY,
    RESERVED,
    SECONDS,
    VALUES,
    WHOLE,
    WITH_TABLES,
)
from exporter.model import Counted, Limit, Missing, ProbeError, Scope, ServerView, State

TOLD: Final = (
    State.ACTIVE,
    State.IDLE,
    State.IDLE_IN_TRANSACTION,
    State.LOGIN,
    State.OTHER,
    State.HIDDEN,
)
STATES: Final = {
    None: State.LOGIN,  # before its first words, where the server does list it by then
    "starting": State.LOGIN,
    "active": State.ACTIVE,
    "fastpath function call": State.ACTIVE,
    "idle": State.IDLE,
    "idle in transaction": State.IDLE_IN_TRANSACTION,
    "idle in transaction (aborted)": State.IDLE_IN_TRANSACTION,
}
UNITS: Final = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
SWITCH: Final = {"on": "1", "off": "0"}
SEE_ALL: Final = Missing(
    privilege="pg_read_all_stats",
    needed_for="states, transactions and lock waits of other accounts' connections",
    grant="GRANT pg_read_all_stats TO %s",
)
IDENTIFY: Final = Missing(
    privilege="EXECUTE ON FUNCTION pg_control_system()",
    needed_for="the server's identity",
    grant="GRANT EXECUTE ON FUNCTION pg_control_system() TO %s",
)
NO_PRIVILEGE: Final = "42501"
NOT_TOLD: Final = (NO_PRIVILEGE, "42883", "0A000")
"""SQLSTATEs; the others mean that there is no such thing, as some say who build on PostgreSQL."""


def view(ask: Ask, *, tables: bool) -> ServerView:
    """Ask for everything (see `exporter.db.dialect.Session.view`).

    Settings are what a session of our account begins with: what an application's does, unless one of the
    two has settings of its own (`ALTER ROLE … SET`).
    """
    with understood("the server does not tell of itself as PostgreSQL does"):
        answer = read(ask(WITH_TABLES if tables else WHOLE))
        replica = bool(answer.server["replica"])
        allowed = answer.server["may_identify"]  # None where there is nothing to ask
        identity, refusal = _apart(ask, IDENTITY) if allowed else (None, NO_PRIVILEGE * (allowed is False))
        lag, _ = _apart(ask, LAG) if replica else (None, "")
        return ServerView(
            product="PostgreSQL",
            version=str(answer.server["version"]).partition(" ")[0],
            identity=str(identity or ""),
            started=seconds(answer.server["started"]),
            uptime=seconds(answer.server["uptime"]),
            replica=replica,
            read_only=replica or answer.settings[READ_ONLY].setting == "on",
            replication_lag=None if lag is None else seconds(lag),
            address=str(answer.server["address"] or ""),
            counters={str(row.datid): _counters(row) for row in answer.databases},
            missing=_missing(answer, identified=refusal != NO_PRIVILEGE),
            tables=_tables(answer) if tables else {},
            **_connections(answer),
            **_transactions(answer),
            **_settings(answer.settings),
        )


def _apart(ask: Ask, sql: str) -> tuple[Any, str]:
    """Ask for one value that not everybody is told; gives None and the SQLSTATE where we are not."""
    try:
        return ask(sql)[0][0], ""
    except ProbeError as error:
        if error.code not in NOT_TOLD:
            raise
        return None, error.code


def _missing(answer: Answer, *, identified: bool) -> tuple[Missing, ...]:
    lacking = (SEE_ALL,) * (not answer.server["sees_all"]) + (IDENTIFY,) * (not identified)
    return tuple(missing.of(str(answer.server["grantee"])) for missing in lacking)


def _connections(answer: Answer) -> dict[str, Any]:
    states: dict[State, int] = dict.fromkeys(TOLD, 0)
    accounts, applications, databases = Counter[str](), Counter[str](), Counter[str]()
    for row in answer.clients:
        connections = count(row.alike)
        states[STATES.get(row.state, State.OTHER) if row.backend_type else State.HIDDEN] += connections
        if row.usename:  # whose it is, shows with the login
            accounts[str(row.usename)] += connections
        applications[str(row.application_name or "")] += connections
        databases[str(row.datname or "")] += connections
    most = count(answer.settings[MOST].setting)
    reserved = sum(count(answer.settings[name].setting) for name in RESERVED if name in answer.settings)
    whole = Limit(scope=Scope.SERVER, connections=sum(states.values()), most=most - reserved, ours=True)
    return {
        "connections": states,
        "most": most,
        "reserved": reserved,
        "limits": (whole, *_limits_of_accounts(answer, accounts), *_limits_of_databases(answer, databases)),
        "accounts": accounts,
        "applications": applications,
    }


def _limits_of_accounts(answer: Answer, connections: Mapping[str, int]) -> Iterator[Limit]:
    for role in answer.roles:
        if role.limited:
            yield Limit(
                scope=Scope.ACCOUNT,
                name=str(role.rolname),
                connections=connections.get(role.rolname, 0),
                most=count(role.connection_limit),
                ours=role.rolname == answer.server["account"],
            )


def _limits_of_databases(answer: Answer, connections: Mapping[str, int]) -> Iterator[Limit]:
    for database in answer.databases:
        if database.datname and database.connection_limit is not None and database.connection_limit >= 0:
            yield Limit(
                scope=Scope.DATABASE,
                name=str(database.datname),
                connections=connections.get(database.datname, 0),
                most=count(database.connection_limit),
                ours=database.datname == answer.server["database"],
            )


def _transactions(answer: Answer) -> dict[str, Any]:
    """Say what is known of transactions: nothing while there may be some that are hidden from us."""
    if not answer.server["sees_all"]:
        return {}
    rows = answer.clients
    return {
        "oldest_transaction": max((seconds(row.max_tx_duration or 0) for row in rows), default=0.0),
        "oldest_idle_in_transaction": max((seconds(row.idle or 0) for row in rows), default=0.0),
        "lock_waiters": sum(count(row.alike) for row in rows if row.wait_event_type == "Lock"),
    }


def _counters(row: Database) -> Mapping[Counted, int]:
    """Say what one database counts. A client that vanished is what others call an aborted one."""
    sessions = {
        Counted.CONNECTIONS_OPENED: row.sessions,
        Counted.SESSIONS_ABANDONED: row.sessions_abandoned,
        Counted.SESSIONS_FATAL: row.sessions_fatal,
        Counted.SESSIONS_KILLED: row.sessions_killed,
        Counted.ABORTED_CLIENTS: row.sessions_abandoned,
    }
    return {counted: count(value) for counted, value in sessions.items() if value is not None} | {
        Counted.TRANSACTIONS: count(row.xact_commit) + count(row.xact_rollback),
        Counted.BUFFER_REQUESTS: count(row.blks_hit) + count(row.blks_read),
        Counted.BUFFER_MISSES: count(row.blks_read),
    }


def _settings(rows: Mapping[str, Setting]) -> dict[str, Any]:
    times = (rows[name] for name in SECONDS if name in rows)
    values = (rows[name] for name in VALUES if name in rows)
    return {
        "settings": {row.name: seconds(row.setting) * UNITS[row.unit or "s"] for row in times},
        "values": {row.name: float(count(SWITCH.get(row.setting, row.setting))) for row in values},
    }


def _tables(answer: Answer) -> dict[str, list[dict[str, object]]]:
    databases = [row for row in answer.databases if row.datname]
    tables: dict[str, list[dict[str, object]]] = {
        "pg_static": [{"version": answer.server["description"]}],
        "pg_settings": [row._asdict() for row in answer.settings.values()],
        "pg_stat_activity": [_renamed(row) for row in answer.activity],
        "pg_stat_database": [dict(row.everything or {}) for row in answer.databases],
        "pg_roles": [_limit(rolname=row.rolname, limit=row.connection_limit) for row in answer.roles],
        "pg_database": [_limit(datname=row.datname, limit=row.connection_limit) for row in databases],
    }
    for rows in tables.values():
        for row in rows:
            if any(isinstance(value, list | dict) for value in row.values()):
                raise TypeError(row)
    return tables


def _renamed(row: Activity) -> dict[str, object]:
    named = row._asdict()
    return {"count": named.pop("alike"), **named}


def _limit(*, limit: object, **name: object) -> dict[str, object]:
    return {**name, "connection_limit": limit}
