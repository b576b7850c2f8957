"""A session with MySQL or MariaDB that is held: packets as they come, without PyMySQL, which would wait."""

import contextlib
from typing import Final

from exporter.db.footprint import Stay
from exporter.db.mysql import words
from exporter.db.mysql.answers import Answers
from exporter.db.mysql.goodbye import QUIT
from exporter.db.mysql.packets import Packets
from exporter.model import Cause, Counted, Phase, ProbeError, Secret
from exporter.net.handshake import TlsChannel
from exporter.net.stream import NotYet, Stream, has_closed
from exporter.net.tcp_info import is_open
from exporter.said import mysql as said_by

QUERY: Final = b"\x03"
CHUNK: Final = 4096
ENDING: Final = (Cause.SERVER_SESSION_KILLED, Cause.SERVER_RESTART)
"""What may be the last words though they came as the answer to a query."""


class MysqlHeld:
    """A line that never waits, and the stream that it goes over (see `exporter.db.dialect.Held`)."""

    __slots__ = ("_answers", "_line", "_parted", "_password", "_stay", "_stream")

    def __init__(
        self, line: Stream | TlsChannel, stream: Stream, came: bytes, password: Secret | None, stay: Stay
    ) -> None:
        self._line = line
        self._stream = stream
        self._password = password
        self._stay = stay
        self._answers = Answers(came)
        self._parted = False
        stream.received = 0

    def fileno(self) -> int:
        """Give the descriptor to wait for."""
        return self._stream.fileno()

    def ask(self, sql: str) -> None:
        """Send a query."""
        self._stream.received = 0
        self._answers.expect()
        try:
            self._send(QUERY + sql.encode())
        except ProbeError as error:
            raise self._end(error) from None

    def hear(self) -> bool:
        """Take in what has come; tell whether the answer is complete."""
        if self._parted:
            return has_closed(self._stream)
        answered = False
        try:
            with contextlib.suppress(NotYet):
                while True:
                    answered = self._answers.take(self._read()) or answered
        except ProbeError as error:
            raise self._end(error) from None
        return answered

    def part(self) -> None:
        """Send COM_QUIT."""
        self._parted = True
        if is_open(self.fileno()):  # else the server has left before
            self._stay.end()
        with contextlib.suppress(ProbeError):
            self._send(QUIT)

    def abandon(self) -> None:
        """Close the socket."""
        self._stay.end(Counted.ABORTED_CLIENTS)
        self._stream.close()

    def _read(self) -> bytes:
        buffer = bytearray(CHUNK)
        return bytes(buffer[: self._line.recv_into(memoryview(buffer))])

    def _send(self, body: bytes) -> None:
        try:
            Packets(self._line).send(body)
        except NotYet:
            # What was sent of it cannot be taken back: nothing that follows would be understood.
            raise ProbeError(Cause.UNKNOWN, "there is no room to send anything") from None

    def _end(self, error: ProbeError) -> ProbeError:
        packet = self._answers.error
        number = int.from_bytes(packet[1:3], "little")
        cause = said_by.cause(number)
        if not self._answers.out_of_turn and cause not in ENDING:
            return ProbeError(Cause.UNKNOWN, error.detail.removesuffix(f" in phase {Phase.QUERY}"))
        said = words.said(packet)
        if self._password:
            said = self._password.mask(said)
        return ProbeError(cause, said, said=said, code=str(number))
