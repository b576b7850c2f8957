"""ICMP echo: sockets and packets from icmplib, arrival times from the kernel."""

import errno
import ipaddress
import os
import socket
import struct
import time
from dataclasses import dataclass
from typing import Any, Final

from icmplib import (
    ICMPRequest,
    ICMPSocketError,
    ICMPv4Socket,
    ICMPv6Socket,
    SocketBroadcastError,
    SocketPermissionError,
)

from exporter.model import Cause, ProbeError
from exporter.net.waiting import READABLE, Stop, wait

SO_TIMESTAMPNS: Final = 35  # Linux, asm-generic/socket.h; the socket module does not name it
FILTERS: Final = {
    4: (255, 1, struct.pack("=I", ~(1 << 0) & 0xFFFFFFFF)),  # SOL_RAW, ICMP_FILTER: all but echo replies
    6: (
        socket.IPPROTO_ICMPV6,
        1,
        b"".join(struct.pack("=I", ~bits & 0xFFFFFFFF) for bits in (0, 0, 0, 0, 2, 0, 0, 0)),
    ),
}
"""What a raw socket, which hears all ICMP of the host, need not hear: bits of types to hold back."""
TOKEN_BYTES: Final = 8
HEADER: Final = struct.Struct("!BBHHH")
REPLY_TYPES: Final = {4: 0, 6: 129}
MOST_PACKETS: Final = 1000
"""Packets taken in at once."""
REMEMBERED: Final = 256
"""Requests whose replies are still recognised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """A reply to one of our requests: its sequence number and the round-trip delay in seconds.

    The delay is None where a step of the wall clock made it unknowable.
    """

    sequence: int
    rtt: float | None


def open_icmp(version: int) -> Any:
    """Open an ICMP socket for IP `version` 4 or 6: unprivileged if the system allows it, else raw.

    Raises icmplib's SocketPermissionError when neither is allowed.
    """
    kind = ICMPv4Socket if version == 4 else ICMPv6Socket
    try:
        return kind(privileged=False)
    except SocketPermissionError:
        return kind(privileged=True)


def why_unavailable() -> str:
    """Say what echo needs on this host; empty when it works."""
    try:
        open_icmp(4).close()
    except SocketPermissionError:
        return (
            "no ICMP socket may be opened: let this process's group into sysctl net.ipv4.ping_group_range, "
            "or give the process the capability CAP_NET_RAW"
        )
    except ICMPSocketError as error:
        return f"no ICMP socket can be opened: {error}"
    return ""


class EchoSocket:
    """Sends echo requests to one address and recognises the replies.

    A reply is ours if identifier, source and a random token in the payload agree. Its delay is the
    kernel's arrival stamp less the moment before sending, so a busy interpreter cannot lengthen it.
    """

    def __init__(self, address: str, size: int) -> None:
        """Open a socket towards `address`; raise ProbeError when the system has none for us."""
        self._address = ipaddress.ip_address(address)
        try:
            self._icmp = open_icmp(self._address.version)
        except ICMPSocketError as error:
            full = os.strerror(errno.EMFILE) in str(error)
            cause = Cause.CLIENT_RESOURCES if full else Cause.CLIENT_LOCAL_NETWORK
            raise ProbeError(cause, f"IPv{self._address.version} echo: {error}") from None
        self._socket: socket.socket = self._icmp.sock
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        if self._icmp.is_privileged:
            self._socket.setsockopt(*FILTERS[self._address.version])
        self._token = os.urandom(TOKEN_BYTES)
        self._padding = bytes(max(0, size - TOKEN_BYTES))
        self._identifier = int.from_bytes(os.urandom(2), "big")
        self._sent: dict[int, tuple[float, float]] = {}

    @property
    def address(self) -> str:
        """The address that is asked."""
        return str(self._address)

    def send(self, sequence: int) -> None:
        """Send one request; raise ProbeError when the system refuses to."""
        request = ICMPRequest(
            str(self._address), self._identifier, sequence, payload=self._token + self._padding
        )
        monotonic = time.monotonic()
        try:
            self._icmp.send(request)
        except SocketBroadcastError:
            # icmplib's name for every EPERM; the usual reason is another one.
            detail = f"{self._address}: echo not sent: forbidden here, as by a local firewall"
            raise ProbeError(Cause.CLIENT_LOCAL_NETWORK, detail) from None
        except ICMPSocketError as error:
            raise ProbeError(Cause.CLIENT_LOCAL_NETWORK, f"{self._address}: echo not sent: {error}") from None
        # In unprivileged mode the kernel puts in an identifier of its own.
        self._identifier = request.id
        self._sent[sequence] = (request.time, monotonic)
        if len(self._sent) > REMEMBERED:
            del self._sent[next(iter(self._sent))]  # the oldest

    def wait(self, seconds: float, stop: Stop) -> bool:
        """Wait for any packet; tell whether one came."""
        return wait(self._socket.fileno(), READABLE, seconds, stop)

    def replies(self) -> list[Echo]:
        """Take in what has arrived and return the replies to our requests among it."""
        found = []
        for _ in range(MOST_PACKETS):
            try:
                packet, ancillary, _, source = self._socket.recvmsg(2048, 64)
            except OSError:
                break  # nothing more; or a queued ICMP error, which says nothing of an echo of ours
            echo = self._recognise(packet, str(source[0]), ancillary)
            if echo is not None:
                found.append(echo)
        return found

    def close(self) -> None:
        """Give the socket back."""
        self._icmp.close()

    def _recognise(self, packet: bytes, source: str, ancillary: list[tuple[int, int, bytes]]) -> Echo | None:
        if self._icmp.is_privileged and self._address.version == 4 and packet:
            packet = packet[(packet[0] & 0x0F) * 4 :]  # a raw IPv4 socket delivers the IP header, too
        if len(packet) < HEADER.size + TOKEN_BYTES:
            return None
        kind, _, _, identifier, sequence = HEADER.unpack_from(packet)
        ours = (
            kind == REPLY_TYPES[self._address.version]
            and identifier == self._identifier
            and source.partition("%")[0] == str(self._address).partition("%")[0]
            and packet[HEADER.size : HEADER.size + TOKEN_BYTES] == self._token
        )
        if not ours or sequence not in self._sent:
            return None
        return Echo(sequence=sequence, rtt=self._delay(sequence, ancillary))

    def _delay(self, sequence: int, ancillary: list[tuple[int, int, bytes]]) -> float | None:
        sent_at, sent_monotonic = self._sent[sequence]
        stamp = next((data for _, kind, data in ancillary if kind == SO_TIMESTAMPNS), b"")
        if len(stamp) != 16:
            return None
        seconds, nanoseconds = struct.unpack("qq", stamp)
        rtt: float = seconds - sent_at + nanoseconds / 1e9
        # Both stamps are wall clock; the monotonic clock tells whether it has stepped between them.
        return rtt if 0 <= rtt <= time.monotonic() - sent_monotonic + 0.001 else None
