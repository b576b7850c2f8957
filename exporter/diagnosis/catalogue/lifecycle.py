"""Causes in the server's life: sessions that it ends, restarts."""

from typing import Final

from exporter.diagnosis.catalogue.application import PRE_PING, RECYCLE, RETRY
from exporter.diagnosis.catalogue.entry import Entry, Fix, LookAlike, Looks
from exporter.diagnosis.catalogue.phrases import CLOSED, CONNECT_REFUSED, GONE_AWAY
from exporter.model import Cause, Severity

IDLE_TIMEOUT: Final = Entry(
    cause=Cause.SERVER_IDLE_TIMEOUT,
    severity=Severity.WARNING,
    title="The server ends idle sessions",
    summary="{target} ends sessions that are silent for {seconds} s, as its setting {setting} says",
    bare="{target} ends sessions that are silent for long, by a timeout of its own",
    meaning="The server has a limit on how long a session may do nothing: idle_session_timeout and "
    "idle_in_transaction_session_timeout in PostgreSQL, wait_timeout, interactive_timeout and "
    "MariaDB's idle_transaction_timeout elsewhere. PostgreSQL and MySQL say so and close; MariaDB "
    "resets the connection without a word. Keepalives do not count.",
    looks=(
        Looks(library="psycopg2", text="server closed the connection unexpectedly"),
        Looks(library="psycopg2", text="SSL connection has been closed unexpectedly"),
        Looks(library="psycopg 3", text="terminating connection due to idle-session timeout"),
        Looks(library="psycopg 3", text="terminating connection due to idle-in-transaction timeout"),
        GONE_AWAY,
        Looks(library="PyMySQL", text="(2013, 'Lost connection to MySQL server during query')"),
    ),
    look_alikes=(
        LookAlike(
            cause=Cause.MIDDLEBOX_IDLE_TIMEOUT,
            splitter="that one is put off by keepalives, and strikes also where the session's own "
            "timeout is off",
        ),
        LookAlike(
            cause=Cause.PROXY_IDLE_TIMEOUT,
            splitter="that one strikes also where the session's own timeout is switched off by SET",
        ),
        LookAlike(
            cause=Cause.SERVER_SESSION_KILLED,
            splitter="a session that is killed ends at any age of its silence, busy ones included",
        ),
    ),
    fixes=(
        RECYCLE,
        Fix(
            text="Switch it off for this application's sessions alone",
            copy=('create_engine(url, connect_args=dict(options="-c idle_session_timeout=0"))',),
            family="postgresql",
        ),
        Fix(
            text="Raise it for this application's sessions alone",
            copy=('create_engine(url, connect_args=dict(init_command="SET SESSION wait_timeout = 28800"))',),
            family="mysql",
        ),
        Fix(
            text="Or change it for the account, or for all",
            copy=(
                "ALTER ROLE app SET idle_session_timeout = 0;",
                "ALTER SYSTEM SET idle_session_timeout = 0;",
                "SELECT pg_reload_conf();",
            ),
            family="postgresql",
        ),
        Fix(
            text="Or change it for all new sessions; in the configuration file as well, so that it stays",
            copy=("SET GLOBAL wait_timeout = 28800;",),
            family="mysql",
        ),
        Fix(
            text="If it struck within a transaction, do not raise it: commit or roll back before slow "
            "work elsewhere, since an open transaction holds locks"
        ),
    ),
)

SESSION_KILLED: Final = Entry(
    cause=Cause.SERVER_SESSION_KILLED,
    severity=Severity.WARNING,
    title="Somebody ended the session",
    summary="A session of {target} was ended on the server, which itself kept running: {said}",
    bare="A session of {target} was ended on the server, which itself kept running",
    meaning="An administrator, a script or a tool has ended sessions (pg_terminate_backend, KILL), or a "
    "standby has ended one whose query stood in the way of replication. The server has not restarted, "
    "and others go on.",
    looks=(
        *CLOSED,
        Looks(library="psycopg 3", text="terminating connection due to administrator command"),
        Looks(library="psycopg 3", text="terminating connection due to conflict with recovery"),
    ),
    look_alikes=(
        LookAlike(
            cause=Cause.SERVER_RESTART,
            splitter="there all are told the same words (57P01), and the server has a new start time",
        ),
        LookAlike(
            cause=Cause.SERVER_IDLE_TIMEOUT,
            splitter="that one strikes after a silence that is always the same",
        ),
        LookAlike(
            cause=Cause.PROXY_RESTARTED,
            splitter="there all connections end at once, without the server's words",
        ),
    ),
    fixes=(
        Fix(
            text="Look for who did it: scripts against idle or long sessions (pt-kill, cron), "
            "deployments, failover tools"
        ),
        Fix(
            text="Let the server's log tell which sessions end",
            copy=("ALTER SYSTEM SET log_disconnections = on;", "SELECT pg_reload_conf();"),
            family="postgresql",
        ),
        Fix(
            text="Let MariaDB's log tell of connections that end",
            copy=("SET GLOBAL log_warnings = 4;",),
            family="mysql",
        ),
        Fix(
            text="Let MySQL's log tell of connections that end",
            copy=("SET GLOBAL log_error_verbosity = 3;",),
            family="mysql",
        ),
        Fix(
            text="If it was a conflict with recovery, give queries on the standby more time",
            copy=(
                "ALTER SYSTEM SET max_standby_streaming_delay = '5min';",
                "ALTER SYSTEM SET hot_standby_feedback = on;",
                "SELECT pg_reload_conf();",
            ),
            family="postgresql",
        ),
        RETRY,
        PRE_PING,
    ),
)

RESTART: Final = Entry(
    cause=Cause.SERVER_RESTART,
    severity=Severity.CRITICAL,
    title="The server was restarted",
    summary="The server of {target} restarts or has restarted: {said}",
    bare="The server of {target} restarts or has restarted",
    meaning="All sessions end at once, connects are refused or put off for a while, and the server's "
    "start time is a new one. It was told to, or a process of it has crashed or was ended for want of "
    "memory: then PostgreSQL ends all others, and recovers.",
    looks=(
        *CLOSED,
        *CONNECT_REFUSED,
        Looks(library="psycopg2", text="FATAL:  the database system is starting up"),
        Looks(library="psycopg2", text="FATAL:  the database system is shutting down"),
        Looks(library="psycopg2", text="FATAL:  the database system is in recovery mode"),
        Looks(library="psycopg 3", text="terminating connection because of crash of another server process"),
    ),
    look_alikes=(
        LookAlike(
            cause=Cause.SERVER_SESSION_KILLED,
            splitter="there some sessions end, nothing is refused, and the start time stays",
        ),
        LookAlike(cause=Cause.PROXY_RESTARTED, splitter="there the server's start time stays as it was"),
        LookAlike(
            cause=Cause.FAILOVER_ENDPOINT_CHANGED,
            splitter="there another server answers: its identity is not the same",
        ),
    ),
    fixes=(
        Fix(
            text="Look at the server's log for that moment: told to, crashed, or out of memory (OOM)",
            copy=("journalctl -k --grep 'Out of memory|oom-kill' --since '-1 h'",),
        ),
        Fix(
            text="Where memory ran out, keep the kernel from promising too much; give work_mem or "
            "buffers less",
            copy=("sysctl -w vm.overcommit_memory=2",),
            family="postgresql",
        ),
        Fix(
            text="Where memory ran out, give innodb_buffer_pool_size or max_connections less", family="mysql"
        ),
        PRE_PING,
        RETRY,
        Fix(
            text="Restart at a quiet hour; the console of pgbouncer can hold clients back meanwhile",
            copy=("PAUSE;", "RESUME;"),
            family="postgresql",
        ),
    ),
)

DOWN: Final = Entry(
    cause=Cause.SERVER_DOWN,
    severity=Severity.CRITICAL,
    title="The server does not run",
    summary="Nothing listens at port {port} of {target}: the host is up, the database is not",
    bare="Nothing listens at the port of {target}: the host is up, the database is not",
    meaning="The server's host answers connects with a reset within a round trip, because no process "
    "listens at that address and port. It has been stopped, does not start, or listens elsewhere. "
    "Echoes come back.",
    looks=(*CONNECT_REFUSED,),
    look_alikes=(
        LookAlike(
            cause=Cause.MIDDLEBOX_CONNECT_BLOCKED,
            splitter="there existing connections go on, or an ICMP message comes from another address "
            "than the server's",
        ),
        LookAlike(cause=Cause.SERVER_RESTART, splitter="that one is over after seconds"),
        LookAlike(
            cause=Cause.PROXY_BACKEND_UNAVAILABLE, splitter="there the connect is accepted, and then closed"
        ),
    ),
    fixes=(
        Fix(
            text="On the server, see whether it runs, and why not",
            copy=("systemctl status postgresql", "journalctl -u 'postgresql*' --since '-1 h'"),
            family="postgresql",
        ),
        Fix(
            text="On the server, see whether it runs, and why not",
            copy=("systemctl status mariadb mysql", "journalctl -u mariadb -u mysql --since '-1 h'"),
            family="mysql",
        ),
        Fix(
            text="See whether it listens at {address}, and not on loopback alone (listen_addresses, "
            "bind_address)",
            copy=("ss -ltn 'sport = :{port}'",),
            otherwise="See whether it listens at the right address and port (listen_addresses, "
            "bind_address, port): ss -ltn",
        ),
        Fix(text="See whether its disk is full: then it does not start", copy=("df -h",)),
    ),
)
