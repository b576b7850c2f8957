"""ICMP sockets from icmplib, and the packets of an echo."""

import errno
import os
import secrets
import socket
import struct
from typing import Any, Final

from icmplib import ICMPSocketError, ICMPv4Socket, ICMPv6Socket, SocketPermissionError

from exporter.model import Cause, ProbeError
from exporter.net.icmp_errors import RECVERR

HEADER: Final = struct.Struct("!BBHHH")
"""Type, code, checksum, identifier, sequence number."""
REQUEST: Final = {4: 8, 6: 128}
REPLY: Final = {4: 0, 6: 129}
KEY_BYTES: Final = 4
COUNTER: Final = struct.Struct("!I")
LEAST_PAYLOAD: Final = KEY_BYTES + COUNTER.size
"""Bytes by which a reply is known for ours: a random key, and the number of the request."""
FILTERS: Final = {
    4: (255, 1, struct.pack("=I", ~(1 << 0) & 0xFFFFFFFF)),  # SOL_RAW, ICMP_FILTER: all but echo replies
    6: (
        socket.IPPROTO_ICMPV6,
        1,
        b"".join(struct.pack("=I", ~bits & 0xFFFFFFFF) for bits in (0, 0, 0, 0, 2, 0, 0, 0)),
    ),
}
"""What a raw socket, which hears all ICMP of the host, need not hear: bits of types to hold back."""


class IcmpSocket:
    """A non-blocking ICMP socket for IP `version` 4 or 6: unprivileged if the system allows it, else raw.

    `identifier` is what our echoes carry. It is drawn at random, because two hosts behind one address
    translator that count from 1 would meet there.
    """

    def __init__(self, version: int) -> None:
        """Open the socket; raise ProbeError where the system has none for us."""
        try:
            self._icmp = _open(version)
        except ICMPSocketError as error:
            full = os.strerror(errno.EMFILE) in str(error)
            cause = Cause.CLIENT_RESOURCES if full else Cause.CLIENT_LOCAL_NETWORK
            raise ProbeError(cause, f"IPv{version} echo: {error}") from None
        self.version = version
        self.socket: socket.socket = self._icmp.sock
        self.socket.setblocking(False)
        self.raw = bool(self._icmp.is_privileged)
        if self.raw:
            self.socket.setsockopt(*FILTERS[version])
            self.identifier = secrets.randbelow(0xFFFF) + 1
        else:
            self.identifier = self._bind()
        self.socket.setsockopt(*RECVERR[self.socket.family], 1)

    def close(self) -> None:
        """Give the socket back."""
        self._icmp.close()

    def _bind(self) -> int:
        anywhere = "0.0.0.0" if self.version == 4 else "::"  # noqa: S104  an identifier, no service
        for _ in range(100):
            try:
                self.socket.bind((anywhere, secrets.randbelow(0xFFFF) + 1))
                break
            except OSError:
                continue  # somebody else's identifier
        return int(self.socket.getsockname()[1])


class EchoPackets:
    """Makes the echo requests of one socket, `size` bytes of payload each.

    Everything but the number is written once. The kernel fills in checksums, except on raw IPv4 sockets.
    """

    def __init__(self, icmp: IcmpSocket, key: bytes, size: int) -> None:
        header = HEADER.pack(REQUEST[icmp.version], 0, 0, icmp.identifier, 0)
        payload = key + bytes(max(0, size - KEY_BYTES))
        self._packet = bytearray(header + payload)
        self._sums = icmp.raw and icmp.version == 4
        words = struct.unpack(
            f"!{(len(self._packet) + 1) // 2}H", self._packet + bytes(len(self._packet) % 2)
        )
        self._constant = sum(words)

    def numbered(self, number: int) -> bytearray:
        """Give the request with `number`; the buffer is the same each time."""
        packet = self._packet
        sequence = number & 0xFFFF
        struct.pack_into("!H", packet, 6, sequence)
        COUNTER.pack_into(packet, HEADER.size + KEY_BYTES, number & 0xFFFFFFFF)
        if self._sums:
            total = self._constant + sequence + (number >> 16 & 0xFFFF) + sequence
            total = (total >> 16) + (total & 0xFFFF)
            struct.pack_into("!H", packet, 2, ~(total + (total >> 16)) & 0xFFFF)
        return packet


def _open(version: int) -> Any:
    kind = ICMPv4Socket if version == 4 else ICMPv6Socket
    try:
        return kind(privileged=False)
    except SocketPermissionError:
        return kind(privileged=True)


def why_unavailable() -> str:
    """Say what echo needs on this host; empty when it works."""
    try:
        _open(4).close()
    except SocketPermissionError:
        return (
            "no ICMP socket may be opened: let this process's group into sysctl net.ipv4.ping_group_range, "
            "or give the process the capability CAP_NET_RAW"
        )
    except ICMPSocketError as error:
        return f"no ICMP socket can be opened: {error}"
    return ""
