"""Byte streams whose every read and write waits under the session's clock.

They look like blocking sockets to a driver that knows only those, but never block: a driver's own
timeouts start anew with each byte, ours do not.
"""

import errno
import socket
import ssl
from typing import Any, Protocol

from exporter.model import Cause, ProbeError
from exporter.net.phases import PhaseClock, closed_by_peer
from exporter.net.tls import tls_error
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


class TlsStream(ssl.SSLSocket):
    """The same over TLS; an SSLContext makes these once its `sslsocket_class` says so."""

    clock: PhaseClock
    received = 0

    def settimeout(self, value: float | None) -> None:  # noqa: ARG002  socket's own signature
        """Stay non-blocking whatever a driver asks for: the clock decides how long to wait."""
        super().settimeout(0)

    def do_handshake(self, block: bool = False) -> None:  # noqa: ARG002  ssl's own signature
        """Complete the handshake, or raise ProbeError with the reason OpenSSL gives."""
        self._patiently(super().do_handshake)

    def recv_into(self, *args: Any) -> int:
        """Read what is there, waiting for it if need be; raise ProbeError instead of reporting an end."""
        self.clock.check(self.fileno())
        return _counted(self, self.clock, int(self._patiently(super().recv_into, *args)))

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send everything, waiting for room if need be."""
        view = memoryview(data)
        while view:
            view = view[int(self._patiently(super().send, view, flags)) :]

    def _patiently(self, call: Any, *args: Any) -> Any:
        while True:
            try:
                return call(*args)
            except ssl.SSLWantReadError:
                self.clock.wait(self.fileno(), READABLE)
            except ssl.SSLWantWriteError:
                self.clock.wait(self.fileno(), WRITABLE)
            except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
                raise closed_by_peer(self.clock.phase, self.fileno()) from None
            except ssl.SSLError as error:
                raise tls_error(error) from None
            except OSError as error:
                raise _broken(self, self.clock, error) from None


def secure(stream: Stream, context: ssl.SSLContext, server_hostname: str) -> TlsStream:
    """Turn a stream into a TLS stream: the handshake is done when this returns.

    `context` must make TlsStreams (see `exporter.net.tls.client_context`).
    """
    clock = stream.clock
    try:
        secured = context.wrap_socket(stream, server_hostname=server_hostname, do_handshake_on_connect=False)
    except OSError as error:
        # The peer has gone since it was asked for TLS; the ssl module looks before it begins.
        raise _broken(stream, clock, error) from None
    assert isinstance(secured, TlsStream)  # noqa: S101  a context made elsewhere would wait without a deadline
    secured.clock = clock
    try:
        secured.do_handshake()
    except BaseException:
        secured.close()
        raise
    return secured


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


def _counted(stream: Stream | TlsStream, clock: PhaseClock, count: int) -> int:
    if count == 0:
        # Through TLS a reset reads like an end, too; the kernel knows.
        reset = None if isinstance(stream, TlsStream) else False
        raise closed_by_peer(clock.phase, stream.fileno(), reset=reset)
    stream.received += count
    if stream.received > MOST_BYTES:
        raise too_much()
    return count


def _broken(stream: socket.socket, clock: PhaseClock, error: OSError) -> ProbeError:
    if error.errno in (errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN):
        return closed_by_peer(clock.phase, stream.fileno(), reset=True)
    if error.errno == errno.ETIMEDOUT:
        return ProbeError(Cause.NET_BLACKHOLE, f"connection timed out in phase {clock.phase}")
    return ProbeError(Cause.UNKNOWN, f"{error.strerror} in phase {clock.phase}", code=str(error.errno))
