"""What a PostgreSQL server is asked about itself; everybody may ask all of it.

It runs on 13 and later: what only newer servers know is asked for by name, and is not there on others. Rows
come as JSON arrays, which are half as long as objects. Nothing is locked but what reading the catalogue
locks: no work of others waits for it.
"""

from typing import Final

SECONDS: Final = (
    "authentication_timeout",
    "client_connection_check_interval",
    "deadlock_timeout",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "lock_timeout",
    "statement_timeout",
    "tcp_keepalives_idle",
    "tcp_keepalives_interval",
    "tcp_user_timeout",
    "transaction_timeout",
)
"""Settings that are times."""
VALUES: Final = ("log_hostname", "tcp_keepalives_count")
"""Settings without a unit; on is 1. With `log_hostname` a login may have to wait for a name server."""
MOST: Final = "max_connections"
RESERVED: Final = ("superuser_reserved_connections", "reserved_connections")
READ_ONLY: Final = "default_transaction_read_only"
WANTED: Final = (*SECONDS, *VALUES, MOST, *RESERVED, READ_ONLY)

_SERVER: Final = """
SELECT json_build_object(
    'version', current_setting('server_version'),
    'description', version(),
    'started', extract(epoch FROM pg_postmaster_start_time()),
    'uptime', extract(epoch FROM clock_timestamp() - pg_postmaster_start_time()),
    'replica', pg_is_in_recovery(),
    'address', host(inet_client_addr()),
    'account', session_user,
    'grantee', quote_ident(session_user),
    'database', current_database(),
    'sees_all', pg_has_role('pg_read_all_stats', 'USAGE'),
    'may_identify', has_function_privilege(to_regprocedure('pg_control_system()'), 'EXECUTE')
)
"""
# What was set in this session, by ourselves or before us behind a pooler, is not what others begin with.
_SETTINGS: Final = """
SELECT json_agg(json_build_array(
    name, CASE source WHEN 'session' THEN reset_val ELSE setting END, unit, vartype
)) FROM pg_settings
"""
_ACTIVITY: Final = """
SELECT json_agg(json_build_array(
    datname, state, usename, application_name, backend_type, wait_event_type, wait_event, count, open, idle
)) FROM (
    SELECT
        datname, state, usename, application_name, backend_type, wait_event_type, wait_event, count(*),
        extract(epoch FROM now() - min(xact_start)) AS open,
        extract(epoch FROM now() - min(state_change) FILTER (WHERE state LIKE 'idle in transaction%')) AS idle
    FROM pg_stat_activity
    GROUP BY datname, state, usename, application_name, backend_type, wait_event_type, wait_event
) AS alike
"""
_ROLES: Final = """
SELECT json_agg(json_build_array(rolname, rolconnlimit, limited)) FROM (
    SELECT rolname, rolconnlimit, rolcanlogin AND NOT rolsuper AND rolconnlimit >= 0 AS limited FROM pg_roles
) AS role
"""
# The sessions_* are there from 14 on.
_DATABASES: Final = """
SELECT json_agg(json_build_array(
    datid, each.datname, datconnlimit,
    everything -> 'sessions', everything -> 'sessions_abandoned',
    everything -> 'sessions_fatal', everything -> 'sessions_killed',
    everything -> 'xact_commit', everything -> 'xact_rollback',
    everything -> 'blks_hit', everything -> 'blks_read', {everything}
))
FROM pg_stat_database AS each CROSS JOIN LATERAL to_jsonb(each) AS everything
    LEFT JOIN pg_database ON pg_database.oid = datid
"""
# Not asked without the privilege: each denial is a line in the server's log.
IDENTITY: Final = "SELECT system_identifier::text FROM pg_control_system()"
# While nothing streams in, nobody knows whether there is more: then only the age of the last is known.
LAG: Final = """
SELECT CASE
    WHEN pg_last_wal_replay_lsn() >= pg_last_wal_receive_lsn() AND EXISTS (SELECT FROM pg_stat_wal_receiver)
    THEN 0
    ELSE extract(epoch FROM now() - pg_last_xact_replay_timestamp())
END::float8
"""


def _whole(*, tables: bool) -> str:
    names = ", ".join(f"'{name}'" for name in WANTED)
    parts = {
        "server": _SERVER,
        "settings": _SETTINGS if tables else f"{_SETTINGS} WHERE name IN ({names})",
        "activity": _ACTIVITY,
        "roles": _ROLES if tables else f"{_ROLES} WHERE limited",
        "databases": _DATABASES.format(everything="everything" if tables else "NULL"),
    }
    written = ", ".join(f"'{name}', ({part})" for name, part in parts.items())
    return f"SELECT json_build_object({written})::text"


WHOLE: Final = _whole(tables=False)
"""Gives one JSON object: `server`, and arrays of rows or null."""
WITH_TABLES: Final = _whole(tables=True)
"""The same, with every setting and role, and whole rows of `pg_stat_database`."""
