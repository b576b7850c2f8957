"""What the kernel knows of a TCP connection (Linux `struct tcp_info`)."""

import contextlib
import socket
import struct
from dataclasses import dataclass

_LAYOUT = struct.Struct("=8B24I4Q")


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpInfo:
    """The fields that tell a silent path from a silent server.

    `unacked` counts segments sent and not yet acknowledged, `retransmits` the retries of the oldest of
    them, `bytes_received` all payload that arrived.
    """

    unacked: int
    retransmits: int
    bytes_received: int


def tcp_info(descriptor: int) -> TcpInfo | None:
    """Read TCP_INFO of a socket by its descriptor; None where it is not a TCP socket or not Linux."""
    with contextlib.suppress(OSError, struct.error, AttributeError):
        # A duplicate, because closing the socket object must not close the caller's descriptor.
        with socket.fromfd(descriptor, socket.AF_INET, socket.SOCK_STREAM) as sock:
            raw = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LAYOUT.size)
        fields = _LAYOUT.unpack(raw)
        return TcpInfo(unacked=fields[12], retransmits=fields[2], bytes_received=fields[35])
    return None
