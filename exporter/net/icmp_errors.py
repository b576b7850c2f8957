"""What routers say of a packet they did not pass on, from the error queue of the socket that sent it."""

import socket
import struct
from dataclasses import dataclass
from typing import Final

from exporter.model import Cause, ProbeError
from exporter.net.stamps import MSG_ERRQUEUE, SO_TIMESTAMPNS

RECVERR: Final = {
    socket.AF_INET: (socket.IPPROTO_IP, 11),  # Linux, like all here that the socket module does not name
    socket.AF_INET6: (socket.IPPROTO_IPV6, 25),
}
"""Option that keeps ICMP errors in full, and under which they come out."""
ORIGIN_STAMP: Final = 4
VERSIONS: Final = {2: 4, 3: 6}
"""IP version by the origin of an extended error that came as ICMP."""
ADDRESSES: Final = {socket.AF_INET: slice(4, 8), socket.AF_INET6: slice(8, 24)}
"""Where the address lies in a sockaddr."""
STAMP: Final = struct.Struct("=qq")
EXTENDED: Final = struct.Struct("=IBBBxII")
QUOTED_BYTES: Final = 64
CONTROL_BYTES: Final = 256
ADVICE: Final = frozenset({(4, 4), (4, 5), (6, 137)})
"""IP version and type of what comes as errors do, but our packet was passed on: source quench, redirects."""
EXPIRED: Final = {4: (11, 0), 6: (3, 0)}
HOST_UNREACHABLE: Final = {4: (3, 1), 6: (1, 3)}
PORT_UNREACHABLE: Final = {4: (3, 3), 6: (1, 4)}
TOO_BIG: Final = {4: (3, 4), 6: (2, 0)}
UNUSED_PORT: Final = 33434
"""Where traceroute knocks: nobody listens there, so that a host that is reached says so."""
WORDS: Final = {
    (4, 3, 0): "network unreachable",
    (4, 3, 1): "host unreachable",
    (4, 3, 2): "protocol unreachable",
    (4, 3, 3): "port unreachable",
    (4, 3, 4): "packet too big, and it may not be split",
    (4, 3, 9): "network administratively prohibited",
    (4, 3, 10): "host administratively prohibited",
    (4, 3, 13): "communication administratively prohibited",
    (4, 11, 0): "time to live exceeded",
    (6, 1, 0): "no route to destination",
    (6, 1, 1): "communication administratively prohibited",
    (6, 1, 3): "address unreachable",
    (6, 1, 4): "port unreachable",
    (6, 1, 5): "source address failed policy",
    (6, 1, 6): "route rejected",
    (6, 2, 0): "packet too big",
    (6, 3, 0): "hop limit exceeded",
}
"""ICMP's types and codes in its own words (RFC 792, 1122, 1812, 4443)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IcmpError:
    """One ICMP error: who sent it, and the kernel's stamp of its arrival in wall-clock seconds, None without.

    `limit` is the size in bytes that a router would have passed on, where that was the matter, else 0.
    `quoted` is what it repeats of our packet behind the transport's header (behind IP's for ICMP); some
    routers repeat nothing.
    """

    offender: str
    version: int
    kind: int
    code: int
    arrived: float | None = None
    limit: int = 0
    quoted: bytes = b""

    @property
    def expired(self) -> bool:
        """Whether the packet's time was up, and nothing else is wrong."""
        return (self.kind, self.code) == EXPIRED[self.version]

    @property
    def too_big(self) -> bool:
        """Whether the packet was larger than `limit`, and could not be split."""
        return (self.kind, self.code) == TOO_BIG[self.version]

    @property
    def advice(self) -> bool:
        """Whether our packet was passed on all the same."""
        return (self.version, self.kind) in ADVICE

    @property
    def port_unreachable(self) -> bool:
        """Whether the packet arrived, and nobody listens there."""
        return (self.kind, self.code) == PORT_UNREACHABLE[self.version]

    @property
    def host_unreachable(self) -> bool:
        """Whether the last router, or this host itself, has found nobody under the address."""
        return (self.kind, self.code) == HOST_UNREACHABLE[self.version]

    @property
    def words(self) -> str:
        """What is wrong, as the standards call it."""
        return WORDS.get((self.version, self.kind, self.code), f"ICMP type {self.kind} code {self.code}")

    def refusing(self, address: str, cause: Cause = Cause.NET_UNREACHABLE) -> ProbeError:
        """Say that what was sent to `address` has not been passed on."""
        detail = f"{address}: {self.offender or 'somebody'} says: {self.words}"
        return ProbeError(cause, detail, offender=self.offender)


def icmp_error(sock: socket.socket) -> IcmpError | None:
    """Take the next error out of the socket's queue; None where there is none, or it is this host's own."""
    try:
        quoted, control, _, _ = sock.recvmsg(QUOTED_BYTES, CONTROL_BYTES, MSG_ERRQUEUE)
    except OSError:
        return None
    data = next(data for level, kind, data in control if (level, kind) == RECVERR[sock.family])
    _, origin, kind, code, limit, _ = EXTENDED.unpack_from(data)
    if origin not in VERSIONS:
        return None
    error = IcmpError(
        offender=address_in(data[EXTENDED.size :]),
        version=VERSIONS[origin],
        kind=kind,
        code=code,
        arrived=arrival(control),
        limit=limit,
        quoted=quoted,
    )
    return icmp_error(sock) if error.advice else error


def arrival(control: list[tuple[int, int, bytes]]) -> float | None:
    """Find the kernel's stamp among control messages: wall-clock seconds."""
    for level, kind, data in control:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, nanoseconds = STAMP.unpack(data)
            return float(seconds + nanoseconds / 1e9)
    return None


def address_in(sockaddr: bytes | bytearray) -> str:
    """Give the address in a sockaddr; empty where there is none."""
    (family,) = struct.unpack_from("=H", sockaddr)
    where = ADDRESSES.get(family)
    return socket.inet_ntop(family, sockaddr[where]) if where else ""
