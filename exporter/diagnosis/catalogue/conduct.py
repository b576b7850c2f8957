"""Causes in what the server does: it does not answer, answers late, or takes no writes."""

from typing import Final

from exporter.diagnosis.catalogue.application import DEADLINES, RETRY
from exporter.diagnosis.catalogue.entry import Entry, Fix, LookAlike, Looks
from exporter.diagnosis.catalogue.phrases import CONNECT_TIMES_OUT
from exporter.model import Cause, Severity

UNRESPONSIVE: Final = Entry(
    cause=Cause.SERVER_UNRESPONSIVE,
    severity=Severity.CRITICAL,
    title="The server does not answer",
    summary="{target} accepts connections and does not answer on them",
    meaning="The server's kernel accepts the connect, and no process says a word: it is stopped, waits "
    "for its disk, or starves. Or it first looks up the name that belongs to our address, and its name "
    "server is dead: then the first byte comes after some 10 s, each time. Existing sessions may go on.",
    looks=(
        *CONNECT_TIMES_OUT,
        Looks(library="PyMySQL", text="(2013, 'Lost connection to MySQL server during query (timed out)')"),
    ),
    look_alikes=(
        LookAlike(
            cause=Cause.PROXY_BACKEND_UNAVAILABLE,
            splitter="there the connection is closed without a byte; here it stays open",
        ),
        LookAlike(
            cause=Cause.NET_BLACKHOLE,
            splitter="there nothing is acknowledged; here the server's kernel does it",
        ),
        LookAlike(
            cause=Cause.SERVER_SLOW_QUERY, splitter="there other questions are answered, and logins work"
        ),
        LookAlike(cause=Cause.TLS_HANDSHAKE, splitter="there the server has answered before TLS begins"),
    ),
    fixes=(
        Fix(
            text="On the server, look for processes that wait for a disk (D) or are stopped (T)",
            copy=("ps -eo pid,stat,wchan:32,cmd | awk '$2 ~ /^[DT]/'", "cat /proc/pressure/io"),
        ),
        Fix(
            text="If every login takes some 10 s, let it look up no names",
            copy=("[mysqld]", "skip_name_resolve = ON"),
            family="mysql",
        ),
        Fix(
            text="If every login takes some 10 s, let it look up no names",
            copy=("ALTER SYSTEM SET log_hostname = off;", "SELECT pg_reload_conf();"),
            family="postgresql",
        ),
        Fix(text="If every login takes some 10 s, mend the server's own /etc/resolv.conf"),
        Fix(
            text="If it has never answered, see whether it is the database that listens there",
            copy=("ss -ltnp 'sport = :{port}'",),
            otherwise="If it has never answered, see whether it is the database that listens there: ss -ltnp",
        ),
        *DEADLINES,
    ),
)

READ_ONLY: Final = Entry(
    cause=Cause.SERVER_READ_ONLY,
    severity=Severity.WARNING,
    title="The server takes no writes",
    summary="{target} takes no writes: {said}",
    bare="{target} takes no writes",
    meaning="The server is a standby, or was made read-only: after a failover, for maintenance, or "
    "because its disk is nearly full. Connections are well, and reading works; each write fails.",
    looks=(
        Looks(library="psycopg2", text="cannot execute INSERT in a read-only transaction"),
        Looks(library="psycopg 3", text="cannot execute INSERT in a read-only transaction"),
        Looks(
            library="PyMySQL",
            text="(1290, 'The MariaDB server is running with the --read-only option so it cannot execute "
            "this statement')",
        ),
        Looks(
            library="PyMySQL",
            text="(1290, 'The MySQL server is running with the --read-only option so it cannot execute "
            "this statement')",
        ),
    ),
    look_alikes=(
        LookAlike(
            cause=Cause.FAILOVER_ENDPOINT_CHANGED,
            splitter="there another server answers: its identity is not the same",
        ),
        LookAlike(
            cause=Cause.DNS_ANSWER_CHANGED,
            splitter="there fresh connections go to the new primary, and pooled ones stay with the old one",
        ),
        LookAlike(cause=Cause.SERVER_RESOURCE, splitter="there the error speaks of a disk that is full"),
    ),
    fixes=(
        Fix(
            text="See which role it has",
            copy=("SELECT pg_is_in_recovery();", "SHOW default_transaction_read_only;"),
            family="postgresql",
        ),
        Fix(
            text="See which role it has",
            copy=("SELECT @@global.read_only;", "SHOW REPLICA STATUS;"),
            family="mysql",
        ),
        Fix(
            text="Let the driver look for the server that takes writes",
            copy=("create_engine(url, connect_args=dict(target_session_attrs='read-write'))",),
            family="postgresql",
        ),
        Fix(
            text="If it is the primary and was forgotten that way, let it write again",
            copy=("SET GLOBAL read_only = OFF;",),
            family="mysql",
        ),
        Fix(text="Let go of connections to a former primary", copy=("engine.dispose()",)),
    ),
)

SLOW_QUERY: Final = Entry(
    cause=Cause.SERVER_SLOW_QUERY,
    severity=Severity.WARNING,
    title="Queries wait on the server",
    summary="Queries of {target} wait on the server itself: {said}",
    bare="Queries of {target} wait on the server itself, not on the way",
    meaning="The server has the question and works on it, or waits for a lock that another transaction "
    "holds. If a limit on its time is reached, the query fails and the connection stays. The path is "
    "well: what is sent is acknowledged at once.",
    looks=(
        Looks(library="psycopg2", text="canceling statement due to statement timeout"),
        Looks(library="psycopg2", text="canceling statement due to lock timeout"),
        Looks(library="PyMySQL", text="(1205, 'Lock wait timeout exceeded; try restarting transaction')"),
        Looks(
            library="PyMySQL", text="(1969, 'Query execution was interrupted (max_statement_time exceeded)')"
        ),
        Looks(
            library="PyMySQL",
            text="(3024, 'Query execution was interrupted, maximum statement execution time exceeded')",
        ),
    ),
    look_alikes=(
        LookAlike(
            cause=Cause.NET_MTU_BLACKHOLE,
            splitter="there a large answer never comes, and a small one does, whatever the query",
        ),
        LookAlike(
            cause=Cause.NET_BLACKHOLE,
            splitter="there keepalives are not answered either; here they are",
        ),
        LookAlike(cause=Cause.NET_LATENCY, splitter="there the kernel's round-trip time has risen, too"),
        LookAlike(cause=Cause.SERVER_UNRESPONSIVE, splitter="there fresh connections get no answer, too"),
    ),
    fixes=(
        Fix(
            text="See what waits, and for whom",
            copy=(
                "SELECT pid, pg_blocking_pids(pid), wait_event_type, wait_event, state, query FROM "
                "pg_stat_activity WHERE wait_event_type = 'Lock';",
            ),
            family="postgresql",
        ),
        Fix(
            text="See what waits, and for whom",
            copy=("SHOW FULL PROCESSLIST;", "SHOW ENGINE INNODB STATUS;"),
            family="mysql",
        ),
        Fix(
            text="Bound what a transaction may hold: forgotten ones keep their locks",
            copy=(
                "ALTER ROLE app SET idle_in_transaction_session_timeout = '1min';",
                "ALTER ROLE app SET lock_timeout = '10s';",
            ),
            family="postgresql",
        ),
        Fix(
            text="Bound how long a lock is waited for",
            copy=("SET GLOBAL innodb_lock_wait_timeout = 10;", "SET GLOBAL lock_wait_timeout = 60;"),
            family="mysql",
        ),
        RETRY,
    ),
)
