"""Servers that are as cheap as can be: a listener that closes what it accepts, and a resolver.

python -m tests.bench.servers tcp|dns ADDRESS PORT
"""

import socket
import struct
import sys

BACKLOG = 4096
ADDRESS_TYPE = 1
TTL = 60
ANY_ADDRESS = bytes((10, 1, 0, 1))


def accept(address: str, port: int) -> None:
    """Accept and close, for ever."""
    with socket.create_server((address, port), backlog=BACKLOG) as listener:
        while True:
            listener.accept()[0].close()


def resolve(address: str, port: int) -> None:
    """Answer every question for an A record with one address, and all others with none, for ever."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((address, port))
        while True:
            question, client = sock.recvfrom(4096)
            sock.sendto(_answer(question), client)


def _answer(question: bytes) -> bytes:
    end = question.index(0, 12) + 5  # the name, its type and its class
    found = int.from_bytes(question[end - 4 : end - 2], "big") == ADDRESS_TYPE
    head = question[:2] + struct.pack("!HHHHH", 0x8580, 1, found, 0, 0)
    record = struct.pack("!HHHIH", 0xC00C, ADDRESS_TYPE, 1, TTL, 4) + ANY_ADDRESS
    return head + question[12:end] + record * found


if __name__ == "__main__":
    {"tcp": accept, "dns": resolve}[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
