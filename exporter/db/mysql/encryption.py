"""Asking MySQL and MariaDB for TLS, and leaving them without being counted as a broken connection.

A server that resolves names counts clients that leave before their login, and blocks their host at
`max_connect_errors`. It does not count those who are refused: so we leave with a login that must fail.
"""

import secrets
import struct
import time
from collections.abc import Callable
from typing import Final

from exporter.db.mysql import words
from exporter.model import Cause, Phase, ProbeError
from exporter.net.handshake import TlsChannel
from exporter.net.stream import Line, Stream, exactly
from exporter.net.tls import TlsPolicy

# Capability flags (MySQL's "Protocol Basics").
LONG_PASSWORD: Final = 0x1
PROTOCOL_41: Final = 0x200
TLS: Final = 0x800
TRANSACTIONS: Final = 0x2000
SECURE_CONNECTION: Final = 0x8000
PLUGIN_AUTH: Final = 0x80000
OURS: Final = LONG_PASSWORD | PROTOCOL_41 | TRANSACTIONS | SECURE_CONNECTION | PLUGIN_AUTH

PROTOCOL: Final = 10
OK: Final = b"\x00"
MORE: Final = b"\x01"
SWITCH: Final = b"\xfe"
ERROR: Final = b"\xff"
QUIT: Final = b"\x01"
PACKET_SIZE: Final = 1 << 24
UTF8MB4: Final = 45
LONGEST_PACKET: Final = 65_536
MOST_ROUNDS: Final = 8
"""Questions that a server may ask during a login."""
LENGTHS: Final[dict[tuple[bytes, bytes], int]] = {
    (b"client_ed25519", SWITCH): 64,
    (b"parsec", MORE): 96,
}
"""What ways to log in want to have, in bytes, by what asks for it: any other length they count as a broken
connection. All others take an empty answer for an empty password."""

FIRST_REST: Final = 600.0
LONGEST_REST: Final = 86_400.0


class MysqlEncryption:
    """The request for TLS behind the server's greeting; knows when it has left badly."""

    def __init__(self, policy: TlsPolicy, now: Callable[[], float] = time.monotonic) -> None:
        self.policy = policy
        self._now = now
        self._left_badly = 0
        self._rest_until = 0.0
        self._sequence = 0

    def harmless(self) -> bool:
        """Say no for ten minutes after a connection that may have been counted, for twice as long after two.

        And so on, up to a day: with the default of 100 errors the host would be blocked after three months.
        """
        return self._now() >= self._rest_until

    def ask(self, stream: Stream) -> bool:
        """Read the greeting and ask for TLS (see `exporter.db.dialect.Encryption`)."""
        stream.clock.enter(Phase.AUTH)
        self._count()  # as a connection that is left badly, until it is not
        greeting = self._greeting(stream)
        if greeting[:1] == ERROR:
            self._settle()
            raise _refusal(greeting)
        offered = _capabilities(greeting)
        if not offered & TLS:
            return False
        stream.clock.enter(Phase.TLS)
        self._send(stream, _head(OURS | TLS))
        return True

    def leave(self, line: Stream | TlsChannel) -> None:
        """Log in as nobody, so as to be refused (see `exporter.db.dialect.Encryption`)."""
        line.clock.enter(Phase.CLOSE)
        flags = OURS | TLS if isinstance(line, TlsChannel) else OURS
        # A new name each time: servers may let a name wait the longer the more often it has failed.
        nobody = f"conndrop-tls-{secrets.token_hex(4)}".encode()
        self._send(line, _head(flags) + nobody + b"\0\0mysql_native_password\0")
        plugin = b""
        for _ in range(MOST_ROUNDS):
            answer = self._packet(line)
            kind = answer[:1]
            if kind == SWITCH:
                plugin = answer[1:].partition(b"\0")[0]
            elif kind != MORE:
                break
            self._send(line, bytes(LENGTHS.get((plugin, kind), 0)))
        if kind == OK:  # an account for everybody
            self._sequence = 0
            self._send(line, QUIT)
        self._settle()

    def _greeting(self, stream: Stream) -> bytes:
        try:
            return self._packet(stream)
        except ProbeError as error:
            if error.cause is Cause.PROXY_BACKEND_UNAVAILABLE:
                self._settle()  # it has left, not we
            raise

    def _packet(self, line: Line) -> bytes:
        header = exactly(line, 4)
        length = int.from_bytes(header[:3], "little")
        if length > LONGEST_PACKET:
            raise ProbeError(Cause.UNKNOWN, f"a packet of {length} bytes is none of a MySQL login")
        self._sequence = (header[3] + 1) % 256
        return exactly(line, length)

    def _send(self, line: Line, body: bytes) -> None:
        line.sendall(len(body).to_bytes(3, "little") + bytes([self._sequence]) + body)
        self._sequence = (self._sequence + 1) % 256

    def _count(self) -> None:
        self._rest_until = self._now() + min(FIRST_REST * 2**self._left_badly, LONGEST_REST)
        self._left_badly += 1

    def _settle(self) -> None:
        self._left_badly = 0
        self._rest_until = 0.0


def _capabilities(greeting: bytes) -> int:
    """Read the lower two bytes of the server's capability flags from its greeting."""
    _, end, rest = greeting[1:].partition(b"\0")
    if greeting[:1] != bytes([PROTOCOL]) or not end or len(rest) < 15:
        raise ProbeError(Cause.UNKNOWN, f"not a greeting of MySQL's protocol {PROTOCOL}")
    return int.from_bytes(rest[13:15], "little")  # behind the thread, half of the salt, and a zero


def _head(flags: int) -> bytes:
    return struct.pack("<IIB23x", flags, PACKET_SIZE, UTF8MB4)


def _refusal(packet: bytes) -> ProbeError:
    """Turn an error that comes instead of a greeting into ours; there is no SQLSTATE in it yet."""
    number = int.from_bytes(packet[1:3], "little")
    said = packet[3:].decode("utf-8", "replace")
    return ProbeError(words.cause(number), said, said=said, code=str(number))
