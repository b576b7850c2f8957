"""Packet times from the kernel (SO_TIMESTAMPING), and what else a socket's error queue tells.

The layouts are Linux's (linux/errqueue.h, linux/net_tstamp.h) on 64-bit machines.
"""

import socket
import struct
import time
from collections.abc import Callable, Sequence
from typing import Final

SO_TIMESTAMPING: Final = 37
SO_TIMESTAMPNS: Final = 35
WAYS: Final = (SO_TIMESTAMPING, SO_TIMESTAMPNS)
"""Socket options that make the kernel stamp packets: departures and arrivals, or arrivals only."""
SO_MEMINFO: Final = 55
SO_RCVBUFFORCE: Final = 33
SO_SNDBUFFORCE: Final = 32
MSG_ERRQUEUE: Final = 0x2000

TX_SOFTWARE: Final = 1 << 1
RX_SOFTWARE: Final = 1 << 3
SOFTWARE: Final = 1 << 4
OPT_ID: Final = 1 << 7
OPT_TSONLY: Final = 1 << 11
STAMPS: Final = TX_SOFTWARE | RX_SOFTWARE | SOFTWARE | OPT_TSONLY

CONTROL_BYTES: Final = 64
"""Room for the control message of a stamp."""
ERROR_BYTES: Final = 128
"""Room for a stamp and an extended error with its offender, in this order."""
ARRIVAL: Final = struct.Struct("=8xiiqq32x")
"""Of a packet's stamp: level and type of the control message, seconds, nanoseconds."""
ERROR: Final = struct.Struct("=8xiiqq40xiiIBBBxII28x4x")
"""Of an error's: the same; level, type, errno, origin, ICMP type and code, info, data; offender left out."""
_UNSTAMPED: Final = struct.Struct("=4xBBB")
"""Of an extended error by itself: origin, ICMP type and code."""
_OFFENDER: Final = 16
"""Where the offender's sockaddr begins behind the start of an extended error."""
_CONTROL: Final = struct.Struct("=Qii")
"""Of any control message: its length with this, level, type."""

_MEMORY: Final = struct.Struct("=II24xI")
"""Of SO_MEMINFO: bytes in the receive buffer, its size, packets dropped (SK_MEMINFO_…)."""

LEAST_STEP: Final = 1_000_000
"""Nanoseconds by which the wall clock must jump against the monotonic one to count as stepped."""
NARROW: Final = 10_000
"""Nanoseconds between two looks at the clocks that are as good as none."""


class Stamping:
    """The kernel's stamps of one socket: of departure and arrival, of arrival only, or none.

    `ways` are the socket options to try, best first. Departures are numbered by the kernel as it takes
    packets to send (SOF_TIMESTAMPING_OPT_ID); after a refused send its count may or may not have moved on,
    so that both sides begin anew then.
    """

    def __init__(self, sock: socket.socket, ways: Sequence[int] = WAYS) -> None:
        self._socket = sock
        self._base = 0
        self.way = next((way for way in ways if self._offered(way)), None)

    def begin(self, number: int) -> None:
        """Let the next packet sent have `number`, the ones after it the numbers after it."""
        if self.way == SO_TIMESTAMPING:
            self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, STAMPS)
            self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, STAMPS | OPT_ID)
            self._base = number

    def number(self, stamped: int) -> int:
        """Give the number, up to 2**32, of the packet that the kernel calls `stamped`."""
        return self._base + stamped & 0xFFFFFFFF

    def _offered(self, way: int) -> bool:
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, way, STAMPS if way == SO_TIMESTAMPING else 1)
        except OSError:
            return False
        return True


def extended(control: bytes | bytearray) -> tuple[int, int, int, bytes | bytearray]:
    """Read the control data of an error: origin, ICMP type and code, and the offender's sockaddr.

    The kernel stamps an error like any arrival: not before it has taken up stamping, which it does some
    milliseconds after being asked if nobody else on the host has been.
    """
    length, level, _ = _CONTROL.unpack_from(control)
    start = _CONTROL.size + (length + 7 & ~7 if level == socket.SOL_SOCKET else 0)
    return (*_UNSTAMPED.unpack_from(control, start), control[start + _OFFENDER :])


def enlarge(sock: socket.socket, size: int) -> None:
    """Ask for a receive buffer of `size` bytes, and take what the system allows."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, size)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)


class Overflow:
    """Notices when packets have found the receive buffer of a socket full."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._drops = 0

    def happened(self) -> bool:
        """Tell whether it has since the last time; to be asked before anything is taken out of the buffer.

        The kernel counts other drops in the same place, as of damaged packets: it is an overflow only if the
        buffer is full, as it must be then.
        """
        memory = _MEMORY.unpack(self._socket.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, _MEMORY.size))
        filled, size, drops = memory
        before, self._drops = self._drops, drops
        return bool(drops != before and filled > size // 2)


def enlarge_sending(sock: socket.socket, size: int) -> None:
    """Ask for room for `size` bytes that have not left yet, and take what the system allows.

    Packets to a neighbour that does not answer ARP wait in it for seconds, and those to others behind them.
    """
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, size)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, size)


class Steps:
    """Notices when the wall clock (`wall`, in nanoseconds), which all stamps are read from, has been set.

    Who is kept from running between two looks at the clocks does not take that for a step.
    """

    def __init__(self, wall: Callable[[], int] = time.time_ns) -> None:
        self._wall = wall
        self._doubt, self._offset = self._measured()

    def taken(self) -> float:
        """Give the seconds by which the clock has been set since the last time; 0 for none."""
        doubt, offset = self._measured()
        step = offset - self._offset
        stepped = abs(step) >= LEAST_STEP + doubt + self._doubt
        if stepped or doubt <= max(self._doubt, NARROW):  # a clock that is only slewed is followed
            self._doubt, self._offset = doubt, offset
        return step / 1e9 if stepped else 0.0

    def _measured(self) -> tuple[int, int]:
        """Read both clocks with the least delay between them: give that, and by how much they differ."""
        readings = []
        for _ in range(5):
            before, wall, after = time.monotonic_ns(), self._wall(), time.monotonic_ns()
            readings.append((after - before, wall - (before + after) // 2))
            if after - before <= NARROW:
                break
        return min(readings)
