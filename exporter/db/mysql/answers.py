"""Answers to queries, packet by packet as they come (MySQL's "Text Resultset"; without DEPRECATE_EOF)."""

from collections.abc import Iterator
from enum import Enum
from typing import Final

from exporter.db.mysql.packets import ERROR, LONGEST_PACKET, OK
from exporter.model import Cause, ProbeError

EOF: Final = b"\xfe"
LONGEST_EOF: Final = 8
"""Bytes; a row may begin with the same one, and is longer then."""


class Stage(Enum):
    """How far an answer is: nothing was asked, or what is to come next."""

    UNASKED = "unasked"
    HEAD = "head"
    COLUMNS = "columns"
    ROWS = "rows"


class Answers:
    """Reads one answer after another; `error` is the last error packet, until the next query."""

    __slots__ = ("_came", "_stage", "error", "out_of_turn")

    def __init__(self, came: bytes) -> None:
        """Begin with what has come already."""
        self._came = came
        self._stage = Stage.UNASKED
        self.error = b""
        self.out_of_turn = False

    def expect(self) -> None:
        """Take note that a query has been sent; what was said out of turn stays."""
        self._stage = Stage.HEAD
        if not self.out_of_turn:
            self.error = b""

    def take(self, data: bytes) -> bool:
        """Take in what has come; tell whether it completes an answer. Raises ProbeError on nonsense."""
        self._came += data
        answered = False
        for sequence, body in self._packets():
            if body[:1] == ERROR and (sequence == 0 or self._stage is Stage.UNASKED):
                self.error, self.out_of_turn = body, True
            elif self._stage is Stage.UNASKED:
                raise ProbeError(Cause.UNKNOWN, "the server sent what nobody had asked for")
            else:
                self._stage = self._next(body)
                answered = answered or self._stage is Stage.UNASKED
        return answered

    def _next(self, body: bytes) -> Stage:
        if body[:1] == ERROR:
            self.error = body
            return Stage.UNASKED
        if self._stage is Stage.HEAD:
            return Stage.UNASKED if body[:1] == OK else Stage.COLUMNS
        if body[:1] == EOF and len(body) <= LONGEST_EOF:
            return Stage.ROWS if self._stage is Stage.COLUMNS else Stage.UNASKED
        return self._stage

    def _packets(self) -> Iterator[tuple[int, bytes]]:
        while len(self._came) >= 4:
            length = int.from_bytes(self._came[:3], "little")
            if length > LONGEST_PACKET:
                raise ProbeError(Cause.UNKNOWN, f"a packet of {length} bytes is no answer to a small query")
            if len(self._came) < 4 + length:
                return
            sequence, body = self._came[3], self._came[4 : 4 + length]
            self._came = self._came[4 + length :]
            yield sequence, body
