"""What the kernel does on a connection that is silent: nothing, unless it is told to."""

import contextlib
import math
import socket
from collections.abc import Iterator
from typing import Final

PROBES: Final = 3
"""Unanswered probes after which the kernel gives a connection up."""


def keep_alive(descriptor: int, seconds: float | None) -> None:
    """Have a silent connection probed every so many seconds (whole ones, upwards); never if None.

    Whatever the URL has asked for is overruled, `tcp_user_timeout` too: who measures silence wants all of it.
    """
    with _lent(descriptor) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, seconds is not None)
        if seconds is not None:
            whole = max(1, math.ceil(seconds))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, whole)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, whole)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, PROBES)


def error_of(descriptor: int) -> int:
    """Take the error that has ended a connection from the kernel, which gives it once; 0 if there is none."""
    with _lent(descriptor) as sock:
        return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


@contextlib.contextmanager
def _lent(descriptor: int) -> Iterator[socket.socket]:
    """Use another's descriptor: no duplicate, because there may be no descriptor left for one."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, descriptor)
    try:
        yield sock
    finally:
        sock.detach()
