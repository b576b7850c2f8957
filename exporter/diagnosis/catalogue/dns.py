"""Causes in the resolution of names."""

from typing import Final

from exporter.diagnosis.catalogue.entry import Entry, Fix, LookAlike, Looks
from exporter.diagnosis.catalogue.phrases import CONNECT_TIMES_OUT
from exporter.model import Cause, Severity

ASK: Final = Fix(
    text="Ask the name server yourself",
    copy=("dig @{resolver} {host} A +tries=1", "dig @{resolver} {host} AAAA +tries=1"),
    otherwise="Ask each name server of /etc/resolv.conf yourself: dig @SERVER NAME A +tries=1",
)
SHORT_WAIT: Final = Fix(
    text="Let the resolver give up a dead name server sooner, in /etc/resolv.conf (5 s, twice, by default)",
    copy=("options timeout:1 attempts:2",),
)
CACHE: Final = Fix(
    text="Let a cache on this host answer: systemd-resolved, dnsmasq, nscd or unbound; in Kubernetes "
    "NodeLocal DNSCache"
)

FAILURE: Final = Entry(
    cause=Cause.DNS_FAILURE,
    severity=Severity.CRITICAL,
    title="The name cannot be resolved",
    summary="The name {host} of {target} cannot be resolved",
    bare="The name of {target} cannot be resolved",
    meaning="No name server gives an address: the name does not exist, a server refuses or has trouble "
    "of its own, or none answers, which takes the resolver 10 s by default. Connections that exist go "
    "on. connect_timeout does not cover the wait.",
    looks=(
        Looks(
            library="psycopg2", text='could not translate host name "…" to address: Name or service not known'
        ),
        Looks(
            library="psycopg2",
            text='could not translate host name "…" to address: Temporary failure in name resolution',
        ),
        Looks(
            library="PyMySQL",
            text="(2003, \"Can't connect to MySQL server on '…' ([Errno -2] Name or service not known)\")",
        ),
        Looks(
            library="PyMySQL",
            text="(2003, \"Can't connect to MySQL server on '…' ([Errno -3] Temporary failure in name "
            'resolution)")',
        ),
    ),
    look_alikes=(
        LookAlike(
            cause=Cause.DNS_SLOW,
            splitter="there an answer comes at last, and the connection works",
        ),
        LookAlike(
            cause=Cause.NET_BLACKHOLE,
            splitter="there the name is resolved, and connects and existing connections get no answer",
        ),
    ),
    fixes=(
        ASK,
        Fix(
            text='"Name or service not known" is the name\'s own fault: look for a typing error, a '
            'deleted record, a search domain; "Temporary failure" is the name server\'s'
        ),
        SHORT_WAIT,
        CACHE,
    ),
)

SLOW: Final = Entry(
    cause=Cause.DNS_SLOW,
    severity=Severity.WARNING,
    title="The name takes long to resolve",
    summary="The name {host} of {target} takes long to resolve",
    bare="The name of {target} takes long to resolve",
    meaning="Every fresh connection begins with a wait for its address; the connect behind it is fast. "
    "Often the first name server of the list is dead, or the question for an IPv6 address gets lost, "
    "which may cost 15 s. Drivers do not count the wait in their connect_timeout.",
    looks=(),
    look_alikes=(
        LookAlike(
            cause=Cause.NET_LATENCY,
            splitter="there the connect and each query take longer, too; here the resolution alone",
        ),
        LookAlike(
            cause=Cause.SERVER_UNRESPONSIVE,
            splitter="a server that looks up our name in vain is late after the connect; here it is "
            "before it",
        ),
    ),
    fixes=(
        ASK,
        SHORT_WAIT,
        Fix(
            text="If only one of the questions for IPv4 and IPv6 is answered, ask one after the other, in "
            "/etc/resolv.conf",
            copy=("options single-request-reopen",),
        ),
        CACHE,
    ),
)

ANSWER_CHANGED: Final = Entry(
    cause=Cause.DNS_ANSWER_CHANGED,
    severity=Severity.WARNING,
    title="The name leads somewhere else",
    summary="The name {host} of {target} leads to {now} instead of {before}",
    bare="The name of {target} leads to another address than before",
    meaning="The record has another address than before, as after a failover or a move, or it changes to "
    "and fro. Fresh connections go to the new address; pooled ones stay with the old host, which may "
    "be read-only by now, or gone.",
    looks=(
        Looks(library="psycopg2", text='connection to server at "…" (…), port … failed: …'),
        Looks(library="psycopg2", text="cannot execute INSERT in a read-only transaction"),
    ),
    look_alikes=(
        LookAlike(
            cause=Cause.FAILOVER_ENDPOINT_CHANGED,
            splitter="there another server answers, whatever the name says: its identity differs",
        ),
        LookAlike(
            cause=Cause.SERVER_DOWN,
            splitter="there the address is still the same, and refuses",
        ),
    ),
    fixes=(
        Fix(
            text="Let pooled connections follow the name: none older than the record's time to live",
            copy=("create_engine(url, pool_recycle=60, pool_pre_ping=True)",),
        ),
        Fix(text="Right after a failover, let go of what the pool has", copy=("engine.dispose()",)),
        Fix(
            text="Ask for the host that takes writes, with several hosts in the URL",
            copy=(
                "postgresql+psycopg2://USER@/DATABASE?host=HOST1:5432&host=HOST2:5432&target_session_attrs=read-write",
            ),
            family="postgresql",
        ),
        Fix(
            text="If it changes to and fro, look for name servers that disagree, and for an old record "
            "among several"
        ),
    ),
)

IPV6_BROKEN: Final = Entry(
    cause=Cause.DNS_IPV6_BROKEN,
    severity=Severity.WARNING,
    title="The name has an IPv6 address that does not work",
    summary="{target} has an IPv6 address ({address}) that does not answer; IPv4 does",
    bare="{target} has an IPv6 address that does not answer; IPv4 does",
    meaning="The name has addresses of both kinds, and drivers try IPv6 first. Nothing answers there, so "
    "each fresh connection waits for a whole connect_timeout before it goes on with IPv4, and for ever "
    "where there is none.",
    looks=(*CONNECT_TIMES_OUT,),
    look_alikes=(
        LookAlike(
            cause=Cause.MIDDLEBOX_CONNECT_BLOCKED,
            splitter="there IPv4 connects fail as well",
        ),
        LookAlike(
            cause=Cause.DNS_SLOW,
            splitter="there the resolution takes the time; here a connect that gets no answer",
        ),
    ),
    fixes=(
        Fix(
            text="Take the AAAA record of {host} away, or make IPv6 work up to the database",
            otherwise="Take the AAAA record away, or make IPv6 work up to the database",
        ),
        Fix(
            text="Until then name the IPv4 address beside the host's name, which TLS goes on to verify",
            copy=("create_engine(url, connect_args=dict(hostaddr='IPV4-ADDRESS', connect_timeout=3))",),
            family="postgresql",
        ),
        Fix(
            text="Until then lose less time on it",
            copy=("create_engine(url, connect_args=dict(connect_timeout=3))",),
            family="mysql",
        ),
        Fix(
            text="Or let this host prefer IPv4, in /etc/gai.conf",
            copy=("precedence ::ffff:0:0/96  100",),
        ),
    ),
)
