"""Speaks as much of PostgreSQL's protocol as a session takes: lets everybody in, with TLS, and answers 1.

python -m tests.bench.postgres_double ADDRESS PORT CERTIFICATE KEY

A real server begins a process for each login: that would take the machine from what is measured.
"""

import asyncio
import contextlib
import ssl
import struct
import sys
from itertools import count

BACKLOG = 4096
STARTUP = struct.Struct("!II")
ENCRYPT = 80877103
"""What a client says in place of a version when it wants TLS."""
NUMBERS = count(1000)
PARAMETERS = {
    "server_version": "15.0",
    "client_encoding": "UTF8",
    "DateStyle": "ISO, MDY",
    "integer_datetimes": "on",
    "standard_conforming_strings": "on",
}


def message(kind: bytes, body: bytes) -> bytes:
    """Write one message: its kind, its length, its body."""
    return kind + struct.pack("!I", 4 + len(body)) + body


READY = message(b"Z", b"I")
COLUMN = message(b"T", struct.pack("!H", 1) + b"one\0" + struct.pack("!IHIHIH", 0, 0, 23, 4, 0xFFFFFFFF, 0))
ROW = message(b"D", struct.pack("!HI", 1, 1) + b"1")
ANSWER = COLUMN + ROW + message(b"C", b"SELECT 1\0") + READY
DONE = message(b"C", b"SET\0") + READY


async def serve(address: str, port: int, context: ssl.SSLContext) -> None:
    """Serve for ever."""

    async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Connects that only knock go as they like.
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ssl.SSLError):
            await _session(reader, writer, context)
        writer.close()

    server = await asyncio.start_server(met, address, port, backlog=BACKLOG)
    await server.serve_forever()


async def _session(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, context: ssl.SSLContext
) -> None:
    length, version = STARTUP.unpack(await reader.readexactly(STARTUP.size))
    if version == ENCRYPT:
        writer.write(b"S")
        await writer.start_tls(context)
        length, version = STARTUP.unpack(await reader.readexactly(STARTUP.size))
    await reader.readexactly(length - STARTUP.size)
    writer.write(_welcome())
    while (head := await reader.readexactly(5))[:1] != b"X":
        said = await reader.readexactly(int.from_bytes(head[1:], "big") - 4)
        writer.write(ANSWER if said.startswith(b"SELECT") else DONE)


def _welcome() -> bytes:
    told = (message(b"S", f"{name}\0{value}\0".encode()) for name, value in PARAMETERS.items())
    key = message(b"K", struct.pack("!II", next(NUMBERS), 0))
    return message(b"R", struct.pack("!I", 0)) + b"".join(told) + key + READY


def main(address: str, port: str, certificate: str, key: str) -> None:
    """Serve until told to stop."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    asyncio.run(serve(address, int(port), context))


if __name__ == "__main__":
    main(*sys.argv[1:])
