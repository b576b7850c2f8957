"""What ICMP errors say: which router, and why it does not pass a packet on."""

import socket
import struct
from typing import Final

from exporter.model import Cause, ProbeError
from exporter.net.stamps import MSG_ERRQUEUE, ORIGIN_ICMP, ORIGIN_ICMP6

ERROR: Final = struct.Struct("=IBBBxII")
"""A struct sock_extended_err: errno, origin, type, code, info, data; the offender's sockaddr follows."""
RECEIVED: Final = {(socket.IPPROTO_IP, 11), (socket.IPPROTO_IPV6, 25)}
"""IP_RECVERR and IPV6_RECVERR as control messages."""
WORDS: Final = {
    (ORIGIN_ICMP, 3, 0): "network unreachable",
    (ORIGIN_ICMP, 3, 1): "host unreachable",
    (ORIGIN_ICMP, 3, 2): "protocol unreachable",
    (ORIGIN_ICMP, 3, 3): "port unreachable",
    (ORIGIN_ICMP, 3, 4): "packet too big, and it may not be split",
    (ORIGIN_ICMP, 3, 9): "network administratively prohibited",
    (ORIGIN_ICMP, 3, 10): "host administratively prohibited",
    (ORIGIN_ICMP, 3, 13): "communication administratively prohibited",
    (ORIGIN_ICMP, 11, 0): "time to live exceeded",
    (ORIGIN_ICMP6, 1, 0): "no route to destination",
    (ORIGIN_ICMP6, 1, 1): "communication administratively prohibited",
    (ORIGIN_ICMP6, 1, 3): "address unreachable",
    (ORIGIN_ICMP6, 1, 4): "port unreachable",
    (ORIGIN_ICMP6, 1, 5): "source address failed policy",
    (ORIGIN_ICMP6, 1, 6): "route rejected",
    (ORIGIN_ICMP6, 2, 0): "packet too big",
    (ORIGIN_ICMP6, 3, 0): "hop limit exceeded",
}
"""ICMP's types and codes in its own words (RFC 792, 1122, 1812, 4443)."""
ADDRESSES: Final = {socket.AF_INET: slice(4, 8), socket.AF_INET6: slice(8, 24)}
"""Where the address lies in a sockaddr of each family."""


def offender(sockaddr: bytes | bytearray) -> str:
    """Give the address in a sockaddr; empty where there is none."""
    (family,) = struct.unpack_from("=H", sockaddr.ljust(2, b"\0"))
    where = ADDRESSES.get(family)
    return socket.inet_ntop(family, sockaddr[where]) if where else ""


def unreachable(address: str, origin: int, kind: int, code: int, by: str) -> ProbeError:
    """Say that a router (`by`), or the host itself, has refused a packet for `address`."""
    said = WORDS.get((origin, kind, code), f"ICMP type {kind} code {code}")
    return ProbeError(Cause.NET_UNREACHABLE, f"{address}: {by or 'somebody'} says: {said}")


def queued_refusal(sock: socket.socket, address: str) -> ProbeError | None:
    """Take from the error queue what somebody on the way to `address` has said; None for nothing."""
    try:
        _, control, _, _ = sock.recvmsg(1, 256, MSG_ERRQUEUE | socket.MSG_DONTWAIT)
    except OSError:
        return None
    for level, kind, data in control:
        if (level, kind) in RECEIVED and len(data) >= ERROR.size:
            _, origin, icmp, code, _, _ = ERROR.unpack_from(data)
            return unreachable(address, origin, icmp, code, offender(data[ERROR.size :]))
    return None
