"""One question to one name server, for who asks now: over UDP, or over TCP."""

import errno
import socket
import time
from dataclasses import dataclass
from typing import Final

from exporter.model import Cause, Phase, ProbeError, Records
from exporter.net.dial import connect_error, dial, numeric
from exporter.net.dns_query import Inquiry
from exporter.net.phases import PhaseClock
from exporter.net.stream import Stream, exactly

LONGEST: Final = 65_535
MOST_STRAYS: Final = 100
"""Packets that are no answer, after which a server is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came, and the seconds until the server could be asked and from there to its answer."""

    records: Records
    connect: float
    request: float


def inquire(inquiry: Inquiry, address: str, port: int, clock: PhaseClock, *, over_tcp: bool) -> Answered:
    """Ask the server at a numeric address; raise ProbeError where no answer comes.

    An answer over UDP that was cut short is an answer. The question is sent once.
    """
    begun = time.perf_counter()
    clock.enter(Phase.TCP)
    if over_tcp:
        with Stream.over(dial(address, port, clock, clock.remaining()), clock) as stream:
            connected = time.perf_counter()
            clock.enter(Phase.QUERY)
            stream.sendall(len(inquiry.wire).to_bytes(2) + inquiry.wire)
            read = inquiry.read(exactly(stream, int.from_bytes(exactly(stream, 2))))
            if read is None:
                raise ProbeError(Cause.DNS_FAILURE, f"{address}: what it said over TCP is no answer")
            records = read[0]
    else:
        with _connected(address, port) as sock:
            connected = time.perf_counter()
            clock.enter(Phase.QUERY)
            records = _over_udp(inquiry, sock, clock, address)
    return Answered(records=records, connect=connected - begun, request=time.perf_counter() - connected)


def _connected(address: str, port: int) -> socket.socket:
    """Open a socket that hears this server alone."""
    family, where = numeric(address, port)
    try:
        sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    except OSError as error:
        raise connect_error(error.errno or 0, address, at_once=True) from None
    number = sock.connect_ex(where)
    if number:
        sock.close()
        raise connect_error(number, address, at_once=True)
    return sock


def _over_udp(inquiry: Inquiry, sock: socket.socket, clock: PhaseClock, address: str) -> Records:
    try:
        sock.send(inquiry.wire)
        for _ in range(MOST_STRAYS):
            clock.wait(sock.fileno())
            if (read := inquiry.read(sock.recv(LONGEST))) is not None:
                return read[0]
    except OSError as error:
        if error.errno != errno.ECONNREFUSED:
            raise connect_error(error.errno or 0, address, at_once=False) from None
        raise ProbeError(Cause.DNS_FAILURE, f"{address}: nobody listens there", code="ECONNREFUSED") from None
    raise ProbeError(Cause.DNS_FAILURE, f"{address}: {MOST_STRAYS} packets that are no answer")
