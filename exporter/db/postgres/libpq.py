"""What is left of a server's words in libpq and psycopg2 when their exception has lost them."""

import errno
import os
from typing import Any

from psycopg2 import extensions

from exporter.db.postgres import words
from exporter.model import ProbeError
from exporter.net.dial import connect_error
from exporter.said import postgres as said_by
from exporter.said.system import CAUSES


class TolerantCursor(extensions.cursor):
    """Reads text also where it is none: a server keeps each name in the encoding of who has given it."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        """Begin as psycopg2's own does."""
        super().__init__(*args, **settings)
        extensions.register_type(extensions.BYTES, self)

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Give the rows, with what cannot be decoded replaced."""
        codec = extensions.encodings[self.connection.encoding]
        codec = "utf-8" if codec == "ascii" else codec  # which stands for no encoding at all
        return [
            tuple(value.decode(codec, "replace") if isinstance(value, bytes) else value for value in row)
            for row in super().fetchall()
        ]


def last_words(connection: Any, text: str, answer: bytes, *, before: str = "") -> str:
    """Find what the server said in the exception's `text`, or else wherever it was kept; else give `text`.

    `answer` is what was read along with libpq. What came while nothing was asked is among the notices.
    libpq adds its messages up: those from `before` are not looked at again.
    """
    kept, text = error_message(connection).removeprefix(before), text.removeprefix(before)
    heard = (kept, text, words.error_text(answer), *reversed(connection.notices))
    return next((line for line in heard if words.server_said(line)), text)


def error_message(connection: Any) -> str:
    """Give libpq's own text."""
    try:
        return "" if connection.closed == 1 else connection.info.error_message or ""
    except UnicodeDecodeError as error:
        return as_text(error)


def as_text(error: UnicodeDecodeError) -> str:
    """Give what psycopg2 could not decode: before the encodings are agreed on, a server may write in any."""
    return bytes(error.object).decode("utf-8", "replace")


def connect_refusal(text: str, address: str) -> ProbeError:
    """Map what libpq says when connect fails at once."""
    number = connect_errno(text)
    if number is not None:
        return connect_error(number, address, at_once=True)
    return ProbeError(said_by.cause("", text), words.summary(text))


def connect_errno(text: str) -> int | None:
    """Find the errno of a failed connect: libpq leaves only its text."""
    if not text.strip():
        return errno.EMFILE  # libpq has no words when socket(2) found no descriptor free
    return next((number for number in CAUSES if os.strerror(number) in text), None)
