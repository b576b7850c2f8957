"""What the kernel does on a connection that is silent: nothing, unless it is told to."""

import contextlib
import math
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from exporter.model.tcp import ASKED_AFTER
from exporter.net.tcp_info import borrowed

PROBES: Final = 3
"""Unanswered probes after which the kernel gives a connection up."""
WAITING: Final = (
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 0),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 127),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, int(ASKED_AFTER)),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, int(ASKED_AFTER)),
)
"""What is set while somebody waits; only where probing is on already the last counts from the last word."""
MOST: Final = {socket.TCP_KEEPIDLE: 32767, socket.TCP_KEEPINTVL: 32767, socket.TCP_KEEPCNT: 127}
"""What a connection can be told at most; a host may be told more for all of its connections."""
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


@contextlib.contextmanager
def asked_for(descriptor: int) -> Iterator[None]:
    """Have the kernel ask every second whether the peer's host is there, while somebody waits for a word.

    It does not give the connection up for that within two minutes. Afterwards all is as it was. Does nothing
    where it is not TCP.
    """
    before: list[tuple[int, int, int]] = []
    with contextlib.suppress(OSError), borrowed(descriptor) as sock:
        before = [(level, name, sock.getsockopt(level, name)) for level, name, _ in WAITING]
        for level, name, value in WAITING:
            sock.setsockopt(level, name, value)
    try:
        yield
    finally:
        for level, name, value in before:
            with contextlib.suppress(OSError), borrowed(descriptor) as sock:
                sock.setsockopt(level, name, min(value, MOST.get(name, value)))


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
