"""Leaving MySQL and MariaDB before the login without being counted as a broken connection.

A server that resolves names counts clients that leave before their login, and blocks their host at
`max_connect_errors`. It does not count those who are refused: so we leave with a login that must fail.
"""

import secrets
import struct
import time
from collections.abc import Callable
from typing import Final

from exporter.db.mysql.counted import LET_IN, refused
from exporter.db.mysql.packets import MORE, OK, SWITCH, Packets
from exporter.model import Counted, Phase
from exporter.net.handshake import TlsChannel
from exporter.net.stream import Stream

# Capability flags (MySQL's "Protocol Basics").
LONG_PASSWORD: Final = 0x1
CONNECT_WITH_DB: Final = 0x8
PROTOCOL_41: Final = 0x200
TLS: Final = 0x800
TRANSACTIONS: Final = 0x2000
SECURE_CONNECTION: Final = 0x8000
PLUGIN_AUTH: Final = 0x80000
CONNECT_ATTRS: Final = 0x100000
OURS: Final = LONG_PASSWORD | PROTOCOL_41 | TRANSACTIONS | SECURE_CONNECTION | PLUGIN_AUTH

QUIT: Final = b"\x01"
PACKET_SIZE: Final = 1 << 24
UTF8MB4: Final = 45
MOST_ROUNDS: Final = 8
"""Questions that a server may ask during a login."""
LENGTHS: Final[dict[tuple[bytes, bytes], int]] = {
    (b"client_ed25519", SWITCH): 64,
    (b"parsec", MORE): 96,
}
"""What ways to log in want to have, in bytes, by what asks for it: any other length they count as a broken
connection. All others take an empty answer for an empty password."""


class Record:
    """How many connections in a row have been left badly, and how long to leave the server alone for it.

    The first `free` of them cost nothing; then each rest is twice as long as the one before, from `rest` to
    `longest` seconds.
    """

    def __init__(
        self, *, free: int, rest: float, longest: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._free = free
        self._rest = rest
        self._longest = longest
        self._now = now
        self._left_badly = 0
        self._rest_until = 0.0

    def harmless(self) -> bool:
        """Whether no rest is going on."""
        return self._now() >= self._rest_until

    def count(self) -> None:
        """Take note of a connection as one that is left badly: until it is settled, it may be."""
        self._left_badly += 1
        beyond = self._left_badly - self._free
        if beyond > 0:
            self._rest_until = self._now() + min(self._rest * 2 ** min(beyond - 1, 40), self._longest)

    def settle(self) -> None:
        """Take note that the server has nothing to complain of."""
        self._left_badly = 0
        self._rest_until = 0.0


def head(flags: int) -> bytes:
    """Give the beginning of a login, which is also the whole of a request for TLS."""
    return struct.pack("<IIB23x", flags, PACKET_SIZE, UTF8MB4)


def log_in_as_nobody(line: Stream | TlsChannel, flags: int = OURS) -> tuple[Counted, ...]:
    """Be refused, behind the greeting or behind TLS; tell what the server counts that as.

    Enters `close`, raises ProbeError where it fails. `flags` are those of the request for TLS, if there was
    one: by them the server reads the login.
    """
    line.clock.enter(Phase.CLOSE)
    encrypted = isinstance(line, TlsChannel)
    packets = Packets(line, sequence=2 if encrypted else 1)
    # A new name each time: servers may let a name wait the longer the more often it has failed.
    nobody = f"conndrop-tls-{secrets.token_hex(4)}".encode()
    database = b"\0" if flags & CONNECT_WITH_DB else b""
    attributes = b"\0" if flags & CONNECT_ATTRS else b""
    login = nobody + b"\0\0" + database + b"mysql_native_password\0" + attributes
    packets.send(head(flags | TLS if encrypted else flags) + login)
    plugin = b""
    for _ in range(MOST_ROUNDS):
        answer = packets.read()
        kind = answer[:1]
        if kind == SWITCH:
            plugin = answer[1:].partition(b"\0")[0]
        elif kind != MORE:
            break
        packets.send(bytes(LENGTHS.get((plugin, kind), 0)))
    if kind == OK:  # an account for everybody
        Packets(line).send(QUIT)
        return LET_IN
    return refused(answer)
