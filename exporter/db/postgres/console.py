"""PgBouncer's admin console: it speaks the protocol of PostgreSQL, and knows commands of its own, no SQL.

Whoever connects to the database `pgbouncer` talks to the pooler itself (its documentation, "Admin console").
Versions differ in their columns: those are found by name, and what a version does not tell is left out.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from exporter.db.asking import count, understood
from exporter.db.dialect import TRIVIAL_QUERY
from exporter.model import Counted, Limit, PoolerView, Scope, ServerView, State

Row = Mapping[str, Any]
Ask = Callable[[str], Sequence[Row]]
"""Runs a command, and gives the rows with the names of their columns."""

OWN: Final = "pgbouncer"
"""The database, and the account in its lists, that stand for the console: it serves nobody but observers."""
MOST_ROWS: Final = 1000
"""A longer list is not asked for: with a row for each database, an answer could be too large to take in."""
UNLIKE: Final = "the console does not tell of itself as PgBouncer does"

CLIENTS: Final = {
    "cl_waiting": State.WAITING,
    "cl_cancel_req": State.OTHER,  # until 1.17
    "cl_active_cancel_req": State.OTHER,
    "cl_waiting_cancel_req": State.OTHER,
}
BACKENDS: Final = {
    "sv_active": State.ACTIVE,
    "sv_idle": State.IDLE,
    "sv_used": State.IDLE,
    "sv_login": State.LOGIN,
    "sv_tested": State.OTHER,
    "sv_active_cancel": State.OTHER,  # from 1.18 on
    "sv_being_canceled": State.OTHER,
}
SECONDS: Final = (
    "client_idle_timeout",
    "client_login_timeout",
    "idle_transaction_timeout",
    "transaction_timeout",
    "query_timeout",
    "query_wait_timeout",
    "cancel_wait_timeout",
    "reserve_pool_timeout",
    "server_connect_timeout",
    "server_idle_timeout",
    "server_lifetime",
    "server_login_retry",
    "suspend_timeout",
    "tcp_keepidle",
    "tcp_keepintvl",
)
MILLISECONDS: Final = ("tcp_user_timeout",)
NOT_FOR_EVER: Final = ("server_lifetime", "tcp_keepidle", "tcp_keepintvl", "tcp_user_timeout")
"""Of which 0 does not mean that there is no limit, but one use, or whatever the system has."""
VALUES: Final = (
    "default_pool_size",
    "min_pool_size",
    "reserve_pool_size",
    "max_db_connections",
    "max_db_client_connections",
    "max_user_connections",
    "max_user_client_connections",
    "listen_backlog",
    "so_reuseport",
    "tcp_keepalive",
    "tcp_keepcnt",
)


def version(connection: Any) -> str:
    """Give the version of the PgBouncer whose console libpq is connected to; empty if it is no console."""
    number, _, kind = (connection.get_parameter_status("server_version") or "").partition("/")
    return number if kind == "bouncer" else ""


def spoken(sql: str) -> str:
    """Give what a console understands in the place of the trivial query; else what was to be asked."""
    return "SHOW VERSION" if sql == TRIVIAL_QUERY else sql


def free_slots(ask: Ask) -> int:
    """Count the clients that may come beside those there are; the console itself is never closed to us."""
    with understood(UNLIKE):
        return max(0, count(_config(ask)["max_client_conn"]) - _lists(ask)["used_clients"])


def view(ask: Ask, version: str) -> ServerView:
    """Ask, with five commands at most, for what PgBouncer says of itself (see `exporter.db.dialect.Session`).

    A client is idle that has no connection to the server: what it does with one, the pooler does not tell.
    """
    with understood(UNLIKE):
        config, lists = _config(ask), _lists(ask)
        many_databases = lists["databases"] > MOST_ROWS
        databases = () if many_databases else _others(ask("SHOW DATABASES"), "name")
        stats = () if many_databases else _others(ask("SHOW STATS"), "database")
        pools = () if lists["pools"] > MOST_ROWS else ask("SHOW POOLS")
        most = count(config["max_client_conn"])
        return ServerView(
            product="PgBouncer",
            version=version,
            connections=_clients(pools, lists["login_clients"]) if pools else {},
            most=most,
            limits=(
                Limit(scope=Scope.SERVER, connections=lists["used_clients"], most=most, ours=True),
                *_database_limits(databases, pools),
                *_account_limits(count(config.get("max_user_connections", 0)), pools),
            ),
            accounts=_accounts(pools),
            counters={row["database"]: _counters(row) for row in stats},
            settings=dict(_settings(config)),
            values=_values(config, databases),
            pooler=_pooler(pools) if pools else None,
        )


def _config(ask: Ask) -> Mapping[str, Any]:
    return {row["key"]: row["value"] for row in ask("SHOW CONFIG")}


def _lists(ask: Ask) -> Mapping[str, int]:
    return {row["list"]: count(row["items"]) for row in ask("SHOW LISTS")}


def _others(rows: Sequence[Row], column: str) -> Sequence[Row]:
    return [row for row in rows if row[column] != OWN]


def _by_state(row: Row, states: Mapping[str, State]) -> Counter[State]:
    """Count by state what a row has of these columns."""
    counted: Counter[State] = Counter()
    for column in states.keys() & row.keys():
        counted[states[column]] += count(row[column])
    return counted


def _of_pool(pool: Row) -> Counter[State]:
    """Count the clients of one pool. It calls those active, too, that have nothing to ask."""
    active, linked = count(pool["cl_active"]), count(pool["sv_active"])
    counted = _by_state(pool, CLIENTS)
    counted[State.ACTIVE] = min(active, linked)
    counted[State.IDLE] = max(0, active - linked)
    return counted


def _clients(pools: Sequence[Row], logging_in: int) -> Mapping[State, int]:
    counted = Counter({State.ACTIVE: 0, State.IDLE: 0, State.WAITING: 0, State.LOGIN: logging_in})
    for pool in pools:
        counted.update(_of_pool(pool))
    return dict(counted)


def _accounts(pools: Sequence[Row]) -> Mapping[str, int]:
    counted: Counter[str] = Counter()
    for pool in pools:
        counted[pool["user"]] += _of_pool(pool).total()
    return {name: clients for name, clients in counted.items() if clients}


def _pooler(pools: Sequence[Row]) -> PoolerView:
    backends = Counter({State.ACTIVE: 0, State.IDLE: 0, State.LOGIN: 0})
    for pool in pools:
        backends.update(_by_state(pool, BACKENDS))
    waits = (count(pool["maxwait"]) + count(pool.get("maxwait_us", 0)) / 1e6 for pool in pools)
    return PoolerView(backends=dict(backends), longest_wait=max(waits))


def _database_limits(databases: Sequence[Row], pools: Sequence[Row]) -> Iterator[Limit]:
    """Give for each database that limit which is nearest: its own, that on its clients, or a pool's size.

    Of a pool only those connections count that are in use: idle ones are there for whoever comes.
    """
    for row in databases:
        reserve = row.get("reserve_pool_size", row.get("reserve_pool", 0))
        size = count(row["pool_size"]) + count(reserve)
        uses = [(_busy(pool), size) for pool in pools if pool["database"] == row["name"]]
        for now, most in (
            ("current_connections", "max_connections"),
            ("current_client_connections", "max_client_connections"),  # from 1.24 on
        ):
            uses.append((count(row.get(now, 0)), count(row.get(most, 0))))
        connections, most_of_it = max(uses, key=lambda use: use[0] / use[1] if use[1] else -1.0)
        if most_of_it:
            yield Limit(scope=Scope.DATABASE, name=row["name"], connections=connections, most=most_of_it)


def _busy(pool: Row) -> int:
    counted = _by_state(pool, BACKENDS)
    return counted.total() - counted[State.IDLE]


def _account_limits(most: int, pools: Sequence[Row]) -> Iterator[Limit]:
    """Give for each account the limit that holds for all; those of single ones only some versions tell."""
    counted: Counter[str] = Counter()
    for pool in pools:
        counted[pool["user"]] += _by_state(pool, BACKENDS).total()
    for name, connections in counted.items():
        if most and name != OWN:
            yield Limit(scope=Scope.ACCOUNT, name=name, connections=connections, most=most)


def _counters(row: Row) -> Mapping[Counted, int]:
    return {
        Counted.TRANSACTIONS: count(row["total_xact_count"]),
        Counted.QUERIES: count(row["total_query_count"]),
    }


def _settings(config: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for names, unit in ((SECONDS, 1.0), (MILLISECONDS, 0.001)):
        for name in names:
            told = float(config.get(name, "nan"))
            if math.isfinite(told) and (told or name not in NOT_FOR_EVER):
                yield name, told * unit


def _values(config: Mapping[str, Any], databases: Sequence[Row]) -> Mapping[str, float]:
    values = {name: float(count(config[name])) for name in VALUES if name in config}
    for state in ("paused", "disabled"):
        values[f"databases_{state}"] = float(sum(count(row.get(state, 0)) for row in databases))
    return values
