"""Causes in the server's limits: on connections, and on what it has room for."""

from typing import Final

from exporter.diagnosis.catalogue.application import RETRY
from exporter.diagnosis.catalogue.entry import Entry, Fix, LookAlike, Looks
from exporter.diagnosis.catalogue.phrases import CONNECT_TIMES_OUT, GONE_AWAY
from exporter.model import Cause, Severity

FIND_LEAKS_POSTGRESQL: Final = Fix(
    text="Find who has them",
    copy=(
        "SELECT usename, application_name, client_addr, state, count(*) FROM pg_stat_activity GROUP BY "
        "1, 2, 3, 4 ORDER BY 5 DESC;",
    ),
    family="postgresql",
)
FIND_LEAKS_MYSQL: Final = Fix(
    text="Find who has them",
    copy=(
        "SELECT user, substring_index(host, ':', 1) AS client, command, count(*) FROM "
        "information_schema.processlist GROUP BY 1, 2, 3 ORDER BY 4 DESC;",
    ),
    family="mysql",
)
SMALLER_POOLS: Final = Fix(
    text="Let pools hold less: processes times (pool_size + max_overflow) must stay below the limit",
    copy=("create_engine(url, pool_size=5, max_overflow=5)",),
)

SATURATED: Final = Entry(
    cause=Cause.SERVER_SATURATED,
    severity=Severity.CRITICAL,
    title="The server has no connection left",
    summary="{target} has no connection left: {connections} of {connections_max} are in use",
    bare="{target} has no connection left for us",
    meaning="max_connections is reached, and whoever comes now is refused within milliseconds; existing "
    "sessions go on. PostgreSQL keeps some for superusers, MySQL and MariaDB one for an administrator. "
    "Where more connects wait than the kernel's queue takes, they look dropped on the way.",
    looks=(
        Looks(library="psycopg2", text="FATAL:  sorry, too many clients already"),
        Looks(
            library="psycopg2",
            text="FATAL:  remaining connection slots are reserved for non-replication superuser connections",
        ),
        Looks(library="PyMySQL", text="(1040, 'Too many connections')"),
        *CONNECT_TIMES_OUT,
    ),
    look_alikes=(
        LookAlike(
            cause=Cause.SERVER_ACCOUNT_LIMIT, splitter="there the text names the account, role or database"
        ),
        LookAlike(
            cause=Cause.PROXY_SATURATED, splitter="there a pooler says so, or closes after a constant wait"
        ),
        LookAlike(cause=Cause.CLIENT_POOL_EXHAUSTED, splitter="there a fresh connection works"),
        LookAlike(
            cause=Cause.MIDDLEBOX_CONNECT_LIMITED,
            splitter="there the server says nothing and has slots free",
        ),
    ),
    fixes=(
        FIND_LEAKS_POSTGRESQL,
        FIND_LEAKS_MYSQL,
        SMALLER_POOLS,
        Fix(
            text="Put a pooler before the server, with transactions sharing connections (pgbouncer)",
            copy=("pool_mode = transaction", "default_pool_size = 20"),
            family="postgresql",
        ),
        Fix(
            text="Allow more than {connections_max}; it takes memory, and a restart",
            copy=("ALTER SYSTEM SET max_connections = 300;",),
            otherwise="Allow more; it takes memory, and a restart: ALTER SYSTEM SET max_connections = 300",
            family="postgresql",
        ),
        Fix(
            text="Allow more than {connections_max}; it takes memory, and no restart",
            copy=("SET GLOBAL max_connections = 500;",),
            otherwise="Allow more; it takes memory, and no restart: SET GLOBAL max_connections = 500",
            family="mysql",
        ),
        Fix(
            text="Where connects time out and ListenOverflows rises on the server, lengthen its queue",
            copy=("sysctl -w net.core.somaxconn=4096",),
        ),
    ),
)

ACCOUNT_LIMIT: Final = Entry(
    cause=Cause.SERVER_ACCOUNT_LIMIT,
    severity=Severity.CRITICAL,
    title="The account has no connection left",
    summary="Our account at {target} may have no further connection: {said}",
    bare="Our account at {target} may have no further connection",
    meaning="A limit of the role, the account or the database is reached, while the server has room for "
    "others. In MySQL and MariaDB it may be one on connects within an hour, too.",
    looks=(
        Looks(library="psycopg2", text='FATAL:  too many connections for role "…"'),
        Looks(library="psycopg2", text='FATAL:  too many connections for database "…"'),
        Looks(
            library="PyMySQL",
            text="(1203, \"User … already has more than 'max_user_connections' active connections\")",
        ),
        Looks(
            library="PyMySQL",
            text="(1226, \"User '…' has exceeded the 'max_user_connections' resource (current value: …)\")",
        ),
    ),
    look_alikes=(
        LookAlike(
            cause=Cause.SERVER_SATURATED, splitter="there everybody is refused, and the text names nobody"
        ),
        LookAlike(cause=Cause.AUTH_NOT_ALLOWED, splitter="there the first connection is refused already"),
    ),
    fixes=(
        FIND_LEAKS_POSTGRESQL,
        FIND_LEAKS_MYSQL,
        SMALLER_POOLS,
        Fix(
            text="Allow more",
            copy=("ALTER ROLE app CONNECTION LIMIT 100;", "ALTER DATABASE app CONNECTION LIMIT 200;"),
            family="postgresql",
        ),
        Fix(
            text="Allow more",
            copy=("ALTER USER 'app'@'%' WITH MAX_USER_CONNECTIONS 100 MAX_CONNECTIONS_PER_HOUR 0;",),
            family="mysql",
        ),
    ),
)

HOST_BLOCKED: Final = Entry(
    cause=Cause.SERVER_HOST_BLOCKED,
    severity=Severity.CRITICAL,
    title="The server has blocked this host",
    summary="{target} lets nobody in from {our_address} any more, after too many broken connects",
    bare="{target} lets nobody in from our address any more, after too many broken connects",
    meaning="MySQL and MariaDB count connects from one address that break off before the login is over, "
    "and block the address at max_connect_errors, for all accounts. Health checks that connect and "
    "hang up, port scans and handshakes with a bad certificate count; a wrong password does not. A "
    "login that succeeds sets the count to zero.",
    looks=(
        Looks(
            library="PyMySQL",
            text="(1129, \"Host '…' is blocked because of many connection errors; unblock with "
            "'mariadb-admin flush-hosts'\")",
        ),
    ),
    look_alikes=(
        LookAlike(
            cause=Cause.AUTH_NOT_ALLOWED, splitter="error 1130 there, 1129 here; flushing does not help there"
        ),
        LookAlike(cause=Cause.MIDDLEBOX_CONNECT_BLOCKED, splitter="there no server says anything"),
    ),
    fixes=(
        Fix(text="Unblock it, on a MariaDB server", copy=("FLUSH HOSTS;",), family="mysql"),
        Fix(
            text="Unblock it, on a MySQL server",
            copy=("TRUNCATE TABLE performance_schema.host_cache",),
            family="mysql",
        ),
        Fix(
            text="Allow more, in the configuration file as well",
            copy=("SET GLOBAL max_connect_errors = 1000000;",),
            family="mysql",
        ),
        Fix(
            text="Find what breaks off, such as a load balancer's TCP check: let it log in instead, or "
            "ask less often"
        ),
        Fix(
            text="Or keep no such account at all: without names nothing is blocked; accounts need "
            "addresses instead of names then",
            copy=("[mysqld]", "skip_name_resolve = ON"),
            family="mysql",
        ),
    ),
)

RESOURCE: Final = Entry(
    cause=Cause.SERVER_RESOURCE,
    severity=Severity.CRITICAL,
    title="The server has run out of room",
    summary="{target} has no room for what was asked: {said}",
    bare="{target} has no room for what was asked",
    meaning="A disk or the memory is full, or a statement is larger than the server takes. A full disk "
    "fails statements and keeps the connection. A packet above max_allowed_packet ends it at once, "
    "whatever its age.",
    looks=(
        Looks(library="psycopg2", text='could not extend file "…": No space left on device'),
        Looks(library="psycopg2", text="out of memory"),
        GONE_AWAY,
        Looks(library="PyMySQL", text="(1153, \"Got a packet bigger than 'max_allowed_packet' bytes\")"),
    ),
    look_alikes=(
        LookAlike(
            cause=Cause.SERVER_IDLE_TIMEOUT,
            splitter="that one depends on the silence before; here the size of the statement decides",
        ),
        LookAlike(
            cause=Cause.NET_MTU_BLACKHOLE,
            splitter="there large statements hang; here they fail at once",
        ),
    ),
    fixes=(
        Fix(text="See what is full, on the server", copy=("df -h", "free -m")),
        Fix(
            text="Look for log files that replication slots keep",
            copy=(
                "SELECT slot_name, active, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) FROM "
                "pg_replication_slots;",
            ),
            family="postgresql",
        ),
        Fix(
            text="Let go of old binary logs",
            copy=("PURGE BINARY LOGS BEFORE NOW() - INTERVAL 3 DAY",),
            family="mysql",
        ),
        Fix(
            text="If statements are too large, allow larger ones, or send rows in smaller batches",
            copy=("SET GLOBAL max_allowed_packet = 67108864;",),
            family="mysql",
        ),
        RETRY,
    ),
)
