"""Causes in firewalls, NAT and load balancers that keep account of connections."""

from typing import Final

from exporter.diagnosis.catalogue.application import DEADLINE_MYSQL, KEEPALIVES, PRE_PING, RECYCLE, RETRY
from exporter.diagnosis.catalogue.entry import Entry, Fix, LookAlike
from exporter.diagnosis.catalogue.phrases import (
    CONNECT_REFUSED,
    CONNECT_TIMES_OUT,
    RESET_ON_USE,
    RESET_WHILE_SILENT,
    SILENT,
)
from exporter.model import Cause, Severity

IDLE_TIMEOUT: Final = Entry(
    cause=Cause.MIDDLEBOX_IDLE_TIMEOUT,
    severity=Severity.WARNING,
    title="Idle connections are forgotten on the way",
    summary="Connections to {target} that are silent for more than {survived} to {killed} s are "
    "forgotten by a device on the way; the next query on them fails or is never answered",
    bare="Connections to {target} that are silent for long are forgotten by a device on the way; the "
    "next query on them fails or is never answered",
    meaning="A firewall, NAT or load balancer keeps an entry for each connection, and drops it when "
    "nothing has passed for a while. Some say nothing (Azure, GCP, most firewalls): the next query is "
    "sent again and again until a timeout, and the server keeps the session. Some answer the next "
    "packet with a reset (AWS NLB and NAT gateway, 350 s). Some reset both ends when the time is over "
    "(Azure with TCP reset).",
    looks=(*SILENT, *RESET_ON_USE, *RESET_WHILE_SILENT),
    look_alikes=(
        LookAlike(
            cause=Cause.SERVER_IDLE_TIMEOUT,
            splitter="that one strikes in spite of keepalives, and not a session whose own timeout is "
            "switched off",
        ),
        LookAlike(
            cause=Cause.PROXY_IDLE_TIMEOUT,
            splitter="a proxy closes in spite of keepalives; here they help",
        ),
        LookAlike(
            cause=Cause.MIDDLEBOX_STATE_LOST,
            splitter="there connections in use die as well, all at one moment",
        ),
        LookAlike(cause=Cause.NET_BLACKHOLE, splitter="there a fresh connection fails, too"),
    ),
    fixes=(
        RECYCLE,
        *KEEPALIVES,
        Fix(
            text="Let the server send keepalives, too: they hold the entry, and clear away what has been "
            "forgotten",
            copy=("ALTER SYSTEM SET tcp_keepalives_idle = {keepalive_idle};", "SELECT pg_reload_conf();"),
            otherwise="Let the server send keepalives, too: they hold the entry, and clear away what has "
            "been forgotten: ALTER SYSTEM SET tcp_keepalives_idle = 60; SELECT pg_reload_conf();",
            family="postgresql",
        ),
        Fix(
            text="Let the server's host send keepalives sooner than after two hours; MariaDB has no "
            "setting of its own",
            copy=("sysctl -w net.ipv4.tcp_keepalive_time={keepalive_idle}",),
            otherwise="Let the server's host send keepalives sooner than after two hours; MariaDB has no "
            "setting of its own: sysctl -w net.ipv4.tcp_keepalive_time=60",
            family="mysql",
        ),
        Fix(
            text="Raise the timeout where the device is yours: AWS NLB tcp.idle_timeout.seconds (60 to "
            "6000), Azure load balancer and NAT gateway idle timeout (with TCP reset), GCP Cloud NAT "
            "--tcp-established-idle-timeout, Linux as below",
            copy=("sysctl -w net.netfilter.nf_conntrack_tcp_timeout_established=86400",),
        ),
        DEADLINE_MYSQL,
    ),
)

STATE_LOST: Final = Entry(
    cause=Cause.MIDDLEBOX_STATE_LOST,
    severity=Severity.WARNING,
    title="A device on the way has forgotten all connections",
    summary="A device on the way to {target} has forgotten the connections that it knew, busy ones included",
    meaning="A firewall or NAT was restarted, failed over without its table, or had it flushed. What "
    "passes for an existing connection belongs to none that it knows, and is dropped. Fresh "
    "connections work at once. The server has noticed nothing, and goes on listing the sessions.",
    looks=(*SILENT, *RESET_ON_USE),
    look_alikes=(
        LookAlike(
            cause=Cause.MIDDLEBOX_IDLE_TIMEOUT,
            splitter="that one spares connections in use or recently used",
        ),
        LookAlike(cause=Cause.NET_BLACKHOLE, splitter="there fresh connections fail as well"),
        LookAlike(
            cause=Cause.SERVER_RESTART,
            splitter="there the server has a new start time and lists none of the old sessions",
        ),
    ),
    fixes=(
        Fix(text="Let the application begin anew with fresh connections", copy=("engine.dispose()",)),
        Fix(
            text="Ask whoever runs the firewall for a restart or failover at that time, and for state "
            "synchronisation"
        ),
        Fix(
            text="On a Linux firewall, let it take up connections that it does not know, and keep the "
            "table of a pair alike with conntrackd",
            copy=("sysctl -w net.netfilter.nf_conntrack_tcp_loose=1",),
        ),
        *KEEPALIVES,
        DEADLINE_MYSQL,
        PRE_PING,
        RETRY,
    ),
)

LIFETIME_LIMIT: Final = Entry(
    cause=Cause.MIDDLEBOX_LIFETIME_LIMIT,
    severity=Severity.WARNING,
    title="Connections end at a certain age",
    summary="Connections to {target} end when they are {age} s old, in use or not",
    bare="Connections to {target} end at a certain age, in use or not",
    meaning="A firewall, proxy or policy ends each connection after a fixed time, counted from its "
    "beginning. Queries that run at that moment fail. Keepalives do not help.",
    looks=(*RESET_ON_USE, *SILENT),
    look_alikes=(
        LookAlike(
            cause=Cause.MIDDLEBOX_IDLE_TIMEOUT,
            splitter="that one counts from the last packet; a connection in use lives on",
        ),
        LookAlike(
            cause=Cause.SERVER_SESSION_KILLED,
            splitter="there connections of different ages end at one moment",
        ),
    ),
    fixes=(
        Fix(
            text="Let the pool replace connections before that age",
            copy=("create_engine(url, pool_recycle={pool_recycle}, pool_pre_ping=True)",),
            otherwise="Let the pool replace connections before that age: create_engine(url, pool_recycle=…, "
            "pool_pre_ping=True), with four fifths of it",
        ),
        Fix(text="Ask whoever runs the firewall or proxy for an exception for the database's port"),
        RETRY,
    ),
)

CONNECT_BLOCKED: Final = Entry(
    cause=Cause.MIDDLEBOX_CONNECT_BLOCKED,
    severity=Severity.CRITICAL,
    title="A firewall lets no fresh connection pass",
    summary="Fresh connections to port {port} of {target} are blocked on the way; the host itself can be "
    "reached",
    bare="Fresh connections to {target} are blocked on the way; the host itself can be reached",
    meaning="A rule of a firewall, security group or allow-list does not match these connections, often "
    "since our address towards the outside has changed. Echoes come back and existing connections go "
    "on, but a SYN to the database's port is dropped, or answered by a reset or an ICMP message.",
    looks=(*CONNECT_TIMES_OUT, *CONNECT_REFUSED),
    look_alikes=(
        LookAlike(
            cause=Cause.NET_BLACKHOLE, splitter="there echoes and existing connections get no answer either"
        ),
        LookAlike(
            cause=Cause.AUTH_NOT_ALLOWED,
            splitter="there the connect works, and the database itself refuses, with a text",
        ),
        LookAlike(
            cause=Cause.SERVER_DOWN,
            splitter="there existing connections have ended, too, and the refusal comes from the "
            "server's host",
        ),
        LookAlike(
            cause=Cause.SERVER_SATURATED,
            splitter="there the first connects of a burst pass, and the server counts ListenDrops",
        ),
    ),
    fixes=(
        Fix(
            text="Allow port {port} from {our_address} in every list on the way: cloud firewall, "
            "security group, network ACL, the server's own nftables",
            otherwise="Allow the database's port from our address in every list on the way: cloud "
            "firewall, security group, network ACL, the server's own nftables",
        ),
        Fix(
            text="See whether our address towards the outside is still the one that those lists know",
            copy=("curl -s https://checkip.amazonaws.com",),
        ),
        Fix(
            text="Find the hop that swallows it: the way of a SYN ends before that of an echo",
            copy=("traceroute -T -p {port} {host}", "traceroute -I {host}"),
            otherwise="Find the hop that swallows it: compare traceroute -T -p PORT HOST with traceroute "
            "-I HOST",
        ),
        Fix(text="Give outbound traffic a fixed address (NAT gateway, Elastic IP), so that lists stay right"),
    ),
)

CONNECT_LIMITED: Final = Entry(
    cause=Cause.MIDDLEBOX_CONNECT_LIMITED,
    severity=Severity.WARNING,
    title="Some fresh connections are held back",
    summary="Some fresh connections to {target} get through only when their SYN is sent again, or not at "
    "all; existing ones are well",
    meaning="A firewall or load balancer lets through so many connects a second, or so many at once, and "
    "drops the rest; a NAT has run out of ports, or a connection table is full. Connects take 1, 2 or "
    "3 s more, since that is when a SYN is sent again. Everything but SYNs passes as ever.",
    looks=(*CONNECT_TIMES_OUT,),
    look_alikes=(
        LookAlike(
            cause=Cause.NET_LOSS, splitter="there echoes and existing connections lose packets as well"
        ),
        LookAlike(
            cause=Cause.SERVER_SATURATED,
            splitter="there the server says so with a code, or counts ListenOverflows",
        ),
        LookAlike(
            cause=Cause.MIDDLEBOX_CONNECT_BLOCKED, splitter="there none gets through, however few they are"
        ),
    ),
    fixes=(
        Fix(
            text="Open fewer: keep connections in a pool, and start workers one after the other",
            copy=("create_engine(url, pool_size=5, max_overflow=5)",),
        ),
        Fix(
            text="Look for a limit on the way: a client connection throttle (Linode NodeBalancer), nft "
            "limit rate or ct count, iptables connlimit or hashlimit"
        ),
        Fix(
            text="On Linux firewalls and NATs, see whether the table is full, and make it larger",
            copy=(
                "sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max",
                "sysctl -w net.netfilter.nf_conntrack_max=262144",
            ),
        ),
        Fix(
            text="At a NAT in a cloud, watch for ports that run out (AWS ErrorPortAllocation, Azure SNAT "
            "connection count, GCP dropped_sent_packets_count) and give it more addresses"
        ),
    ),
)
