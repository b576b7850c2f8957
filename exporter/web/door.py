"""How clients come in."""

import socket
from collections.abc import Mapping
from typing import Final, Protocol

from exporter.web.stream import Channel


class Entrance(Protocol):
    """What a client comes in by; asked anew for each connection and each request."""

    async def channel(self, sock: socket.socket) -> Channel | None:
        """Make a connection an encrypted one; None where it stays plain. Raises OSError."""
        ...

    def admits(self, channel: Channel | None) -> bool:
        """Whether who has come in by this would come in by it now. It may wait for a file."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers that every answer has."""
        ...


class Open:
    """An entrance that asks for nothing."""

    headers: Final[Mapping[str, str]] = {}

    async def channel(self, _: socket.socket) -> None:
        """Let the connection be."""

    def admits(self, _: Channel | None) -> bool:
        """Let everybody in."""
        return True
