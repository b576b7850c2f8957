"""Connects that no server notices: begun, timed by the kernel, and aborted before they are complete."""

import errno
import socket
import struct
from typing import Any, Final

RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
"""A struct linger: on, and for no time."""


def knock(sock: socket.socket, where: Any) -> None:
    """Begin to connect a socket that does not block; raise OSError where this host refuses to.

    The third packet of the handshake is held back, and closing sends a reset in its place. Nothing is
    accepted, so no database counts an error. Close it within 40 ms of the answer.
    """
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    # Makes the kernel delay its acknowledgement of the server's SYN, by 40 to 200 ms.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)
    number = sock.connect_ex(where)
    if number not in (0, errno.EINPROGRESS):
        raise OSError(number, "connect")
