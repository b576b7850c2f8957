"""What the kernel does on a connection that is silent: nothing, unless it is told to."""

import math
import socket
from pathlib import Path
from typing import Final

from exporter.net.tcp_info import borrowed

PROBES: Final = 3
"""Unanswered probes after which the kernel gives a connection up."""
TIME: Final = Path("/proc/sys/net/ipv4/tcp_keepalive_time")
"""Of the network that the asking thread is in; good for IPv6, too."""


def keep_alive(descriptor: int, seconds: float | None) -> None:
    """Have a silent connection probed every so many seconds (whole ones, upwards); never if None.

    Whatever the URL has asked for is overruled, `tcp_user_timeout` too: who measures silence wants all of it.
    """
    with borrowed(descriptor) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, seconds is not None)
        if seconds is not None:
            whole = max(1, math.ceil(seconds))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, whole)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, whole)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, PROBES)


def keepalive_time(path: Path = TIME) -> float | None:
    """Tell after how many silent seconds the kernel probes a connection for which nobody has chosen a time.

    None where it does not tell.
    """
    try:
        return float(path.read_text())
    except (OSError, ValueError):
        return None


def error_of(descriptor: int) -> int:
    """Take the error that has ended a connection from the kernel, which gives it once; 0 if there is none."""
    with borrowed(descriptor) as sock:
        return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
