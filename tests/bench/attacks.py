"""Clients that a server would rather not have: python -m tests.bench.attacks NAME HOST PORT."""

import asyncio
import os
import ssl
import sys
from collections.abc import Awaitable, Callable
from typing import Final

MANY: Final = 500
AGAIN: Final = 5.0
"""Seconds from one crowd of scrapes to the next."""
SLOWLY: Final = 1.0
"""Seconds from byte to byte."""
READ_AHEAD: Final = 4096
REQUEST: Final = b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
NICE: Final = 10
"""What the machine has to give goes to who is attacked: its work is measured, not ours."""

Where = tuple[str, int]


async def slow_writers(where: Where) -> None:
    """Send a request byte by byte."""
    await _crowd(_write_slowly, where)


async def slow_readers(where: Where) -> None:
    """Ask for much, and read it byte by byte."""
    await _crowd(_read_slowly, where)


async def scrapes(where: Where) -> None:
    """Scrape, all at once."""
    loop = asyncio.get_running_loop()
    while True:
        begun = loop.time()
        await asyncio.gather(*(_scrape(where) for _ in range(MANY)), return_exceptions=True)
        await asyncio.sleep(max(0.0, begun + AGAIN - loop.time()))


async def garbage(where: Where) -> None:
    """Say what makes no sense, and go."""
    while True:
        _, writer = await asyncio.open_connection(*where)
        writer.write(os.urandom(300))
        writer.close()
        await asyncio.sleep(0.001)


async def handshakes(where: Where) -> None:
    """Shake hands by TLS, and go; eight at a time, without a rest."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    async def shake(to: Where) -> None:
        _, writer = await asyncio.open_connection(*to, ssl=context)
        writer.transport.abort()

    await asyncio.gather(*(_again(shake, where) for _ in range(8)))


ATTACKS: Final[dict[str, Callable[[Where], Awaitable[None]]]] = {
    "slow writers": slow_writers,
    "slow readers": slow_readers,
    "scrapes at once": scrapes,
    "garbage": garbage,
    "handshakes": handshakes,
}


async def _crowd(client: Callable[[Where], Awaitable[None]], where: Where) -> None:
    await asyncio.gather(*(_again(client, where) for _ in range(MANY)))


async def _again(client: Callable[[Where], Awaitable[None]], where: Where) -> None:
    while True:
        try:
            await client(where)
        except OSError:
            await asyncio.sleep(SLOWLY)


async def _write_slowly(where: Where) -> None:
    _, writer = await asyncio.open_connection(*where)
    try:
        writer.write(b"GET /metrics HTTP/1.1\r\nX: ")
        while True:
            await asyncio.sleep(SLOWLY)
            writer.write(b"x")
            await writer.drain()
    finally:
        writer.close()


async def _read_slowly(where: Where) -> None:
    reader, writer = await asyncio.open_connection(*where, limit=READ_AHEAD)
    try:
        writer.write(REQUEST)
        while await reader.read(1):
            await asyncio.sleep(SLOWLY)
    finally:
        writer.close()


async def _scrape(where: Where) -> None:
    reader, writer = await asyncio.open_connection(*where)
    try:
        writer.write(REQUEST)
        while await reader.read(1 << 20):
            pass
    finally:
        writer.close()


if __name__ == "__main__":
    os.nice(NICE)
    asyncio.run(ATTACKS[sys.argv[1]]((sys.argv[2], int(sys.argv[3]))))  # type: ignore[arg-type]
