"""Whether packets of a connection can leave this host: an interface that goes down takes its routes along."""

import errno
import socket
from typing import Final

NO_WAY: Final = {errno.EADDRNOTAVAIL, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENETUNREACH}
"""What the kernel says where this host has lost the connection's own address, or every route to its peer."""


def routed(descriptor: int) -> bool:
    """Whether this host has the address that a connection leaves from, and a route from it to its peer.

    Sends nothing. True as well where that cannot be told.
    """
    try:
        sock = socket.socket(fileno=descriptor)  # which finds its family out: addresses are cut to it
        try:
            family, here, there = sock.family, sock.getsockname(), sock.getpeername()
        finally:
            sock.detach()
        if family not in (socket.AF_INET, socket.AF_INET6):
            return True  # it stays on this host
        with socket.socket(family, socket.SOCK_DGRAM) as asking:
            asking.bind((here[0], 0, *here[2:]))
            asking.connect(there)
    except OSError as error:
        return error.errno not in NO_WAY
    return True
