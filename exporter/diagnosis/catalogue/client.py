"""Causes on the application's own host."""

from typing import Final

from exporter.diagnosis.catalogue.application import PRE_PING, RETRY
from exporter.diagnosis.catalogue.entry import Entry, Fix, LookAlike, Looks
from exporter.diagnosis.catalogue.phrases import SILENT
from exporter.model import Cause, Severity

RESOURCES: Final = Entry(
    cause=Cause.CLIENT_RESOURCES,
    severity=Severity.CRITICAL,
    title="This host has run out of something",
    summary="This host has run out of what a connection to {target} needs",
    meaning="A connection needs a file descriptor, a free local port and a processor that gets round to "
    "it. Without a port or a descriptor the kernel refuses a connect at once, and no packet leaves the "
    "host; connections that exist go on. Without descriptors psycopg2 raises an OperationalError that "
    "has no text. A host that stands still makes every answer look late.",
    looks=(
        Looks(
            library="psycopg2",
            text='connection to server at "…", port … failed: Cannot assign requested address',
        ),
        Looks(
            library="PyMySQL",
            text="(2003, \"Can't connect to MySQL server on '…' ([Errno 24] Too many open files)\")",
        ),
        Looks(
            library="PyMySQL",
            text="(2003, \"Can't connect to MySQL server on '…' ([Errno 99] Cannot assign requested "
            'address)")',
        ),
    ),
    look_alikes=(
        LookAlike(
            cause=Cause.SERVER_UNRESPONSIVE,
            splitter="here all targets are late at once, while the kernel's own round-trip times stay as "
            "they were",
        ),
        LookAlike(
            cause=Cause.MIDDLEBOX_CONNECT_LIMITED,
            splitter="here the connect fails within a millisecond, and no SYN leaves the host",
        ),
    ),
    fixes=(
        Fix(
            text="Look for what is used up: descriptors of the process, ports in TIME_WAIT, the processor",
            copy=("ls /proc/PID/fd | wc -l", "ss -s", "cat /proc/pressure/cpu"),
        ),
        Fix(
            text="Keep connections in a pool instead of opening one for each query: each one closed "
            "holds its port for a minute",
            copy=("create_engine(url, pool_size=5, max_overflow=10)",),
        ),
        Fix(
            text="Allow more descriptors, in the application's systemd unit",
            copy=("LimitNOFILE=65536",),
        ),
        Fix(
            text="Allow more local ports",
            copy=(
                "sysctl -w net.ipv4.ip_local_port_range='15000 65000'",
                "sysctl -w net.ipv4.tcp_tw_reuse=1",
            ),
        ),
    ),
)

LOCAL_NETWORK: Final = Entry(
    cause=Cause.CLIENT_LOCAL_NETWORK,
    severity=Severity.CRITICAL,
    title="Packets do not leave this host",
    summary="Packets for {target} do not leave this host",
    meaning="A firewall on this host, an interface that is down, a route or a source address that has gone: "
    "what is sent never reaches the wire. The network and the database are well. Connections that were open "
    "before stop without an error, since their kernel goes on trying.",
    looks=(
        Looks(library="psycopg2", text='connection to server at "…", port … failed: Network is unreachable'),
        Looks(
            library="PyMySQL",
            text="(2003, \"Can't connect to MySQL server on '…' ([Errno 101] Network is unreachable)\")",
        ),
        *SILENT,
    ),
    look_alikes=(
        LookAlike(
            cause=Cause.NET_BLACKHOLE,
            splitter="there the kernel has sent packets and sends them again; here nothing counts as sent",
        ),
        LookAlike(
            cause=Cause.NET_UNREACHABLE,
            splitter="there another host's ICMP message says so; here the error comes at once, from this "
            "host",
        ),
    ),
    fixes=(
        Fix(
            text="Ask which way packets would take, and whether the interface is up",
            copy=("ip route get {address}", "ip -brief address", "ip -brief link"),
            otherwise="Ask which way packets would take, and whether the interface is up: ip route get "
            "ADDRESS; ip -brief address; ip -brief link",
        ),
        Fix(
            text="Look for rules that drop or reject what this host sends",
            copy=("nft list ruleset", "iptables -S OUTPUT"),
        ),
        Fix(
            text="Once packets leave again, let the pool replace connections whose source address has gone",
            copy=("engine.dispose()",),
        ),
    ),
)

POOL_EXHAUSTED: Final = Entry(
    cause=Cause.CLIENT_POOL_EXHAUSTED,
    severity=Severity.CRITICAL,
    title="The application's pool has no connection left",
    summary="All {connections_max} connections that the pool for {target} may have are in use",
    bare="All connections that the pool for {target} may have are in use",
    meaning="Every connection of the pool is checked out, and whoever asks for one waits in vain for "
    "pool_timeout. No packet is sent: the database and the network have nothing to do with it. Connections "
    "are held for too long, never given back, or too few.",
    looks=(
        Looks(
            library="SQLAlchemy",
            text="QueuePool limit of size … overflow … reached, connection timed out, timeout …",
        ),
    ),
    look_alikes=(
        LookAlike(
            cause=Cause.SERVER_SATURATED,
            splitter="there a fresh connection is refused by the server; here a fresh one works",
        ),
        LookAlike(
            cause=Cause.SERVER_SLOW_QUERY,
            splitter="there the server lists the pool's connections as active; connections that are not "
            "given back are idle",
        ),
    ),
    fixes=(
        Fix(
            text="Give connections back: a block that ends, also when an exception is raised",
            copy=("with engine.connect() as connection: …", "with Session(engine) as session: …"),
        ),
        Fix(
            text="Find who holds them: connections by state and application, oldest change first",
            copy=(
                "SELECT application_name, state, state_change, query FROM pg_stat_activity ORDER BY "
                "state_change;",
            ),
            family="postgresql",
        ),
        Fix(
            text="Find who holds them: sessions that sleep, longest first",
            copy=(
                "SELECT user, host, command, time, info FROM information_schema.processlist ORDER BY "
                "time DESC;",
            ),
            family="mysql",
        ),
        Fix(
            text="If the work needs more at once, allow more, within what the server allows all "
            "processes together",
            copy=("create_engine(url, pool_size=20, max_overflow=10, pool_timeout=10)",),
        ),
    ),
)

CONNECTION_MISUSE: Final = Entry(
    cause=Cause.CLIENT_CONNECTION_MISUSE,
    severity=Severity.WARNING,
    title="Several processes or threads use one connection",
    summary="A connection to {target} is used by several processes or threads at once",
    meaning="After a fork, parent and child have the same socket, and each reads what was meant for the "
    "other. The protocol gets out of step, TLS fails to decrypt, and answers reach the wrong query. A "
    "PyMySQL connection that two threads share does the same. Every other connection to the same "
    "database is well.",
    looks=(
        Looks(
            library="psycopg2",
            text="error with status PGRES_TUPLES_OK and no message from the libpq",
        ),
        Looks(library="psycopg2", text="SSL error: decryption failed or bad record mac"),
        Looks(library="psycopg2", text="SSL SYSCALL error: EOF detected"),
        Looks(library="PyMySQL", text="(2014, 'Command Out of Sync')"),
        Looks(library="PyMySQL", text="InterfaceError: (0, '')"),
    ),
    look_alikes=(
        LookAlike(
            cause=Cause.NET_CORRUPTION,
            splitter="the kernel's checksum counters rise there, and other connections suffer as well",
        ),
        LookAlike(
            cause=Cause.SERVER_SESSION_KILLED,
            splitter="a connection of nobody else ends here: held and fresh ones of the exporter stay well",
        ),
    ),
    fixes=(
        Fix(
            text="Give every process connections of its own: in the child, right after the fork (gunicorn's "
            "post_fork, Celery's worker_process_init)",
            copy=("engine.dispose(close=False)",),
        ),
        Fix(
            text="Give every thread a connection of its own: a Session or a connect() for each, none at "
            "module level"
        ),
        RETRY,
        PRE_PING,
    ),
)
