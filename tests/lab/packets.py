"""IP packets by hand: as little of the protocols as the lab needs."""

import struct
from typing import Final

ICMP: Final = 1
TCP: Final = 6
ICMP6: Final = 58
DONT_FRAGMENT: Final = 0x4000
FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10
MSS_OPTION: Final = b"\x02\x04\x05\x14"  # 1300 bytes
IPV6_LEAST: Final = 1280


def checksum(data: bytes) -> int:
    """Compute the Internet checksum of `data` (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def _adjusted(old: int, change: int) -> int:
    """Give the checksum after one 16-bit word grew by `change` (RFC 1624)."""
    total = (~old & 0xFFFF) + change % 0xFFFF
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF


def answer(packet: bytes) -> bytes | None:
    """Answer an echo request, a SYN or a FIN as a friendly host would; None for anything else."""
    if packet[0] >> 4 == 4:
        at, protocol, ends = 4 * (packet[0] & 15), packet[9], packet[16:20] + packet[12:16]
        fresh = packet[:12] + ends + packet[20:at]  # swapped addresses leave the header's checksum as it was
    else:
        at, protocol, ends = 40, packet[6], packet[24:40] + packet[8:24]
        fresh = packet[:8] + ends
    if protocol == TCP:
        return _tcp_answer(packet, at, ends)
    request, reply = (8, 0) if protocol == ICMP else (128, 129)
    if protocol not in {ICMP, ICMP6} or packet[at] != request:
        return None
    old = packet[at + 2] << 8 | packet[at + 3]
    sums = _adjusted(old, (reply - request) << 8).to_bytes(2, "big")
    return b"".join((fresh, bytes((reply, packet[at + 1])), sums, packet[at + 4 :]))


def _tcp_answer(packet: bytes, at: int, ends: bytes) -> bytes | None:
    source, port, number, said, _, flags = struct.unpack_from("!HHIIBB", packet, at)
    if flags & (SYN | ACK) == SYN:
        # The sequence number may be any; the client's own, turned round, needs no memory.
        head = struct.pack("!HHIIBBHHH", port, source, ~number & 0xFFFFFFFF, number + 1 & 0xFFFFFFFF,
                           6 << 4, SYN | ACK, 65535, 0, 0) + MSS_OPTION  # fmt: skip
    elif flags & FIN and not flags & RST:
        head = struct.pack("!HHIIBBHHH", port, source, said, 0, 5 << 4, RST, 0, 0, 0)
    else:
        return None
    sums = checksum(ends + struct.pack("!IHH", len(head), 0, TCP) + head)
    return _headed(ends, TCP, head[:16] + sums.to_bytes(2, "big") + head[18:])


def tcp_after(packet: bytes, flags: int) -> bytes:
    """Give the segment with `flags` and no data that may follow a SYN-ACK over IPv4, from the same side."""
    ends, ports = packet[12:20], packet[20:24]
    number, said = struct.unpack_from("!II", packet, 24)
    head = ports + struct.pack("!IIBBHHH", number + 1 & 0xFFFFFFFF, said, 5 << 4, flags, 65535, 0, 0)
    sums = checksum(ends + struct.pack("!IHH", len(head), 0, TCP) + head)
    return _headed(ends, TCP, head[:16] + sums.to_bytes(2, "big") + head[18:])


def segment(addresses: tuple[bytes, bytes], ports: tuple[int, int], number: int, flags: int) -> bytes:
    """Give the TCP segment with `flags` and no data from the first of packed addresses to the second."""
    ends = b"".join(addresses)
    head = struct.pack("!HHIIBBHHH", *ports, number, 0, 5 << 4, flags, 0, 0, 0)
    sums = checksum(ends + struct.pack("!IHH", len(head), 0, TCP) + head)
    return _headed(ends, TCP, head[:16] + sums.to_bytes(2, "big") + head[18:])


def too_big(packet: bytes, mtu: int) -> bytes:
    """Say what a router says to the sender of a packet larger than `mtu`, in the receiver's name."""
    if packet[0] >> 4 == 4:
        ends = packet[16:20] + packet[12:16]
        body = struct.pack("!BBHHH", 3, 4, 0, 0, mtu) + packet[:576]
        return _headed(ends, ICMP, _summed(body, b""))
    ends = packet[24:40] + packet[8:24]
    body = struct.pack("!BBHI", 2, 0, 0, mtu) + packet[: IPV6_LEAST - 48]
    return _headed(ends, ICMP6, _summed(body, ends + struct.pack("!II", len(body), ICMP6)))


def _summed(body: bytes, pseudo: bytes) -> bytes:
    return body[:2] + checksum(pseudo + body).to_bytes(2, "big") + body[4:]


def _headed(ends: bytes, protocol: int, body: bytes) -> bytes:
    """Put an IP header before `body`; `ends` are source and destination."""
    if len(ends) == 32:
        return struct.pack("!IHBB", 6 << 28, len(body), protocol, 64) + ends + body
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, DONT_FRAGMENT, 64, protocol, 0) + ends
    return head[:10] + checksum(head).to_bytes(2, "big") + head[12:] + body
