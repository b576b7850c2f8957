"""What the kernel counts for all of this host's network, and how many files this process may still open."""

import contextlib
import resource
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CHECKSUMS: Final = (
    "TcpInCsumErrors",
    "UdpInCsumErrors",
    "IcmpInCsumErrors",
    "Udp6InCsumErrors",
    "Icmp6InCsumErrors",
)
"""Counters of packets that came damaged; TCP's is for both IP versions."""
UNSENT: Final = "TcpExtTCPRetransFail"
NETWORK: Final = Path("/proc/thread-self/net")
"""Of the network that the asking thread is in."""
FILES: Final = Path("/proc/self/fd")
STATUS: Final = Path("/proc/self/status")


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCounters:
    """Counts since the host was started; None where the kernel does not tell.

    `checksum_errors` are packets that came damaged, `unsent` segments that were to be sent again and could
    not leave: something on this host has refused them.
    """

    checksum_errors: int | None = None
    unsent: int | None = None


def counted(snmp: str, snmp6: str, netstat: str) -> HostCounters:
    """Read the kernel's tables (proc(5)), as far as they are there and can be understood."""
    counts = {**_paired(snmp), **_listed(snmp6), **_paired(netstat)}
    errors = [counts[name] for name in CHECKSUMS if name in counts]
    return HostCounters(checksum_errors=sum(errors) if errors else None, unsent=counts.get(UNSENT))


def host_counters(network: Path = NETWORK) -> HostCounters:
    """Ask the kernel now."""
    return counted(*(_text(network / name) for name in ("snmp", "snmp6", "netstat")))


def descriptors_left() -> int | None:
    """Tell how many files this process may still open, at least; None where the kernel does not tell.

    Linux 6.2 and later give the number of open files as the size of their directory. Before, the room that
    the kernel keeps for them tells at least how many there cannot be; only where that may be too little are
    they counted one by one.
    """
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        used = FILES.stat().st_size
        if not used:
            used = room if (room := _room()) <= most / 2 else sum(1 for _ in FILES.iterdir())
        return max(0, most - used)
    return None


def _room() -> int:
    """Read for how many open files the kernel has made room: never fewer than there are."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("FDSize:"))
    return int(line.split()[1])


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _paired(table: str) -> Mapping[str, int]:
    """Read a table of pairs of lines: names behind a prefix, then the numbers behind the same."""
    lines = table.splitlines()
    counts: dict[str, int] = {}
    for names, numbers in zip(lines[::2], lines[1::2], strict=False):
        prefix, *titles = names.split()
        for title, number in zip(titles, numbers.split()[1:], strict=False):
            with contextlib.suppress(ValueError):
                counts[prefix.removesuffix(":") + title] = int(number)
    return counts


def _listed(table: str) -> Mapping[str, int]:
    """Read a table with one name and its number in each line."""
    rows = (line.split() for line in table.splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}
