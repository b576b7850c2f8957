"""Those who are connected: how many there may be, and how much of ours they may leave unread."""

import asyncio
import socket
from typing import Final
from wsgiref.types import WSGIApplication

from exporter.web.client import Client
from exporter.web.door import Entrance

MOST_CONNECTIONS = 640
MOST_UNREAD = 1 << 27
"""Bytes of answers that may be unread, all together."""
AGAIN: Final = 0.05
"""Seconds until the next attempt to accept where no descriptor is left."""


class Clients:
    """Accepts connections. Where there are too many, the one goes that has asked for nothing for longest."""

    def __init__(self, app: WSGIApplication, entrance: Entrance) -> None:
        self.app = app
        self.entrance = entrance
        self._open: dict[Client, None] = {}
        self._unread: dict[Client, int] = {}

    async def accept(self, listener: socket.socket) -> None:
        """Take in whoever connects, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                sock, address = await loop.sock_accept(listener)
            except OSError:  # at once it would be the same again
                await asyncio.sleep(AGAIN)
            else:
                self._take_in(Client(self, sock, str(address[0])))
                await asyncio.sleep(0)  # a crowd at the door does not keep those who are in from being heard

    def dismiss(self) -> None:
        """Let go of everybody."""
        for client in list(self._open):
            client.let_go("the server stops")

    def asked(self, client: Client) -> None:
        """Note that a client has asked for something just now."""
        self._open.pop(client, None)
        self._open[client] = None

    def owed(self, client: Client, size: int) -> None:
        """Note an answer that is not read at once; where that is too much, the oldest ones are let go of."""
        self._unread[client] = size
        while sum(self._unread.values()) > MOST_UNREAD and len(self._unread) > 1:
            next(iter(self._unread)).let_go("too much is unread")

    def read(self, client: Client) -> None:
        """Note that a client has read its answer."""
        self._unread.pop(client, None)

    def left(self, client: Client) -> None:
        """Forget a client."""
        self._open.pop(client, None)
        self._unread.pop(client, None)

    def _take_in(self, client: Client) -> None:
        if len(self._open) >= MOST_CONNECTIONS:
            next(iter(self._open)).let_go("there are too many")
        self._open[client] = None
        client.serve()
