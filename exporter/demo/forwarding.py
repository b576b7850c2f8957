"""What a middlebox does with a packet: pass it on under other addresses, answer it, or swallow it.

Client and server share one address of one kernel. Only packets that seem to go to somebody else leave it:
the client speaks to SERVER, the server to CLIENT, and here each is put in the other's place.
"""

import struct
from ipaddress import IPv4Address
from typing import Final

from exporter.demo.flows import Flows

NETWORK: Final = "10.54.0.0/24"
HOST: Final = IPv4Address("10.54.0.1")
"""Where both really are."""
SERVER: Final = IPv4Address("10.54.0.2")
"""The server, as the client sees it."""
CLIENT: Final = IPv4Address("10.54.0.3")
"""The client, as the server sees it."""
ROUTER: Final = IPv4Address("10.54.0.254")
"""The middlebox, as a hop on the path."""
_TRANSLATED: Final = {
    SERVER.packed: (CLIENT.packed, HOST.packed),
    CLIENT.packed: (SERVER.packed, HOST.packed),
}
"""Source and destination that a packet gets, by the destination that it had."""

ICMP: Final = 1
TCP: Final = 6
CHECKSUM_AT: Final = 16
"""Where a TCP header has its checksum."""
SYN, RST, ACK = 0x02, 0x04, 0x10
ECHOES: Final = (0, 8)
TIME_EXCEEDED: Final = 11
QUOTED: Final = 28
"""Bytes that an ICMP error quotes: an IP header without options, and what tells ports or identifiers."""


class Forwarding:
    """Passes on packets of the connections in `flows`."""

    def __init__(self, flows: Flows) -> None:
        self._flows = flows

    def forward(self, packet: bytes) -> bytes | None:
        """Give the packet to be sent for one that came; None where it is swallowed without a word."""
        if len(packet) < QUOTED or packet[0] != 0x45 or packet[16:20] not in _TRANSLATED:
            return None
        if packet[8] <= 1:
            return _time_exceeded(packet)
        protocol, fragment = packet[9], int.from_bytes(packet[6:8]) & 0x1FFF
        if protocol == ICMP and (fragment or packet[20] in ECHOES):
            return _translated(packet)
        if protocol == TCP and not fragment and len(packet) >= 40 and self._passes(packet):
            return _translated(packet)
        return None

    def _passes(self, packet: bytes) -> bool:
        """Tell whether a segment may pass; a SYN begins a connection, a reset ends one."""
        outward = packet[16:20] == SERVER.packed
        ports, flags = (packet[20:22], packet[22:24]), packet[33]
        flow = ports if outward else (ports[1], ports[0])
        if outward and flags & (SYN | ACK) == SYN:
            return self._flows.admit(flow)
        passes = self._flows.known(flow)
        if passes and flags & RST:
            self._flows.end(flow)
        return passes


def _translated(packet: bytes) -> bytes:
    """Put other addresses into a packet, and the checksums that are right for them."""
    made = bytearray(packet)
    made[8] -= 1
    made[12:16], made[16:20] = _TRANSLATED[packet[16:20]]
    _adjust(made, 10, packet[8:10] + packet[12:20], made[8:10] + made[12:20])
    if packet[9] == TCP:
        _adjust(made, 20 + CHECKSUM_AT, packet[12:20], made[12:20])
    return bytes(made)


def _adjust(packet: bytearray, at: int, before: bytes, after: bytearray) -> None:
    """Have a checksum tell of words that have changed (RFC 1624)."""
    old = int.from_bytes(packet[at : at + 2])
    words = f"!{len(before) // 2}H"
    change = sum(struct.unpack(words, after)) - sum(struct.unpack(words, before))
    packet[at : at + 2] = _folded((~old & 0xFFFF) + change % 0xFFFF).to_bytes(2)


def _folded(total: int) -> int:
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _checksum(data: bytes) -> int:
    return _folded(sum(struct.unpack(f"!{len(data) // 2}H", data)))


def _time_exceeded(packet: bytes) -> bytes | None:
    """Say what a router says of a packet whose time is up; never of an ICMP error."""
    if packet[9] == ICMP and packet[20] not in ECHOES:
        return None
    body = struct.pack("!BBHI", TIME_EXCEEDED, 0, 0, 0) + packet[:QUOTED]
    body = body[:2] + _checksum(body).to_bytes(2) + body[4:]
    ends = ROUTER.packed + packet[12:16]
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, ICMP, 0) + ends
    return head[:10] + _checksum(head).to_bytes(2) + head[12:] + body
