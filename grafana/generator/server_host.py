"""The host that a database runs on, as node_exporter tells.

Its series are joined with ours by the host: what node_exporter is scraped as, without the port, has to be
what the target's URL calls the host. Several targets on one host have one series together, named for it.
"""

from typing import Final

from exporter.alerts.compat.node_exporter import DEVICE, FILE_SYSTEM, HOST, WRITABLE
from grafana.generator import words
from grafana.generator.palette import Colour
from grafana.generator.panel import Column, Limits, Lines, Query, Row, Table
from grafana.generator.questions import PER_MINUTE

PLACE: Final = r"\\[?(.*?)]?(:[0-9]+)?"
"""What is scraped, in PromQL's quotes: a name or an address, and a port."""
NEEDS: Final = (
    "It needs node_exporter on the database's host, scraped by a job whose name holds `node` and under the "
    "host's name as in the target's URL."
)


def _placed(expr: str) -> str:
    """Give node_exporter's series the label `host`."""
    return f'label_replace({expr}, "host", "$1", "instance", "{PLACE}")'


def _of_hosts(expr: str) -> str:
    """Leave only the hosts of the targets that are chosen, however many are on one, or look at it."""
    return f"{_placed(expr)} and on (host) conndrop_target_info{{<of>}}"


def _rates(*kinds: str) -> str:
    rates = (f"rate(node_network_{kind}_total{{{DEVICE}}}[$__rate_interval])" for kind in kinds)
    return f"({' + '.join(rates)})"


def _rate(counter: str) -> str:
    return f"rate({counter}{{{HOST}}}[$__rate_interval])"


def _slope(counter: str) -> str:
    """Ask for the rate of a counter that is not called one, which Prometheus 3 would remark upon."""
    return f"(deriv({counter}{{{HOST}}}[$__rate_interval]) >= 0)"


def _lines(
    number: int, title: str, reads: str, limits: Limits, *queries: tuple[str, str, Colour | None]
) -> Lines:
    return Lines(
        number=number,
        title=title,
        reads=reads,
        unit="percentunit",
        width=8,
        limits=limits,
        only=NEEDS,
        queries=tuple(
            Query(expr=_of_hosts(expr), legend=legend, colour=colour) for expr, legend, colour in queries
        ),
    )


HOSTS: Final = Table(
    number=70,
    title="Which target is on which host",
    reads="The hosts of the targets chosen, as their URLs name them, and whether node_exporter is scraped "
    f"there; nothing in the last column is a host that node_exporter is not known of. {NEEDS}",
    unit="short",
    width=8,
    labels={"host": "Host", "target": "Target", "port": "Port", "dialect": "Dialect"},
    sort="Host",
    columns=(
        Column(
            title="Known",
            expr="max by (host, target, port, dialect) (conndrop_target_info{<of>})",
            hidden=True,
        ),
        Column(
            title="node_exporter",
            expr="max by (host, target, port, dialect) (conndrop_target_info{<of>})"
            f" * on (host) group_left () max by (host) ({_placed(f'node_uname_info{{{HOST}}}')})",
            words=words.UP,
            width=120,
        ),
    ),
)
BUSY: Final = _lines(
    71,
    "Processors in use",
    "Share of all processors that work; waiting for disks does not count. A server near 100 % answers late, "
    "and new connections later still.",
    Limits(warning="<host_cpu>"),
    (
        "1 - avg without (cpu) (sum without (mode) "
        f'(rate(node_cpu_seconds_total{{{HOST},mode=~"idle|iowait"}}[$__rate_interval])))',
        "{{host}}",
        None,
    ),
)
MEMORY: Final = _lines(
    72,
    "Memory available",
    "Share of the memory that could be had. Where it ends the kernel kills the largest process, which is the "
    "database.",
    Limits(warning="<host_memory>", falls=True),
    (f"node_memory_MemAvailable_bytes{{{HOST}}} / node_memory_MemTotal_bytes", "{{host}}", None),
)
DISK: Final = _lines(
    73,
    "Disk left",
    "Share of each file system that is free. A database whose disk is full stops taking changes, or stops.",
    Limits(warning="<host_disk>", falls=True),
    (
        f"node_filesystem_avail_bytes{{{FILE_SYSTEM}}} / node_filesystem_size_bytes {WRITABLE}",
        "{{host}} {{mountpoint}}",
        None,
    ),
)
NETWORK: Final = _lines(
    74,
    "Packets in error or dropped",
    "Share of an interface's packets, both ways. It should be 0: a line above is a cable, a driver, or a "
    "queue that is too short, and is lost to the connections of everybody.",
    Limits(warning="<host_packet_errors>"),
    (
        f"{_rates('receive_errs', 'receive_drop', 'transmit_errs', 'transmit_drop')}"
        f" / {_rates('receive_packets', 'transmit_packets')}",
        "{{host}} {{device}}",
        None,
    ),
)
RETRANSMITS: Final = _lines(
    75,
    "TCP segments sent again",
    "Share of the segments that the host had to send again, to anybody: loss on the way from it, seen from "
    "its end.",
    Limits(warning="<host_retransmits>"),
    (f"{_slope('node_netstat_Tcp_RetransSegs')} / {_slope('node_netstat_Tcp_OutSegs')}", "{{host}}", None),
)
TABLE: Final = _lines(
    76,
    "Table of connections (conntrack)",
    "How full the kernel's own table of connections is. Where it is full, packets of new connections are "
    "dropped without a word. A host that tracks no connections has none.",
    Limits(warning="<host_connections>"),
    (f"node_nf_conntrack_entries{{{HOST}}} / node_nf_conntrack_entries_limit", "{{host}}", None),
)
PRESSURE: Final = _lines(
    77,
    "Work that stands still",
    "Share of time in which nothing at all went on for want of memory, or of the disks. Seconds of that are "
    "what clients see as a server that hangs.",
    Limits(warning="<host_pressure>"),
    *(
        (_rate(f"node_pressure_{resource}_stalled_seconds_total"), f"{called} · {{{{host}}}}", colour)
        for resource, called, colour in (("memory", "memory", Colour.ORANGE), ("io", "disks", Colour.BLUE))
    ),
)
OVERFLOWS: Final = Lines(
    number=78,
    title="Connects dropped at a full queue",
    reads="Connects a minute for which a server on that host had no room, because it does not accept them "
    "fast enough. Any is an alert.",
    unit=PER_MINUTE,
    width=8,
    only=NEEDS,
    queries=(
        Query(expr=_of_hosts(f"60 * {_slope('node_netstat_TcpExt_ListenOverflows')}"), legend="{{host}}"),
    ),
)
HOST_ROW: Final = Row(
    number=106,
    title="The host it runs on (node_exporter)",
    panels=(HOSTS, BUSY, MEMORY, DISK, PRESSURE, NETWORK, RETRANSMITS, TABLE, OVERFLOWS),
)
