"""Echo replies made by hand."""

import socket
import struct


def reply(request: bytes, *, source: str = "127.0.0.1") -> None:
    """Answer an ICMP echo request, or what looks like one, as if from `source`; to 127.0.0.1."""
    packet = bytearray(request)
    packet[0], packet[2:4] = 0, b"\0\0"
    total = sum(struct.unpack(f"!{len(packet) // 2}H", packet))
    total = (total >> 16) + (total & 0xFFFF)
    packet[2:4] = struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as sock:
        sock.bind((source, 0))
        sock.sendto(bytes(packet), ("127.0.0.1", 0))
