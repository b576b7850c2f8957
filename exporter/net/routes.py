"""Whether packets of a connection can leave this host: an interface that goes down takes its routes along."""

import errno
import socket
from typing import Final

from exporter.net.tcp_info import borrowed

NO_WAY: Final = {errno.EADDRNOTAVAIL, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENETUNREACH}
"""What the kernel says where this host has lost the connection's own address, or every route to its peer."""


def routed(descriptor: int) -> bool:
    """Whether this host has the address that a connection leaves from, and a route from it to its peer.

    Sends nothing. True as well where that cannot be told.
    """
    try:
        with borrowed(descriptor) as sock:
            here, there = sock.getsockname(), sock.getpeername()
        if not isinstance(there, tuple):
            return True  # no address: it stays on this host
        with socket.socket(_family(there), socket.SOCK_DGRAM) as asking:
            asking.bind((here[0], 0, *here[2:]))
            asking.connect(there)
    except OSError as error:
        return error.errno not in NO_WAY
    return True


def _family(where: tuple[object, ...]) -> socket.AddressFamily:
    return socket.AF_INET if len(where) == 2 else socket.AF_INET6
