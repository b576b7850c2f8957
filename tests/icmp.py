"""Echo replies made by hand."""

import socket
import struct


def refuse(request: bytes, kind: int, code: int, *, destination: str = "127.0.0.1") -> None:
    """Send an ICMP error about an echo request to `destination`, as if from there; to 127.0.0.1."""
    local = socket.inet_aton("127.0.0.1")
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(request), 0, 0, 64, socket.IPPROTO_ICMP, 0)
    quoted = head + local + socket.inet_aton(destination) + request
    _send(bytes((kind, code, 0, 0)) + local + quoted, "127.0.0.1")


def reply(request: bytes, *, source: str = "127.0.0.1") -> None:
    """Answer an ICMP echo request, or what looks like one, as if from `source`; to 127.0.0.1."""
    _send(b"\0" + request[1:], source)


def _send(message: bytes, source: str) -> None:
    packet = bytearray(message)
    packet[2:4] = b"\0\0"
    total = sum(struct.unpack(f"!{len(packet) // 2}H", packet))
    total = (total >> 16) + (total & 0xFFFF)
    total = (total >> 16) + (total & 0xFFFF)
    packet[2:4] = struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as sock:
        sock.bind((source, 0))
        sock.sendto(bytes(packet), ("127.0.0.1", 0))
