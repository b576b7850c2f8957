"""What a MySQL or MariaDB server is asked about itself, and which privilege each question needs.

No question takes a lock that somebody would notice. MySQL's information_schema.processlist holds the mutex
that every login and every end needs, so it is left for servers without performance_schema. What
information_schema.innodb_trx copies under InnoDB's locks, both servers keep for a tenth of a second.
"""

from collections.abc import Iterable
from typing import Final

from exporter.db.mysql.figures import STATUS, VARIABLES
from exporter.model import Missing

OWN_SETTINGS: Final = "time_zone = 'SYSTEM'"
"""The server tells in its own time when a transaction began, so a session that asks has to have the same."""
OWN_SETTINGS_OF_MARIADB: Final = f"{OWN_SETTINGS}, join_cache_level = 3"
"""It does not hash what it joins unless it is told to: with 300 sessions that takes twice the time."""

PROCESS: Final = Missing(
    privilege="PROCESS",
    needed_for="connections by state and account, transactions, waits for locks",
    grant="GRANT PROCESS ON *.* TO %s",
)
REPLICATION_CLIENT: Final = Missing(
    privilege="REPLICATION CLIENT",
    needed_for="whether it is a replica, and its lag",
    grant="GRANT REPLICATION CLIENT ON *.* TO %s",
)
REPLICA_MONITOR: Final = Missing(
    privilege="REPLICA MONITOR",
    needed_for="whether it is a replica, and its lag",
    grant="GRANT REPLICA MONITOR ON *.* TO %s",
)
ATTRIBUTES: Final = Missing(
    privilege="SELECT on performance_schema.session_connect_attrs",
    needed_for="connections by application",
    grant="GRANT SELECT ON performance_schema.session_connect_attrs TO %s",
)
HOST_CACHE: Final = Missing(
    privilege="SELECT on performance_schema.host_cache",
    needed_for="hosts that are blocked, or are about to be",
    grant="GRANT SELECT ON performance_schema.host_cache TO %s",
)

OWN: Final = """
SELECT 'own' AS kind, 'now' AS name, unix_timestamp(now(6)) AS value
UNION ALL SELECT 'own', 'user', user()
UNION ALL SELECT 'own', 'account', current_user()
UNION ALL SELECT 'own', 'max_user_connections', @@SESSION.max_user_connections
"""
FIGURES: Final = """{own}
UNION ALL SELECT 'status', variable_name, variable_value FROM {schema}.global_status {status}
UNION ALL SELECT 'variables', variable_name, variable_value FROM {schema}.global_variables {variables}
"""
"""One question, so that the server's time and its age belong together."""

# Those below that hold no slot: replication's threads, the scheduler's, and a scheduled event at work.
# The sum differs from Threads_connected by who has come or gone between the two questions.
SESSIONS: Final = """
SELECT p.user AS account, {state} AS state, count(*) AS connections, max({age}) AS age, max(p.time) AS quiet,
    sum({waits} OR coalesce(p.state, '') LIKE 'Waiting for % lock') AS waiting
FROM {processlist} p {transactions}
WHERE p.user NOT IN ('system user', 'event_scheduler') AND p.command <> 'Daemon'
    AND (p.command <> 'Connect' OR p.user = 'unauthenticated user')
GROUP BY 1, 2
"""

STATE: Final = """CASE
    WHEN p.user = 'unauthenticated user' THEN 'login'
    WHEN p.command LIKE 'Binlog Dump%' THEN 'other'
    WHEN p.command <> 'Sleep' THEN 'active'
    WHEN {idle} THEN 'idle'
    ELSE 'idle_in_transaction' END"""
TRANSACTIONS: Final = "LEFT JOIN information_schema.innodb_trx t ON t.trx_mysql_thread_id = p.id"

ALL: Final = {"global_status": "SHOW GLOBAL STATUS", "global_variables": "SHOW GLOBAL VARIABLES"}
"""All that there is, by the name of the table that it makes.

Of information_schema MariaDB makes a table first, which takes longer. MySQL's performance_schema leaves out
how often which command was given.
"""

APPLICATIONS: Final = """
SELECT attr_value AS application, count(*) AS connections FROM performance_schema.session_connect_attrs
WHERE attr_name = 'program_name' GROUP BY 1
"""

# A host that has a name is known by it, here and there. A login that succeeds puts its count back to 0.
HOSTS: Final = """
SELECT max(CASE WHEN substring_index(user(), '@', -1) IN (ip, host) THEN sum_connect_errors END) AS ours,
    coalesce(sum(sum_connect_errors >= @@GLOBAL.max_connect_errors), 0) AS blocked
FROM performance_schema.host_cache
"""


def figures(schema: str) -> str:
    """Ask for the status counters and variables that a look is made of."""
    return FIGURES.format(own=OWN, schema=schema, status=_one_of(STATUS), variables=_one_of(VARIABLES))


def sessions(processlist: str) -> str:
    """Ask for connections and their transactions."""
    return SESSIONS.format(
        processlist=processlist,
        state=STATE.format(idle="t.trx_id IS NULL"),
        # Where clocks are put back an hour, what has begun before would have begun in the future.
        age="greatest(0, timestampdiff(MICROSECOND, t.trx_started, now(6)) / 1e6)",
        waits="coalesce(t.trx_state = 'LOCK WAIT', FALSE)",
        transactions=TRANSACTIONS,
    )


def own_sessions(processlist: str) -> str:
    """Ask for connections only: without a privilege these are our account's."""
    return SESSIONS.format(
        processlist=processlist,
        state=STATE.format(idle="TRUE"),
        age="NULL",
        waits="FALSE",
        transactions="",
    )


def _one_of(names: Iterable[str]) -> str:
    return f"WHERE variable_name IN ({', '.join(repr(name) for name in names)})"
