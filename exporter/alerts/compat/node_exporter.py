"""Alerts on the databases' hosts, on series of node_exporter."""

from typing import Final

from exporter.alerts.rule import Alert, Group, Kind, Level
from exporter.model import Severity

HOST: Final = "job=~<host_job:quoted>"
CPU: Final = Alert(
    name="DatabaseHostCPUHigh",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.WARNING, lasts="15m"),),
    # A processor that waits for a disk is free; what is stolen by other guests is not to be had.
    expr=f"""\
1 - avg without (cpu) (
  sum without (mode) (rate(node_cpu_seconds_total{{{HOST},mode=~"idle|iowait"}}[5m]))
) > <host_cpu>
""",
    summary="The processors of {{ $labels.instance }} are busy",
    evidence="{{ $value | humanizePercentage }} of them have been in use for 15 minutes; more than "
    "<host_cpu:percent> is too much",
    fix='See who uses them, and whether it is the database: top -H; where other guests do, mode="steal" of '
    "node_cpu_seconds_total is high",
)
MEMORY: Final = Alert(
    name="DatabaseHostMemoryLow",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.WARNING, lasts="5m"),),
    expr=f"""\
node_memory_MemAvailable_bytes{{{HOST}}} / node_memory_MemTotal_bytes < <host_memory>
""",
    summary="{{ $labels.instance }} has little memory left",
    evidence="{{ $value | humanizePercentage }} of it is available; less than "
    "<host_memory:percent> is too little",
    fix="See who has it, and whether the kernel has killed anything: "
    "ps -eo pid,rss,args --sort=-rss | head; journalctl -k -g oom",
)
FILE_SYSTEM: Final = f'{HOST},fstype!~"tmpfs|ramfs|squashfs|iso9660|erofs|overlay|fuse.*"'
FILE_SYSTEMS: Final = f"node_filesystem_avail_bytes{{{FILE_SYSTEM}}}"
WHAT_GROWS: Final = (
    "See what grows: du -xh --max-depth=2 {{ $labels.mountpoint }} | sort -h | tail; on a database's host "
    "mostly a log that nobody fetches (pg_replication_slots, SHOW BINARY LOGS)"
)
WRITABLE: Final = "unless node_filesystem_readonly == 1"
DISK: Final = Alert(
    name="DatabaseHostDiskFull",
    kind=Kind.RISK,
    levels=(Level(severity=Severity.WARNING, lasts="5m"),),
    expr=f"""\
{FILE_SYSTEMS} / node_filesystem_size_bytes < <host_disk>
{WRITABLE}
""",
    summary="{{ $labels.mountpoint }} of {{ $labels.instance }} is nearly full",
    evidence="{{ $value | humanizePercentage }} of it is left; less than <host_disk:percent> is too little",
    fix=WHAT_GROWS,
)
DISK_FILLING: Final = Alert(
    name="DatabaseHostDiskFull",
    kind=Kind.RISK,
    levels=(Level(severity=Severity.CRITICAL, lasts="15m"),),
    expr=f"""\
{FILE_SYSTEMS} / node_filesystem_size_bytes
and predict_linear(node_filesystem_avail_bytes[1h], 4 * 3600) < 0
{WRITABLE}
""",
    summary="{{ $labels.mountpoint }} of {{ $labels.instance }} will be full within 4 hours",
    evidence="{{ $value | humanizePercentage }} of it is left, and nothing will be "
    "if it goes on as in the last hour",
    fix=WHAT_GROWS,
)
# Bridges and the ends of containers drop what nobody there wants.
DEVICE: Final = f'{HOST},device!~"lo|veth.*|docker.*|br-.*|virbr.*|cni.*|cali.*|flannel.*|tap.*"'


def _packets(*kinds: str) -> str:
    return "\n  + ".join(f"rate(node_network_{kind}_total{{{DEVICE}}}[5m])" for kind in kinds)


FAULTY: Final = _packets("receive_errs", "receive_drop", "transmit_errs", "transmit_drop")
NETWORK: Final = Alert(
    name="DatabaseHostNetworkErrors",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.WARNING, lasts="10m"),),
    # An interface that hardly anybody uses loses a share by losing one packet.
    expr=f"""\
(
  {FAULTY}
)
/ (
  {_packets("receive_packets", "transmit_packets")}
) > <host_packet_errors>
and (
  {FAULTY}
) > 0.1
""",
    summary="{{ $labels.device }} of {{ $labels.instance }} loses packets",
    evidence="{{ $value | humanizePercentage }} of its packets were in error or dropped; more than "
    "<host_packet_errors:percent> is too much",
    fix="See which counter grows: ip -s -s link show {{ $labels.device }}; ethtool -S {{ $labels.device }}",
)
FULLNESS: Final = (
    f"node_nf_conntrack_entries{{{HOST}}} / node_nf_conntrack_entries_limit > <host_connections>"
)
TABLE: Final = Alert(
    name="DatabaseHostConnectionTableFull",
    kind=Kind.RISK,
    levels=(Level(severity=Severity.WARNING, lasts="5m"),),
    expr=FULLNESS,
    summary="The table of connections of {{ $labels.instance }} is nearly full",
    evidence="{{ $value | humanizePercentage }} of net.netfilter.nf_conntrack_max are in use; more "
    "than <host_connections:percent> is too much",
    fix="Make it larger before new connections are dropped without a word: "
    "sysctl -w net.netfilter.nf_conntrack_max=NUMBER",
)
TABLE_DROPS: Final = Alert(
    name="DatabaseHostConnectionTableFull",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.CRITICAL),),
    expr=f"""\
{FULLNESS}
and increase(node_nf_conntrack_stat_drop[5m]) > 0
""",
    summary="The table of connections of {{ $labels.instance }} is full: packets are dropped",
    evidence="{{ $value | humanizePercentage }} of net.netfilter.nf_conntrack_max are in use, and within "
    "5 minutes packets found no place",
    fix="Make it larger: sysctl -w net.netfilter.nf_conntrack_max=NUMBER; the kernel has said it, too: "
    "journalctl -k -g nf_conntrack",
)
LISTEN: Final = Alert(
    name="DatabaseHostListenOverflows",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.WARNING),),
    expr=f"""\
increase(node_netstat_TcpExt_ListenOverflows{{{HOST}}}[5m]) > 0
""",
    summary="{{ $labels.instance }} drops connects: a server there does not accept them fast enough",
    evidence='{{ $value | printf "%.0f" }} connects found an accept queue full within 5 minutes',
    fix="See whose queue is full, Recv-Q against Send-Q: ss -ltn; raise back_log (MySQL, MariaDB) or "
    "max_connections (PostgreSQL), and net.core.somaxconn",
)
RETRANSMITS: Final = Alert(
    name="DatabaseHostRetransmits",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.WARNING, lasts="10m"),),
    # A host that hardly sends loses a share by losing one segment.
    expr=f"""\
rate(node_netstat_Tcp_RetransSegs{{{HOST}}}[5m]) / rate(node_netstat_Tcp_OutSegs[5m]) > <host_retransmits>
and rate(node_netstat_Tcp_RetransSegs[5m]) > 0.2
""",
    summary="{{ $labels.instance }} has to send much again",
    evidence="{{ $value | humanizePercentage }} of its TCP segments were sent again; more than "
    "<host_retransmits:percent> is too much",
    fix="See to whom, by the figures after retrans: ss -tin state established",
)


def _pressure(resource: str, what: str, fix: str) -> Alert:
    return Alert(
        name="DatabaseHostPressure",
        kind=Kind.SYMPTOM,
        levels=(Level(severity=Severity.WARNING, lasts="5m"),),
        # Stalled is when nothing at all goes on; that somebody waits is how a disk is used.
        expr=f"rate(node_pressure_{resource}_stalled_seconds_total{{{HOST}}}[5m]) > <host_pressure>",
        summary=f"Work on {{{{ $labels.instance }}}} stands still for want of {what}",
        evidence="in {{ $value | humanizePercentage }} of the time nothing went on; more than "
        "<host_pressure:percent> is too much",
        fix=fix,
        labels={"resource": resource},
    )


PRESSURES: Final = (
    _pressure(
        "memory",
        "memory",
        "See who has it, and whether there is swapping: ps -eo pid,rss,args --sort=-rss | head; vmstat 1 5",
    ),
    _pressure("io", "its disks", "See which disk is busy and who keeps it so: iostat -x 1 5; pidstat -d 1 5"),
)
NODE_EXPORTER: Final = (
    Group(
        name="conndrop-compat-node",
        rules=(
            CPU,
            MEMORY,
            DISK,
            DISK_FILLING,
            NETWORK,
            TABLE,
            TABLE_DROPS,
            LISTEN,
            RETRANSMITS,
            *PRESSURES,
        ),
    ),
)
