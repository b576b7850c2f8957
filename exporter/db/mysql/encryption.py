"""Asking MySQL and MariaDB for TLS, and leaving them without being counted as a broken connection."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from exporter.db.footprint import Footprint
from exporter.db.mysql.counted import BROKEN_OFF, refused
from exporter.db.mysql.goodbye import OURS, TLS, Record, head, log_in_as_nobody
from exporter.db.mysql.packets import ERROR, Packets
from exporter.model import Cause, Counted, Phase, ProbeError
from exporter.net.handshake import TlsChannel
from exporter.net.stream import Stream
from exporter.net.tls import TlsPolicy
from exporter.said import mysql as said_by

PROTOCOL: Final = 10
FIRST_REST: Final = 600.0
LONGEST_REST: Final = 86_400.0
"""Seconds that the server is left alone after a bad leave, doubling up to the longest."""


class MysqlEncryption:
    """The request for TLS behind the server's greeting; knows when it has left badly."""

    def __init__(
        self, policy: TlsPolicy, footprint: Footprint, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.policy = policy
        self._footprint = footprint
        self._counted: tuple[Counted, ...] = BROKEN_OFF
        self._record = Record(free=0, rest=FIRST_REST, longest=LONGEST_REST, now=now)

    def harmless(self) -> bool:
        """Say no for ten minutes after a connection that may have been counted, longer after two in a row."""
        return self._record.harmless()

    @contextmanager
    def visit(self) -> Iterator[None]:
        """Count what the server does (see `exporter.db.encryption.Encryption`)."""
        self._counted = BROKEN_OFF  # until it turns out better
        try:
            yield
        finally:
            self._footprint.count(*self._counted)

    def ask(self, stream: Stream) -> bool:
        """Read the greeting and ask for TLS (see `exporter.db.encryption.Encryption`)."""
        stream.clock.enter(Phase.AUTH)
        self._record.count()
        packets = Packets(stream)
        greeting = self._greeting(packets)
        if greeting[:1] == ERROR:
            self._record.settle()
            self._counted = refused(greeting)
            raise _refusal(greeting)
        offered = _capabilities(greeting)
        if not offered & TLS:
            return False
        stream.clock.enter(Phase.TLS)
        packets.send(head(OURS | TLS))
        return True

    def leave(self, line: Stream | TlsChannel) -> None:
        """Log in as nobody, so as to be refused (see `exporter.db.encryption.Encryption`)."""
        self._counted = log_in_as_nobody(line)
        self._record.settle()

    def _greeting(self, packets: Packets) -> bytes:
        try:
            return packets.read()
        except ProbeError as error:
            if error.cause is Cause.PROXY_BACKEND_UNAVAILABLE:
                self._record.settle()  # it has left, not we
                self._counted = ()  # and the server has not seen us
            raise


def _capabilities(greeting: bytes) -> int:
    """Read the lower two bytes of the server's capability flags from its greeting."""
    _, end, rest = greeting[1:].partition(b"\0")
    if greeting[:1] != bytes([PROTOCOL]) or not end or len(rest) < 15:
        raise ProbeError(Cause.UNKNOWN, f"not a greeting of MySQL's protocol {PROTOCOL}")
    return int.from_bytes(rest[13:15], "little")  # behind the thread, half of the salt, and a zero


def _refusal(packet: bytes) -> ProbeError:
    """Turn an error that comes instead of a greeting into ours; there is no SQLSTATE in it yet."""
    number = int.from_bytes(packet[1:3], "little")
    said = packet[3:].decode("utf-8", "replace")
    return ProbeError(said_by.cause(number), said, said=said, code=str(number))
