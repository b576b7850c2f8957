"""A proxy of connections, such as a layer 7 balancer: it has one to the client and another to the server.

It ends both when no byte has passed for some time, when they are old, or now. TCP keepalives end at its
kernel and do not count.
"""

import asyncio
import contextlib
import json
import socket
import struct
import sys
import time
from typing import Any, Final, Literal

from tests.lab.routers import address
from tests.lab.site import Site
from tests.lab.told import Told
from tests.servers import Database

Farewell = Literal["rst", "fin", "mute"]
"""How it ends a connection: resets or closes both sides, or keeps them and passes nothing on any more."""
TICK: Final = 0.01
CHUNK: Final = 65536
AT_ONCE: Final = struct.pack("ii", 1, 0)


class Balancer(Told):
    """A proxy before `database` on the router; the client reaches it at `host` and `port`.

    It ends connections by `farewell` after `idle` seconds without a byte, and at `age` seconds.
    """

    def __init__(
        self,
        site: Site,
        database: Database,
        *,
        port: int = 7000,
        idle: float | None = None,
        age: float | None = None,
        farewell: Farewell = "rst",
    ) -> None:
        self.host, self.port = address(0, 2, 4), port
        super().__init__(
            "tests.lab.balancer", site.router, listen=[self.host, port], to=[site.host, database.port],
            idle=idle, age=age, farewell=farewell,
        )  # fmt: skip

    def set(self, *, idle: float | None = None, age: float | None = None, farewell: Farewell = "rst") -> None:
        """Change what it does, to the connections that are there as well."""
        self.tell(idle=idle, age=age, farewell=farewell)

    def end(self, farewell: Farewell = "rst") -> int:
        """End all connections now; give how many."""
        return self.tell(end=farewell)

    def freeze(self) -> None:
        """Pass nothing on until `thaw`; new connections are accepted and wait as well."""
        self.tell(frozen=True)

    def thaw(self) -> None:
        """Pass on what has waited, and all that comes."""
        self.tell(frozen=False)


class Passage:
    """A client's connection and the one to the server that belongs to it."""

    def __init__(self, *sides: asyncio.StreamWriter) -> None:
        self._sides = sides
        self.began = self.latest = time.monotonic()
        self.mute = False

    def end(self, farewell: Farewell) -> None:
        """End both sides."""
        self.mute = farewell == "mute"
        if self.mute:
            return
        for side in self._sides:
            if farewell == "rst":
                sock = side.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
            side.transport.abort()


class Proxy:
    """All passages, and what they are to suffer."""

    def __init__(self) -> None:
        self._orders: dict[str, Any] = {}
        self._passages: set[Passage] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()

    async def obey(self, orders: dict[str, Any]) -> int:
        """Take orders; give how many passages there were."""
        count = len(self._passages)
        if farewell := orders.pop("end", None):
            for passage in list(self._passages):
                passage.end(farewell)
        if "frozen" in orders:
            self._flowing.clear() if orders.pop("frozen") else self._flowing.set()
        if listen := orders.pop("listen", None):
            await asyncio.start_server(self._serve, *listen, backlog=1024)
        self._orders |= orders
        return count

    async def limit(self) -> None:
        """End what has reached a limit, for ever."""
        while True:
            await asyncio.sleep(TICK)
            now = time.monotonic()
            for passage in [one for one in self._passages if not one.mute]:
                since = {"idle": passage.latest, "age": passage.began}
                if any(self._orders[name] and now >= since[name] + self._orders[name] for name in since):
                    passage.end(self._orders["farewell"])

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        await self._flowing.wait()
        try:
            answers, server = await asyncio.open_connection(*self._orders["to"])
        except OSError:
            client.transport.abort()
            return
        passage = Passage(client, server)
        self._passages.add(passage)
        there, back = self._pass(passage, reader, server), self._pass(passage, answers, client)
        await asyncio.gather(there, back)
        self._passages.discard(passage)

    async def _pass(self, passage: Passage, source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        """Carry one way to its end; a reset from one side becomes a reset to the other."""
        try:
            while data := await source.read(CHUNK):
                await self._flowing.wait()
                if not passage.mute:
                    passage.latest = time.monotonic()
                    to.write(data)
                    await to.drain()
        except ConnectionError:
            passage.end("rst")
        with contextlib.suppress(OSError, RuntimeError):
            if not passage.mute:
                to.close()


async def main() -> None:
    """Work until standard input ends; each line of it is an order, and is answered."""
    proxy = Proxy()
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    limiting = None
    while line := await lines.readline():
        sys.stdout.write(f"{await proxy.obey(json.loads(line))}\n")
        sys.stdout.flush()
        limiting = limiting or asyncio.create_task(proxy.limit())


if __name__ == "__main__":
    asyncio.run(main())
