"""Those who are connected: how many there may be, and how much of ours they may leave unread."""

import asyncio
import errno
import os
import socket
import time
from contextlib import suppress
from typing import Final
from wsgiref.types import WSGIApplication

from exporter.web.client import Client
from exporter.web.door import Entrance

MOST_CONNECTIONS = 640
MOST_UNREAD = 1 << 27
"""Bytes of answers that may be unread, all together."""
AGAIN: Final = 0.05
"""Seconds until the next attempt to accept where no descriptor is left."""
NONE_LEFT: Final = (errno.EMFILE, errno.ENFILE)
LONGEST_REST: Final = 1.0
"""Seconds without a request after which a client gives way to one who waits for its descriptor."""
LATELY: Final = 10.0
"""Seconds for which it is remembered that no descriptor was left."""


class Spare:
    """A descriptor that is kept free for one client, or nobody could ask why there is no other.

    Who was connected before goes on being answered without it.
    """

    def __init__(self) -> None:
        self._descriptor: int | None = None
        self._wanted = True
        self.keep()

    def keep(self) -> None:
        """Have it (again), if there is one."""
        if self._wanted and self._descriptor is None:
            with suppress(OSError):
                self._descriptor = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)

    def give(self) -> None:
        """Let go of it: another thread may be the first to take it, and then nobody comes in."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def end(self) -> None:
        """Let go of it for good."""
        self._wanted = False
        self.give()


class Clients:
    """Accepts connections. Where there are too many, the one goes that has asked for nothing for longest."""

    def __init__(self, app: WSGIApplication, entrance: Entrance) -> None:
        self.app = app
        self.entrance = entrance
        self._open: dict[Client, float] = {}  # since when nothing is answered, infinite while something is
        self._unread: dict[Client, int] = {}
        self._spare = Spare()
        self._short = float("-inf")

    @property
    def short(self) -> bool:
        """Whether there was no descriptor for somebody of late."""
        return time.monotonic() - self._short < LATELY

    async def accept(self, listener: socket.socket) -> None:
        """Take in whoever connects, until cancelled."""
        while True:
            try:
                sock, address = await self._accepted(listener)
            except OSError as error:  # at once it would be the same again
                if error.errno in NONE_LEFT:
                    self._short = time.monotonic()
                    self._make_room()
                self._spare.keep()
                await asyncio.sleep(AGAIN)
            else:
                self._take_in(Client(self, sock, str(address[0])))
                await asyncio.sleep(0)  # a crowd at the door does not keep those who are in from being heard

    def dismiss(self) -> None:
        """Let go of everybody."""
        for client in list(self._open):
            client.let_go("the server stops")
        self._spare.end()

    def asked(self, client: Client) -> None:
        """Note that a client has asked for something just now."""
        self._open.pop(client, None)
        self._open[client] = float("inf")

    def owed(self, client: Client, size: int) -> None:
        """Note an answer that is not read at once; where that is too much, the oldest ones are let go of."""
        self._unread[client] = size
        while sum(self._unread.values()) > MOST_UNREAD and len(self._unread) > 1:
            next(iter(self._unread)).let_go("too much is unread")

    def read(self, client: Client) -> None:
        """Note that a client has read its answer."""
        self._unread.pop(client, None)
        if client in self._open:
            self._open[client] = time.monotonic()

    def left(self, client: Client) -> None:
        """Forget a client."""
        self._open.pop(client, None)
        self._unread.pop(client, None)
        asyncio.get_running_loop().call_soon(self._spare.keep)  # once its socket is closed

    async def _accepted(self, listener: socket.socket) -> tuple[socket.socket, tuple[object, ...]]:
        await _readable(listener)  # to ask takes a descriptor even where nobody waits
        try:
            return listener.accept()
        except OSError as error:
            if error.errno not in NONE_LEFT:
                raise
            self._spare.give()
            return listener.accept()

    def _take_in(self, client: Client) -> None:
        if len(self._open) >= MOST_CONNECTIONS:
            next(iter(self._open)).let_go("there are too many")
        self._open[client] = time.monotonic()
        client.serve()

    def _make_room(self) -> None:
        """Let go of whoever rests, so that another one comes in."""
        latest = time.monotonic() - LONGEST_REST
        resting = next((client for client, since in self._open.items() if since < latest), None)
        if resting is not None:
            resting.let_go("another one waits, and no descriptor is left")


async def _readable(listener: socket.socket) -> None:
    """Wait until somebody may be there."""
    loop = asyncio.get_running_loop()
    come: asyncio.Future[None] = loop.create_future()
    loop.add_reader(listener, _settle, come)
    try:
        await come
    finally:
        loop.remove_reader(listener)


def _settle(come: asyncio.Future[None]) -> None:
    if not come.done():
        come.set_result(None)
