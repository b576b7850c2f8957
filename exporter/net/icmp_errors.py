"""What routers say of a packet they did not pass on, from the error queue of the socket that sent it."""

import socket
import struct
from dataclasses import dataclass
from typing import Final

SO_TIMESTAMPNS: Final = 35  # Linux, asm-generic/socket.h; like all here that the socket module does not name
MSG_ERRQUEUE: Final = 0x2000
RECVERR: Final = {
    socket.AF_INET: (socket.IPPROTO_IP, 11),
    socket.AF_INET6: (socket.IPPROTO_IPV6, 25),
}
"""Option that keeps ICMP errors in full, and under which they come out."""
VERSIONS: Final = {2: 4, 3: 6}
"""IP version by the origin of an extended error; other origins are this host's."""
STAMP: Final = struct.Struct("=qq")
EXTENDED: Final = struct.Struct("=IBBBxII")
OFFENDERS: Final = {socket.AF_INET: slice(20, 24), socket.AF_INET6: slice(24, 40)}
"""Where the offender's address lies behind an extended error, within its sockaddr."""
QUOTED_BYTES: Final = 64
CONTROL_BYTES: Final = 256
EXPIRED: Final = {4: (11, 0), 6: (3, 0)}
PORT_UNREACHABLE: Final = {4: (3, 3), 6: (1, 4)}
WORDS: Final = {
    (4, 3, 0): "network unreachable",
    (4, 3, 1): "host unreachable",
    (4, 3, 2): "protocol unreachable",
    (4, 3, 3): "port unreachable",
    (4, 3, 9): "network administratively prohibited",
    (4, 3, 10): "host administratively prohibited",
    (4, 3, 13): "communication administratively prohibited",
    (6, 1, 0): "no route to destination",
    (6, 1, 1): "communication administratively prohibited",
    (6, 1, 3): "address unreachable",
    (6, 1, 4): "port unreachable",
    (6, 1, 5): "source address failed policy",
    (6, 1, 6): "route rejected",
}
"""ICMP's types and codes in its own words (RFC 792, 1122, 1812, 4443)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IcmpError:
    """One ICMP error: who sent it, and the kernel's stamp of its arrival in wall-clock seconds, None without.

    `quoted` is what it repeats of our packet behind the transport's header (behind IP's for ICMP); some
    routers repeat nothing.
    """

    offender: str
    version: int
    kind: int
    code: int
    arrived: float | None
    quoted: bytes

    @property
    def expired(self) -> bool:
        """Whether the packet's time was up, and nothing else is wrong."""
        return (self.kind, self.code) == EXPIRED[self.version]

    @property
    def port_unreachable(self) -> bool:
        """Whether the packet arrived, and nobody listens there."""
        return (self.kind, self.code) == PORT_UNREACHABLE[self.version]

    @property
    def words(self) -> str:
        """What is wrong, as the standards call it."""
        return WORDS.get((self.version, self.kind, self.code), f"ICMP type {self.kind} code {self.code}")


def icmp_error(sock: socket.socket) -> IcmpError | None:
    """Take the next error out of the socket's queue; None where there is none, or it is this host's own."""
    try:
        quoted, control, _, _ = sock.recvmsg(QUOTED_BYTES, CONTROL_BYTES, MSG_ERRQUEUE)
    except OSError:
        return None
    data = next(data for level, kind, data in control if (level, kind) == RECVERR[sock.family])
    _, origin, kind, code, _, _ = EXTENDED.unpack_from(data)
    if origin not in VERSIONS:
        return None
    return IcmpError(
        offender=socket.inet_ntop(sock.family, data[OFFENDERS[sock.family]]),
        version=VERSIONS[origin],
        kind=kind,
        code=code,
        arrived=arrival(control),
        quoted=quoted,
    )


def arrival(control: list[tuple[int, int, bytes]]) -> float | None:
    """Find the kernel's stamp among control messages: wall-clock seconds."""
    for level, kind, data in control:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, nanoseconds = STAMP.unpack(data)
            return float(seconds + nanoseconds / 1e9)
    return None
