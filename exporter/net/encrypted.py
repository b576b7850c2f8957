"""Connections to our own pages under TLS: OpenSSL between a socket and whoever serves it."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable
from typing import Any, Final

from OpenSSL import SSL

from exporter.net.tls import reasons

SPOKE_PLAINLY: Final = "http request"
"""OpenSSL's reason where somebody sends a request without TLS."""
ANSWER: Final = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
    b"this port speaks HTTPS\n"
)
MOST_AT_ONCE: Final = 1 << 20
"""Bytes that are given to OpenSSL at once, which counts them in an int."""


class Encrypted:
    """The server's side of a TLS connection after the handshake; it waits for nobody.

    The socket stays its owner's, who closes it, and waits for it.
    """

    def __init__(self, connection: SSL.Connection) -> None:
        self._connection = connection

    @property
    def terms(self) -> object:
        """What the client had to show to be let in: `Encryption.terms` of the settings at that time."""
        return self._connection.get_context().get_app_data()

    def receive(self, buffer: memoryview) -> int | None:
        """Read what is there; None is nothing yet, 0 the client's goodbye. Raises ConnectionError."""
        try:
            return int(self._connection.recv_into(buffer, len(buffer)))
        except (SSL.WantReadError, SSL.WantWriteError):
            return None
        except SSL.ZeroReturnError:
            return 0
        except SSL.Error as error:
            raise _broken(error) from None

    def send(self, data: memoryview) -> int:
        """Send what can be sent now, which may be nothing. Raises ConnectionError."""
        try:
            return int(self._connection.send(data[:MOST_AT_ONCE]))
        except (SSL.WantReadError, SSL.WantWriteError):
            return 0
        except SSL.Error as error:
            raise _broken(error) from None

    def say_goodbye(self) -> None:
        """Tell the client that there is no more; whoever has gone need not hear it."""
        with contextlib.suppress(SSL.Error, OSError):
            self._connection.shutdown()


async def shake_hands(sock: socket.socket, context: SSL.Context) -> Encrypted:
    """Complete a client's handshake on a socket that does not block; raises ConnectionError.

    It lasts for as long as the client likes: the deadline is the caller's.
    """
    connection = SSL.Connection(context, sock)
    connection.set_accept_state()
    loop = asyncio.get_running_loop()
    while True:
        try:
            connection.do_handshake()
        except SSL.WantReadError:
            await _ready(sock, loop.add_reader, loop.remove_reader)
        except SSL.WantWriteError:
            await _ready(sock, loop.add_writer, loop.remove_writer)
        except SSL.Error as error:
            broken = _broken(error)
            if SPOKE_PLAINLY in str(broken):
                with contextlib.suppress(OSError):
                    sock.send(ANSWER)
            raise broken from None
        else:
            return Encrypted(connection)


async def _ready(sock: socket.socket, watch: Callable[..., Any], forget: Callable[..., Any]) -> None:
    """Wait until a socket can be read, or written."""
    ready = asyncio.Event()
    watch(sock, ready.set)
    try:
        await ready.wait()
    finally:
        forget(sock)


def _broken(error: SSL.Error) -> ConnectionError:
    """Say in the words of sockets what has ended a connection."""
    if isinstance(error, SSL.SysCallError):
        return ConnectionResetError(errno.ECONNRESET, str(error.args[-1]))
    return ConnectionAbortedError(errno.ECONNABORTED, reasons(error))
