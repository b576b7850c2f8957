"""Causes in proxies and poolers: programs on the way that speak for the server."""

from typing import Final

from exporter.diagnosis.catalogue.application import PRE_PING, RECYCLE, RETRY
from exporter.diagnosis.catalogue.entry import Entry, Fix, LookAlike, Looks
from exporter.diagnosis.catalogue.phrases import CLOSED, CONNECT_CLOSED, CONNECT_REFUSED
from exporter.model import Cause, Severity

IDLE_TIMEOUT: Final = Entry(
    cause=Cause.PROXY_IDLE_TIMEOUT,
    severity=Severity.WARNING,
    title="A proxy closes idle connections",
    summary="A proxy or pooler before {target} closes connections that are silent for more than "
    "{survived} to {killed} s",
    bare="A proxy or pooler before {target} closes connections that are silent for long",
    meaning="haproxy, a pooler or a managed load balancer ends a connection on which no data has passed "
    "for a while. Keepalives are answered by its kernel and do not count. haproxy's server timeout "
    "also ends a query that takes longer than that.",
    looks=(
        *CLOSED,
        Looks(library="psycopg 3", text="client_idle_timeout"),
    ),
    look_alikes=(
        LookAlike(
            cause=Cause.SERVER_IDLE_TIMEOUT,
            splitter="that one spares a session whose own timeout is switched off by SET",
        ),
        LookAlike(cause=Cause.MIDDLEBOX_IDLE_TIMEOUT, splitter="that one is put off by keepalives"),
        LookAlike(
            cause=Cause.PROXY_RESTARTED,
            splitter="that one ends connections in use as well, all at one moment",
        ),
    ),
    fixes=(
        RECYCLE,
        Fix(
            text="haproxy: raise both timeouts above the longest silence and the longest query (option "
            "clitcpka does not help)",
            copy=("timeout client 1h", "timeout server 1h"),
        ),
        Fix(
            text="pgbouncer: let clients be idle as long as they like, and reload",
            copy=("client_idle_timeout = 0",),
            family="postgresql",
        ),
        Fix(
            text="ProxySQL: raise its own wait_timeout, in milliseconds",
            copy=(
                "SET mysql-wait_timeout = 28800000;",
                "LOAD MYSQL VARIABLES TO RUNTIME;",
                "SAVE MYSQL VARIABLES TO DISK;",
            ),
            family="mysql",
        ),
        Fix(
            text="Managed ones have an idle timeout, too: RDS Proxy IdleClientTimeout (1800 s), "
            "OpenStack Octavia timeout_client_data and timeout_member_data (50 s), AWS Classic Load "
            "Balancer idle timeout (60 s)"
        ),
    ),
)

BACKEND_UNAVAILABLE: Final = Entry(
    cause=Cause.PROXY_BACKEND_UNAVAILABLE,
    severity=Severity.CRITICAL,
    title="The proxy has no database behind it",
    summary="The proxy before {target} accepts connections and closes them without a word: it reaches no "
    "database",
    meaning="The connect works, since the proxy's port is open. Then it finds no server alive, and "
    "closes, at once or after its own attempts. A pooler may even let in and fail at the first query.",
    looks=(
        *CONNECT_CLOSED,
        Looks(library="psycopg2", text="server conn crashed?"),
        Looks(library="psycopg2", text="pgbouncer cannot connect to server"),
    ),
    look_alikes=(
        LookAlike(
            cause=Cause.SERVER_UNRESPONSIVE,
            splitter="there the connection stays open without a byte; here it is closed",
        ),
        LookAlike(
            cause=Cause.SERVER_DOWN, splitter="a server that is down refuses the connect; a proxy accepts it"
        ),
        LookAlike(
            cause=Cause.PROXY_SATURATED,
            splitter="there some connections work, and the others end after a wait that is always the same",
        ),
    ),
    fixes=(
        Fix(text="See whether the database runs, and whether the proxy's host reaches its port"),
        Fix(
            text="haproxy: see which servers it takes for alive",
            copy=("echo 'show servers state' | socat stdio /run/haproxy/admin.sock",),
        ),
        Fix(
            text="pgbouncer: look at its log and its console",
            copy=("SHOW SERVERS;", "SHOW POOLS;"),
            family="postgresql",
        ),
        RETRY,
    ),
)

SATURATED: Final = Entry(
    cause=Cause.PROXY_SATURATED,
    severity=Severity.CRITICAL,
    title="The proxy has no connection left",
    summary="The proxy or pooler before {target} has no connection to give: {said}",
    bare="The proxy or pooler before {target} has no connection to give",
    meaning="All connections that the proxy may have towards the database are in use, or all that "
    "clients may have. Whoever comes now waits in its queue, and is sent away when the queue's time is "
    "over.",
    looks=(
        Looks(library="psycopg2", text="FATAL:  query_wait_timeout"),
        Looks(library="psycopg2", text="FATAL:  no more connections allowed (max_client_conn)"),
        *CONNECT_CLOSED,
    ),
    look_alikes=(
        LookAlike(
            cause=Cause.SERVER_SATURATED, splitter="there the database itself says so, with a code of its own"
        ),
        LookAlike(
            cause=Cause.PROXY_BACKEND_UNAVAILABLE,
            splitter="there every connection is closed, also the only one",
        ),
        LookAlike(cause=Cause.CLIENT_POOL_EXHAUSTED, splitter="there no packet is sent at all"),
    ),
    fixes=(
        Fix(text="Find what holds connections for long: idle transactions and slow queries come first"),
        Fix(
            text="pgbouncer: share connections by transaction, and allow more, within the server's "
            "max_connections",
            copy=(
                "pool_mode = transaction",
                "default_pool_size = 50",
                "max_client_conn = 1000",
                "query_wait_timeout = 30",
            ),
            family="postgresql",
        ),
        Fix(
            text="haproxy: allow more towards the server, and more in all",
            copy=("server db1 {address}:{port} maxconn 200", "timeout queue 30s"),
            otherwise="haproxy: allow more towards the server, and more in all: maxconn 200 on the "
            "server line, timeout queue 30s",
        ),
        Fix(
            text="Give applications smaller pools", copy=("create_engine(url, pool_size=5, max_overflow=5)",)
        ),
    ),
)

RESTARTED: Final = Entry(
    cause=Cause.PROXY_RESTARTED,
    severity=Severity.CRITICAL,
    title="The proxy was restarted",
    summary="The proxy before {target} has closed all connections at once; the database itself goes on",
    meaning="The proxy has crashed, was restarted or reloaded, or closes all sessions when a health "
    "check fails (shutdown-sessions). Connects are refused until it is back. The database has the same "
    "start time as before.",
    looks=(*CLOSED, *CONNECT_REFUSED),
    look_alikes=(
        LookAlike(cause=Cause.SERVER_RESTART, splitter="there the server's start time is a new one"),
        LookAlike(cause=Cause.PROXY_IDLE_TIMEOUT, splitter="that one spares connections in use"),
        LookAlike(
            cause=Cause.SERVER_SESSION_KILLED,
            splitter="there some sessions end and others live on, and PostgreSQL says so (57P01)",
        ),
    ),
    fixes=(
        Fix(
            text="Look at the proxy's log for that moment",
            copy=("journalctl -u haproxy -u pgbouncer --since '-15 min'",),
        ),
        Fix(
            text="haproxy: reload instead of restart, and let old sessions end by themselves (its global "
            "section)",
            copy=("systemctl reload haproxy", "hard-stop-after 1h"),
        ),
        Fix(
            text="haproxy: if a health check that fails once closes all sessions, ask for more failures",
            copy=("default-server inter 2s fall 3 rise 2",),
        ),
        Fix(
            text="pgbouncer: restart without closing, by a second process that shares the port",
            copy=("so_reuseport = 1",),
            family="postgresql",
        ),
        PRE_PING,
        RETRY,
    ),
)
