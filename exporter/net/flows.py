"""The kinds of packets that are sent along a path: TCP's first, UDP's, and ICMP's echo."""

import ctypes
import errno
import select
import socket
import struct
from collections.abc import Mapping
from typing import Final

from exporter.model import Hop
from exporter.net.hop_probe import Flow, HopProbe
from exporter.net.icmp_errors import CONTROL_BYTES, UNUSED_PORT, arrival, icmp_error
from exporter.net.knock import knock
from exporter.net.tcp_info import connect_info

TOKEN: Final = struct.Struct("!8sH")
ECHO: Final = struct.Struct("!BBHHHH")
ECHO_REQUESTS: Final = {socket.AF_INET: 8, socket.AF_INET6: 128}
PENDING: Final = (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EPROTO)
"""Errors by which a send can tell of an earlier packet, instead of sending."""
LONGEST_REPLY: Final = 256
NOWHERE: Final = bytes(16)
"""A sockaddr of the family AF_UNSPEC."""
CONNECT: Final = ctypes.CDLL(None).connect
CONNECT.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)


class TcpFlow(Flow):
    """SYNs to the database's own port.

    The server never sees a connection (see `exporter.net.knock`).
    """

    kind = socket.SOCK_STREAM
    protocols = {  # noqa: RUF012  declared as a ClassVar by Flow
        socket.AF_INET: socket.IPPROTO_TCP,
        socket.AF_INET6: socket.IPPROTO_TCP,
    }
    events = select.EPOLLOUT
    patience = 0.95
    """The kernel sends a SYN again after a second; an answer could then belong to either."""

    def _prepare(self, sock: socket.socket) -> None:
        pass

    def _ready(self, sock: socket.socket) -> None:
        disconnect(sock)
        while icmp_error(sock) is not None:
            pass  # said twice: it is not about the next packet

    def _depart(self, sock: socket.socket, serial: int) -> None:  # noqa: ARG002  TCP numbers its packets itself
        knock(sock, self._where)

    def _quotes(self, quoted: bytes, serial: int) -> bool:  # noqa: ARG002  the kernel has compared sequence numbers
        return True

    def _reply(self, probe: HopProbe) -> Hop | None:
        number = probe.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number in (errno.ECONNREFUSED, errno.ECONNRESET):
            return probe.hop(self.address, None, reached=True)  # a reset carries no stamp of its arrival
        seen = connect_info(probe.sock)
        if not seen.established:
            return None
        if seen.rtt is None:
            return Hop(ttl=probe.ttl)  # sent again: nobody knows which of the two was answered
        return probe.hop(self.address, seen.rtt, reached=True)


class UdpFlow(Flow):
    """Datagrams to a port where nobody listens, which is what the target says."""

    kind = socket.SOCK_DGRAM
    protocols = {  # noqa: RUF012  declared as a ClassVar by Flow
        socket.AF_INET: socket.IPPROTO_UDP,
        socket.AF_INET6: socket.IPPROTO_UDP,
    }
    events = select.EPOLLIN
    closed_is_usual = True

    def __init__(self, address: str, port: int) -> None:  # noqa: ARG002  the database's port is TCP's
        """Aim at a numeric address; raise ProbeError if this host cannot."""
        super().__init__(address, UNUSED_PORT)

    def _prepare(self, sock: socket.socket) -> None:
        sock.connect(self._where)

    def _ready(self, sock: socket.socket) -> None:
        pass

    def _depart(self, sock: socket.socket, serial: int) -> None:
        send(sock, TOKEN.pack(b"conndrop", serial))

    def _quotes(self, quoted: bytes, serial: int) -> bool:
        # A router that quotes too little is believed: no other packet of this flow is under way.
        return len(quoted) < TOKEN.size or TOKEN.unpack_from(quoted)[1] == serial

    def _reply(self, probe: HopProbe) -> Hop | None:
        try:
            _, control, _, _ = probe.sock.recvmsg(LONGEST_REPLY, CONTROL_BYTES)
        except OSError:
            return None
        return probe.hop(self.address, probe.rtt(arrival(control)), reached=True)


class IcmpFlow(Flow):
    """Echo requests: one identifier for all, and one checksum, because a second number balances the first."""

    kind = socket.SOCK_DGRAM
    protocols = {  # noqa: RUF012  declared as a ClassVar by Flow
        socket.AF_INET: socket.IPPROTO_ICMP,
        socket.AF_INET6: socket.IPPROTO_ICMPV6,
    }
    events = select.EPOLLIN

    def _prepare(self, sock: socket.socket) -> None:
        sock.connect(self._where)

    def _ready(self, sock: socket.socket) -> None:
        pass

    def _depart(self, sock: socket.socket, serial: int) -> None:
        send(sock, ECHO.pack(ECHO_REQUESTS[self._family], 0, 0, 0, serial, serial ^ 0xFFFF))

    def _quotes(self, quoted: bytes, serial: int) -> bool:
        return len(quoted) < 8 or int.from_bytes(quoted[6:8], "big") == serial

    def _reply(self, probe: HopProbe) -> Hop | None:
        try:
            packet, control, _, _ = probe.sock.recvmsg(LONGEST_REPLY, CONTROL_BYTES)
        except OSError:
            return None
        if not self._quotes(packet, probe.serial):  # the kernel gives us replies only, with our identifier
            return None
        return probe.hop(self.address, probe.rtt(arrival(control)), reached=True)


FLOWS: Final[Mapping[str, type[Flow]]] = {"tcp": TcpFlow, "udp": UdpFlow, "icmp": IcmpFlow}
"""By the word for it in the configuration."""


def send(sock: socket.socket, packet: bytes) -> None:
    """Send on a connected socket; an error that a packet before this one met is not this one's."""
    try:
        sock.send(packet)
    except OSError as error:
        if error.errno not in PENDING:
            raise
        sock.send(packet)


def disconnect(sock: socket.socket) -> None:
    """Let a TCP socket forget its connect, but not its port; the socket module has no word for it."""
    CONNECT(sock.fileno(), NOWHERE, len(NOWHERE))


def why_unavailable(protocol: str) -> str:
    """Say what `protocol` needs on this host; empty when it works."""
    try:
        socket.socket(socket.AF_INET, FLOWS[protocol].kind, FLOWS[protocol].protocols[socket.AF_INET]).close()
    except PermissionError:
        return (
            "no ICMP socket may be opened: let this process's group into sysctl net.ipv4.ping_group_range, "
            "or follow the path by tcp, which needs no permission"
        )
    except OSError as error:
        return f"no {protocol} socket can be opened: {error.strerror}"
    return ""
