"""The second best middlebox, for hosts that allow no network of one's own: python -m exporter.demo.relay.

Its words are the descriptor of a listening socket, the server's port on loopback, and seconds: a relay of
TCP connections that resets both sides of one that was silent for so long. It writes a line once it is ready,
and ends when its standard input does. The kernel answers keepalives for it, as it does for any proxy: so
that is what it looks like.
"""

import asyncio
import socket
import struct
import sys
import time
from contextlib import suppress
from typing import Final

LOOPBACK: Final = "127.0.0.1"
AT_ONCE: Final = 65_536
"""Bytes that are passed on at once."""
NO_LINGER: Final = struct.pack("ii", 1, 0)
"""Has a connection reset, not closed."""


class Silence:
    """Tells how long nothing went by; `forget` is in seconds."""

    def __init__(self, forget: float) -> None:
        self._forget = forget
        self._last = time.monotonic()

    def broken(self) -> None:
        """Take note that something went by."""
        self._last = time.monotonic()

    async def too_long(self) -> None:
        """Wait until nothing has gone by for too long."""
        while (left := self._last + self._forget - time.monotonic()) > 0:
            await asyncio.sleep(left)


async def relay(client: socket.socket, port: int, forget: float) -> None:
    """Pass on what one client and the server say, until one of them closes or both are silent."""
    loop, silence = asyncio.get_running_loop(), Silence(forget)
    with client, socket.socket() as server, suppress(OSError):
        for sock in (client, server):
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.sock_connect(server, (LOOPBACK, port))
        ways = [
            asyncio.create_task(_pass_on(*ends, silence)) for ends in ((client, server), (server, client))
        ]
        idle = asyncio.create_task(silence.too_long())
        await asyncio.wait([*ways, idle], return_when=asyncio.FIRST_COMPLETED)
        too_long = idle.done()
        for task in (*ways, idle):
            task.cancel()
        await asyncio.wait([*ways, idle])  # or they would let go of who has these descriptors next
        if too_long:
            for sock in (client, server):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)


async def _pass_on(one: socket.socket, other: socket.socket, silence: Silence) -> None:
    loop = asyncio.get_running_loop()
    with suppress(OSError):
        while content := await loop.sock_recv(one, AT_ONCE):
            silence.broken()
            await loop.sock_sendall(other, content)


async def serve(listener: socket.socket, port: int, forget: float) -> None:
    """Relay whoever comes, until standard input ends."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(sys.stdin, ended.set)
    listener.setblocking(False)
    under_way: set[asyncio.Task[None]] = set()

    async def accept() -> None:
        while True:
            client, _ = await loop.sock_accept(listener)
            task = asyncio.create_task(relay(client, port, forget))
            under_way.add(task)
            task.add_done_callback(under_way.discard)

    accepting = asyncio.create_task(accept())
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await ended.wait()
    accepting.cancel()


if __name__ == "__main__":
    asyncio.run(serve(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]), float(sys.argv[3])))
