"""Servers that are as cheap as can be: a listener that closes what it accepts, and a resolver.

python -m tests.bench.servers tcp|dns ADDRESS PORT
"""

import re
import socket
import struct
import sys

BACKLOG = 4096
ADDRESS_TYPE = 1
TTL = 60
FIRST_ADDRESS = int.from_bytes(bytes((10, 9, 0, 1)), "big")
"""Of the name h0; h1 has the next one."""
NUMBER = re.compile(rb"h([0-9]+)")


def accept(address: str, port: int) -> None:
    """Accept and close, for ever."""
    with socket.create_server((address, port), backlog=BACKLOG) as listener:
        while True:
            listener.accept()[0].close()


def resolve(address: str, port: int) -> None:
    """Answer every question for an A record by the number in the name, and others with nothing, for ever."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((address, port))
        while True:
            question, client = sock.recvfrom(4096)
            sock.sendto(_answer(question), client)


def _answer(question: bytes) -> bytes:
    end = question.index(0, 12) + 5  # the name, its type and its class
    found = int.from_bytes(question[end - 4 : end - 2], "big") == ADDRESS_TYPE
    head = question[:2] + struct.pack("!HHHHH", 0x8580, 1, found, 0, 0)
    number = NUMBER.match(question, 13)
    address = FIRST_ADDRESS + (int(number[1]) if number else 0)
    record = struct.pack("!HHHIHI", 0xC00C, ADDRESS_TYPE, 1, TTL, 4, address)
    return head + question[12:end] + record * found


if __name__ == "__main__":
    {"tcp": accept, "dns": resolve}[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
