"""Causes on the way: packets that are lost, late or damaged."""

from typing import Final

from exporter.diagnosis.catalogue.application import DEADLINES
from exporter.diagnosis.catalogue.entry import Entry, Fix, LookAlike
from exporter.diagnosis.catalogue.phrases import CONNECT_TIMES_OUT, SILENT
from exporter.model import Cause, Severity

TICKET: Final = (
    Fix(
        text="Tell whoever runs hop {hop}, {hop_address}: it starts there",
        otherwise="Find the first hop from which it goes on to the end, and tell whoever runs it",
    ),
    Fix(text="That hop belongs to {network}: open a ticket there"),
    Fix(
        text="Add a report of the way, over TCP to the database's own port",
        copy=("mtr --tcp --port {port} --report-wide --report-cycles 100 {host}",),
        otherwise="Add a report of the way, over TCP to the database's own port: mtr --tcp --port PORT "
        "--report-wide --report-cycles 100 HOST",
    ),
)

LOSS: Final = Entry(
    cause=Cause.NET_LOSS,
    severity=Severity.WARNING,
    title="Packets get lost on the way",
    summary="{loss} % of the packets to {target} and back get lost",
    bare="Packets to {target} and back get lost",
    meaning="A part of the packets does not arrive, whatever they carry. TCP sends them again: queries "
    "are held up for 0.2 s and more, connects for 1, 2 or 3 s. There are no errors up to a fifth of "
    "loss; from then on connects time out. Loss at a hop in between counts only where it goes on to "
    "the last one.",
    looks=(*CONNECT_TIMES_OUT,),
    look_alikes=(
        LookAlike(
            cause=Cause.MIDDLEBOX_CONNECT_LIMITED,
            splitter="there SYNs alone get lost; echoes and existing connections are clean",
        ),
        LookAlike(cause=Cause.NET_LATENCY, splitter="there nothing is sent again; all of it is late alike"),
        LookAlike(
            cause=Cause.NET_MTU_BLACKHOLE, splitter="there large packets get lost, and small ones never"
        ),
        LookAlike(cause=Cause.NET_CORRUPTION, splitter="there this host's checksum errors rise, too"),
    ),
    fixes=(
        *TICKET,
        Fix(
            text="Look for errors at this host's own end",
            copy=("ip -s link", "ethtool -S INTERFACE", "nstat -az TcpRetransSegs TcpInCsumErrors"),
        ),
        Fix(text="Leave the pool as it is: no setting of it helps against loss"),
        *DEADLINES,
    ),
)

LATENCY: Final = Entry(
    cause=Cause.NET_LATENCY,
    severity=Severity.WARNING,
    title="The way has become slower",
    summary="A round trip to {target} takes {delay} ms instead of {usual_delay} ms",
    bare="A round trip to {target} takes longer than it used to",
    meaning="Packets arrive, but late: over another path, or behind a queue that somebody else fills, "
    "such as a backup. A query takes one round trip, a login some four. Nothing is lost, and nothing "
    "is sent again.",
    looks=(),
    look_alikes=(
        LookAlike(
            cause=Cause.SERVER_SLOW_QUERY,
            splitter="there the kernel's round-trip time is as ever, and queries alone take longer",
        ),
        LookAlike(
            cause=Cause.NET_LOSS, splitter="there packets are sent again, and some answers come as ever"
        ),
        LookAlike(cause=Cause.DNS_SLOW, splitter="there the time goes before the connect"),
    ),
    fixes=(
        *TICKET,
        Fix(
            text="Look for what fills the line at that time: backups, dumps, replication; move or throttle it"
        ),
        Fix(
            text="On a Linux router that is the bottleneck, keep the queue short",
            copy=("tc qdisc replace dev INTERFACE root fq_codel",),
        ),
        Fix(text="Ask fewer questions one after the other: statements in batches, joins instead of loops"),
    ),
)

CORRUPTION: Final = Entry(
    cause=Cause.NET_CORRUPTION,
    severity=Severity.WARNING,
    title="Packets are damaged on the way",
    summary="Packets from {target} arrive damaged: their checksums are wrong",
    meaning="Bits change on the way, and the kernel throws the packet away. It looks like loss, with one "
    "difference: this host counts checksum errors. Cards, drivers, virtual switches and offloading do that, "
    "seldom a line.",
    looks=(*SILENT,),
    look_alikes=(
        LookAlike(cause=Cause.NET_LOSS, splitter="there no checksum error is counted"),
        LookAlike(
            cause=Cause.CLIENT_CONNECTION_MISUSE,
            splitter="there TLS fails on one connection, with clean checksums",
        ),
    ),
    fixes=(
        Fix(
            text="See whether the counters rise, and at which interface",
            copy=("nstat -az TcpInCsumErrors IcmpInCsumErrors UdpInCsumErrors", "ethtool -S INTERFACE"),
        ),
        Fix(
            text="Try without offloading; if that heals it, it is the driver or the virtual switch",
            copy=("ethtool -K INTERFACE rx off tx off gro off gso off tso off",),
        ),
        Fix(text="Replace the driver, the card or the cable; move a virtual machine to another host"),
        Fix(text="Use TLS: what a checksum misses, TLS does not"),
    ),
)

MTU_BLACKHOLE: Final = Entry(
    cause=Cause.NET_MTU_BLACKHOLE,
    severity=Severity.CRITICAL,
    title="Large packets vanish",
    summary="Packets of more than {mtu} bytes to or from {target} vanish, and nobody says so",
    bare="Large packets to or from {target} vanish, and nobody says so",
    meaning="Somewhere on the way packets must be smaller, as in a tunnel or a VPN, and the ICMP message "
    "that would say so is filtered. Small things work: the login, SELECT 1, an echo. A large result or "
    "statement hangs, and so does a TLS handshake, because a certificate is large.",
    looks=(*CONNECT_TIMES_OUT, *SILENT),
    look_alikes=(
        LookAlike(
            cause=Cause.SERVER_SLOW_QUERY,
            splitter="there a small query on the same table waits, too; here size alone decides",
        ),
        LookAlike(
            cause=Cause.TLS_HANDSHAKE,
            splitter="there a large answer over plain TCP passes",
        ),
        LookAlike(cause=Cause.NET_BLACKHOLE, splitter="there small packets vanish as well"),
    ),
    fixes=(
        Fix(
            text="On the router before the narrow part, make both ends send smaller segments",
            copy=("nft add rule inet filter forward tcp flags syn tcp option maxseg size set {mss}",),
            otherwise="On the router before the narrow part, make both ends send smaller segments: nft "
            "add rule inet filter forward tcp flags syn tcp option maxseg size set rt mtu",
        ),
        Fix(
            text="Let ICMP pass that says a packet is too big: type 3 code 4, and ICMPv6 type 2",
            copy=(
                "nft add rule inet filter forward icmp type destination-unreachable accept",
                "nft add rule inet filter forward icmpv6 type packet-too-big accept",
            ),
        ),
        Fix(
            text="On this host and on the server, let TCP find out which size passes; it helps what a host "
            "sends itself",
            copy=("sysctl -w net.ipv4.tcp_mtu_probing=1",),
        ),
        Fix(
            text="Or set the size of the interface, on this host and on the server",
            copy=("ip link set dev INTERFACE mtu {mtu}",),
            otherwise="Or set the size of the interface, on this host and on the server, to what passes: "
            "ip link set dev INTERFACE mtu 1280",
        ),
    ),
)
