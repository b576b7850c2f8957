"""A client's bytes: Tornado's stream, behind TLS where that is asked for."""

import socket
from collections.abc import Callable
from typing import Final, Protocol

import tornado.platform.asyncio  # noqa: F401  Tornado would at the first client, who may have the last descriptor
from tornado.iostream import IOStream

PIECE: Final = 16384
"""Bytes that are read at once."""
LONGEST_BUFFER: Final = 1 << 20
"""Bytes of a client that are kept at most; more than any request has."""


class Channel(Protocol):
    """What stands between the socket and us where a connection is encrypted. All of it raises OSError."""

    @property
    def terms(self) -> object:
        """What the client had to show."""
        ...

    def receive(self, buffer: memoryview) -> int | None:
        """Read what is there; None is nothing yet, 0 the end."""
        ...

    def send(self, data: memoryview) -> int:
        """Send what can be sent now, which may be nothing."""
        ...

    def say_goodbye(self) -> None:
        """Tell the client that there is no more."""
        ...


class Stream(IOStream):
    """Reads and writes by a channel, or without one plainly.

    Asks `heard` of so many bytes that have come whether they are wanted; they are dropped if not.
    """

    def __init__(self, sock: socket.socket, channel: Channel | None, heard: Callable[[int], bool]) -> None:
        self._channel = channel
        self._heard = heard
        super().__init__(sock, max_buffer_size=LONGEST_BUFFER, read_chunk_size=PIECE)

    def read_from_fd(self, buf: bytearray | memoryview) -> int | None:
        """Read what is there; None is nothing, 0 the end."""
        with memoryview(buf) as buffer:
            count = super().read_from_fd(buffer) if self._channel is None else self._channel.receive(buffer)
        return None if count and not self._heard(count) else count

    def write_to_fd(self, data: memoryview) -> int:
        """Write what can be written now."""
        return super().write_to_fd(data) if self._channel is None else self._channel.send(data)

    def close_fd(self) -> None:
        """Say goodbye, but not to a client from whom something is kept back: it shall know."""
        if self._channel is not None and not self.writing():
            self._channel.say_goodbye()
        super().close_fd()
