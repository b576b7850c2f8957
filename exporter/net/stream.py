"""Byte streams whose every read and write waits under the session's clock.

They look like blocking sockets to a driver that knows only those, but never block: a driver's own
timeouts start anew with each byte, ours do not.
"""

import errno
import socket
from typing import Any, Final, Protocol

from exporter.model import Cause, Phase, ProbeError
from exporter.net.phases import PhaseClock, closed_by_peer
from exporter.net.waiting import READABLE, WRITABLE

MOST_BYTES = 1024 * 1024
"""What a server may send in one session; a hostile one could fill our memory otherwise."""


def too_much() -> ProbeError:
    """Say that the server has sent more than a probe may take in."""
    return ProbeError(Cause.UNKNOWN, f"the server sent more than {MOST_BYTES // 1024} KiB in one session")


class Stream(socket.socket):
    """A connected TCP socket under a PhaseClock."""

    clock: PhaseClock
    received = 0

    @classmethod
    def over(cls, sock: socket.socket, clock: PhaseClock) -> "Stream":
        """Take over a connected, non-blocking socket."""
        stream = cls(sock.family, sock.type, sock.proto, sock.detach())
        stream.settimeout(0)
        stream.clock = clock
        return stream

    def settimeout(self, value: float | None) -> None:  # noqa: ARG002  socket's own signature
        """Stay non-blocking whatever a driver asks for: the clock decides how long to wait."""
        super().settimeout(0)

    def recv_into(self, *args: Any) -> int:
        """Read what is there, waiting for it if need be; raise ProbeError instead of reporting an end."""
        self.clock.check(self.fileno())
        while True:
            try:
                count = super().recv_into(*args)
            except BlockingIOError:
                self.clock.wait(self.fileno(), READABLE)
            except OSError as error:
                raise _broken(self, self.clock, error) from None
            else:
                return _counted(self, self.clock, count)

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send everything, waiting for room if need be."""
        view = memoryview(data)
        while view:
            try:
                view = view[super().send(view, flags) :]
            except BlockingIOError:
                self.clock.wait(self.fileno(), WRITABLE)
            except OSError as error:
                raise _broken(self, self.clock, error) from None


class NotYet(Exception):
    """What may not wait would have to."""


class NoTime(PhaseClock):
    """A clock for what may not wait: where another would wait, it raises NotYet."""

    def __init__(self) -> None:
        self.phase = Phase.QUERY

    def wait(self, *_: Any, **__: Any) -> None:
        """Raise NotYet."""
        raise NotYet

    def check(self, descriptor: int) -> None:
        """Do nothing: it is never too late."""


NO_TIME: Final = NoTime()


class Line(Protocol):
    """What bytes can be read from and written to under a clock: a Stream, or TLS over one."""

    clock: PhaseClock

    def recv_into(self, buffer: memoryview) -> int:
        """Read at least one byte; raise ProbeError when none comes."""
        ...

    def sendall(self, data: bytes) -> None:
        """Send everything."""
        ...


def exactly(line: Line, count: int) -> bytes:
    """Read so many bytes and not one more; raise ProbeError when they do not come."""
    data = bytearray(count)
    view = memoryview(data)
    while view:
        view = view[line.recv_into(view) :]
    return bytes(data)


def drain(sock: socket.socket, clock: PhaseClock) -> None:
    """Read and drop what still comes until the peer closes; a reset is an end, too."""
    sock.setblocking(False)
    while True:
        clock.check(sock.fileno())
        try:
            if not socket.socket.recv(sock, 65536):
                return
        except BlockingIOError:
            clock.wait(sock.fileno(), READABLE)
        except OSError:
            return


def has_closed(sock: socket.socket) -> bool:
    """Drop what has come after a goodbye; give False, or raise ProbeError once the peer has closed."""
    try:
        if socket.socket.recv(sock, 65536, socket.MSG_DONTWAIT):
            return False
    except BlockingIOError:
        return False
    except OSError:
        pass  # a reset is an end, too
    raise ProbeError(Cause.UNKNOWN, "closed after our goodbye")


def _counted(stream: Stream, clock: PhaseClock, count: int) -> int:
    if count == 0:
        raise closed_by_peer(clock.phase, stream.fileno(), reset=False)
    stream.received += count
    if stream.received > MOST_BYTES:
        raise too_much()
    return count


def _broken(stream: Stream, clock: PhaseClock, error: OSError) -> ProbeError:
    if error.errno in (errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN):
        return closed_by_peer(clock.phase, stream.fileno(), reset=True)
    if error.errno == errno.ETIMEDOUT:
        return ProbeError(Cause.NET_BLACKHOLE, f"connection timed out in phase {clock.phase}")
    return ProbeError(Cause.UNKNOWN, f"{error.strerror} in phase {clock.phase}", code=str(error.errno))
