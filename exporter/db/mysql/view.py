"""What a MySQL or MariaDB server says of itself: five questions, seven with all its figures."""

from collections.abc import Mapping
from dataclasses import replace

from exporter.db.asking import count, seconds, understood
from exporter.db.mysql import figures, questions
from exporter.db.mysql.asked import Asked, Rows
from exporter.db.mysql.figures import Figures
from exporter.db.mysql.questions import ATTRIBUTES, HOST_CACHE
from exporter.db.mysql.replication import replication
from exporter.db.mysql.sessions import Sessions
from exporter.model import Limit, Scope, ServerView


def view(asked: Asked, *, mariadb: bool, tables: bool) -> ServerView:
    """Ask for everything (see `exporter.db.dialect.Session.view`).

    `tables` are one row each, by names in lower case, as all who show them want them.
    """
    schema = "information_schema" if mariadb else "performance_schema"
    with understood("the server does not tell of itself as others do"):
        if not tables:
            return _view(asked, Figures.read(asked.rows(questions.figures(schema))), mariadb=mariadb)
        shown = {table: _shown(asked.rows(sql)) for table, sql in questions.ALL.items()}
        own = Figures.read(asked.rows(questions.OWN))
        told = replace(own, status=shown["global_status"], variables=shown["global_variables"])
        rows = {table: [row] for table, row in shown.items()}
        return replace(_view(asked, told, mariadb=mariadb), tables=rows)


def _view(asked: Asked, told: Figures, *, mariadb: bool) -> ServerView:
    status, variables, own = told.status, told.variables, told.own
    sessions = Sessions.ask(asked, told, mariadb=mariadb)
    read_only = told.on("read_only", "super_read_only", "innodb_read_only")
    replicating = replication(asked, told, mariadb=mariadb, read_only=read_only)
    host_errors, hosts_blocked = _hosts(asked, told, mariadb=mariadb)
    return ServerView(
        product="MariaDB" if mariadb else "MySQL",
        version=variables["version"].strip(),
        identity=variables.get("server_uid" if mariadb else "server_uuid", ""),
        started=seconds(own["now"]) - seconds(status["uptime"]),
        uptime=seconds(status["uptime"]),
        replica=replicating.replica,
        read_only=read_only,
        replication_lag=replicating.lag,
        address=told.address,
        connections=sessions.states,
        most=count(variables["max_connections"]),
        high_water=count(status["max_used_connections"]),
        limits=_limits(told, sessions),
        accounts=sessions.accounts,
        applications=_applications(asked, told),
        oldest_transaction=sessions.oldest_transaction,
        oldest_idle_in_transaction=sessions.oldest_idle,
        lock_waiters=sessions.waiting,
        counters={"": figures.counters(status)},
        errors=figures.errors(status),
        host_errors=host_errors,
        hosts_blocked=hosts_blocked,
        settings=figures.settings(variables),
        values=figures.values(variables),
        missing=tuple(missing.of(told.grantee) for missing in asked.missing),
    )


def _shown(rows: Rows) -> Mapping[str, str]:
    return {row["variable_name"].lower(): row["value"] for row in rows}


def _limits(told: Figures, sessions: Sessions) -> tuple[Limit, ...]:
    """Give the limits of the server, of our account, and of the fullest account under a limit for all.

    An account is a name and a host pattern, to the server; here all accounts of one name are one.
    """
    status, variables, own = told.status, told.variables, told.own
    ours, of_each = int(own["max_user_connections"]), int(variables["max_user_connections"])
    # In older servers -1 keeps everybody but the superusers out.
    limits = [(told.account, ours)] if ours > 0 else []
    others = {name: so_many for name, so_many in sessions.accounts.items() if name != told.account}
    if of_each > 0 and others:
        limits.append((max(others, key=others.__getitem__), of_each))
    connected, most = count(status["threads_connected"]), count(variables["max_connections"])
    return (
        Limit(scope=Scope.SERVER, connections=connected, most=most, ours=True),
        *(
            Limit(
                scope=Scope.ACCOUNT,
                name=name,
                connections=sessions.accounts.get(name, 0),
                most=limit,
                ours=name == told.account,
            )
            for name, limit in limits
        ),
    )


def _applications(asked: Asked, told: Figures) -> dict[str, int]:
    if not told.on("performance_schema"):
        return {}
    rows = asked.allowed(questions.APPLICATIONS, ATTRIBUTES) or ()
    return {row["application"]: count(row["connections"]) for row in rows if row["application"]}


def _hosts(asked: Asked, told: Figures, *, mariadb: bool) -> tuple[int | None, int | None]:
    """Ask for broken connections from our address, and for how many addresses are blocked.

    Nothing is counted or blocked where names are not resolved or there is no cache, nor from loopback.
    MariaDB blocks hosts without performance_schema, too, but its table of them is empty then.
    """
    if mariadb and not told.on("performance_schema"):
        return None, None
    if told.on("skip_name_resolve") or told.variables.get("host_cache_size") == "0":
        return None, None
    rows = asked.allowed(questions.HOSTS, HOST_CACHE)
    if rows is None:
        return None, None
    (row,) = rows
    return None if row["ours"] is None else count(row["ours"]), count(row["blocked"])
