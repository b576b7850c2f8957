"""Causes on the way: nothing passes, or somebody says that nothing will."""

from typing import Final

from exporter.diagnosis.catalogue.application import DEADLINES, RETRY
from exporter.diagnosis.catalogue.entry import Entry, Fix, LookAlike, Looks
from exporter.diagnosis.catalogue.net import TICKET
from exporter.diagnosis.catalogue.phrases import CONNECT_TIMES_OUT, SILENT
from exporter.model import Cause, Severity

BLACKHOLE: Final = Entry(
    cause=Cause.NET_BLACKHOLE,
    severity=Severity.CRITICAL,
    title="Nothing comes back",
    summary="Nothing comes back from {target} at {address}: fresh and existing connections and echoes alike",
    bare="Nothing comes back from {target}: fresh and existing connections and echoes alike",
    meaning="Packets vanish without a word, at least in one direction: a line or a router is down, a "
    "route is wrong, a host is off. Connects time out. Existing connections are silent, and recover "
    "without an error if the way heals before their timeout: a driver without one waits for 15 minutes.",
    looks=(*CONNECT_TIMES_OUT, *SILENT),
    look_alikes=(
        LookAlike(
            cause=Cause.MIDDLEBOX_IDLE_TIMEOUT,
            splitter="there a fresh connection works at once",
        ),
        LookAlike(
            cause=Cause.MIDDLEBOX_CONNECT_BLOCKED,
            splitter="there echoes come back, or existing connections go on",
        ),
        LookAlike(
            cause=Cause.CLIENT_LOCAL_NETWORK,
            splitter="there nothing counts as sent: the packets have not left this host",
        ),
        LookAlike(
            cause=Cause.SERVER_UNRESPONSIVE,
            splitter="there the server's kernel acknowledges what is sent",
        ),
    ),
    fixes=(
        *TICKET,
        Fix(
            text="See whether the server's host is up: its console, its provider's page, another host "
            "beside it"
        ),
        *DEADLINES,
        RETRY,
    ),
)

UNREACHABLE: Final = Entry(
    cause=Cause.NET_UNREACHABLE,
    severity=Severity.CRITICAL,
    title="A router says that there is no way",
    summary="{offender} says that {target} cannot be reached",
    bare="A router on the way says that {target} cannot be reached",
    meaning="A router has no route, forbids the traffic, or gets no answer from the server's host on its "
    "last network, and says so by ICMP. Routers send few of these messages: some connects fail at "
    "once, others time out, all for the same reason.",
    looks=(
        Looks(library="psycopg2", text='connection to server at "…", port … failed: No route to host'),
        Looks(library="psycopg2", text="could not receive data from server: No route to host"),
        Looks(library="psycopg 3", text='connection to server at "…", port … failed: No route to host'),
        Looks(
            library="PyMySQL",
            text="(2003, \"Can't connect to MySQL server on '…' ([Errno 113] No route to host)\")",
        ),
    ),
    look_alikes=(
        LookAlike(
            cause=Cause.SERVER_DOWN,
            splitter="there the server's own host refuses, by a reset; here an ICMP message comes, and "
            "it names its sender",
        ),
        LookAlike(
            cause=Cause.CLIENT_LOCAL_NETWORK,
            splitter="there no ICMP message arrives: this host refuses by itself",
        ),
        LookAlike(cause=Cause.NET_BLACKHOLE, splitter="there nobody says anything"),
    ),
    fixes=(
        Fix(
            text="Ask whoever runs {offender} for a route to {address}, or for a rule that lets port "
            "{port} pass",
            otherwise="Find the router that says so, and ask for a route, or a rule that lets the port pass: "
            "tcpdump -ni any 'icmp[icmptype] == icmp-unreach'",
        ),
        Fix(
            text="If the router stands on the server's own network, the server's host is off or has "
            "another address"
        ),
        Fix(text="If the way leads through a VPN, see whether it is up and announces the server's network"),
        *DEADLINES,
    ),
)
