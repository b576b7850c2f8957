"""One ICMP socket shared by all targets of an IP version: echoes go out, replies and stamps come in."""

import errno
import os
import secrets
import socket
import time
from collections.abc import Callable, Sequence
from struct import Struct
from typing import Final, Generic, TypeVar

from exporter.model import Cause, ProbeError
from exporter.net.batch import NAME_BYTES, Batch
from exporter.net.flight import Flight, Place
from exporter.net.icmp import HEADER, KEY_BYTES, REPLY, EchoPackets, IcmpSocket
from exporter.net.icmp_errors import ADDRESSES, ADVICE, ORIGIN_STAMP, VERSIONS, IcmpError, address_in
from exporter.net.stamps import (
    ARRIVAL,
    CONTROL_BYTES,
    ERROR,
    ERROR_BYTES,
    MSG_ERRQUEUE,
    WAYS,
    Overflow,
    Stamping,
    enlarge,
    enlarge_sending,
    extended,
)
from exporter.said.system import CAUSES

J = TypeVar("J")

MASK: Final = 0xFFFFFFFF
AT_ONCE: Final = 64
"""Messages taken in by one system call."""
MOST_CALLS: Final = 64
"""Calls in one go: whoever floods us must not keep us from sending."""
BUFFER: Final = 4 * 2**20
"""Bytes asked for to hold what arrives between two ticks; the system may allow less."""
DATA_BYTES: Final = 128
PACKET: Final = Struct("!BxxxHH4sI112s")
"""Of a reply: type, identifier, sequence number, key, number, padding."""
RAW_PACKET: Final = Struct("!20xBxxxHH4sI92s")
"""The same behind an IPv4 header (nobody puts options into the answer to a request without)."""
TRIES: Final = 3
"""Sends of one echo: each may be told the error of an earlier packet instead of being carried out."""
SLACK: Final = 0.001
"""Seconds by which a delay may exceed the time that has passed, the two being read at different moments."""


Answered = Callable[[Flight[J], float | None, bool], None]
Refused = Callable[[Flight[J], ProbeError], None]


class Exchange(Generic[J]):
    """Sends echoes to any number of places and recognises the replies.

    A reply is ours if identifier, sequence number, source and the payload agree: a random key, and the
    number of the request. Delays are the kernel's stamp of arrival less its stamp of departure; where it
    gives none of departure, our own reading before sending stands in.
    """

    def __init__(
        self, version: int, answered: Answered[J], refused: Refused[J], ways: Sequence[int] = WAYS
    ) -> None:
        """Open the socket; raise ProbeError where the system has none for us.

        Replies are handed to `answered` with their delay in seconds, None where it is unknowable, and
        whether the kernel stamped the arrival; what routers have refused to `refused`. `ways` are the kinds
        of kernel stamps to ask for, best first.
        """
        self._answered = answered
        self._refused = refused
        self._icmp = IcmpSocket(version)
        self._socket = self._icmp.socket
        self.family = socket.AF_INET if version == 4 else socket.AF_INET6
        enlarge(self._socket, BUFFER)
        enlarge_sending(self._socket, BUFFER)
        self._key = secrets.token_bytes(KEY_BYTES)
        self._packets: dict[int, EchoPackets] = {}
        self._flights: dict[int, Flight[J]] = {}
        self._counter = secrets.randbelow(MASK)
        self._stamps = Stamping(self._socket, ways)
        self._stamps.begin(self._counter)
        self._packet = RAW_PACKET if self._icmp.raw and version == 4 else PACKET
        self._padding = bytes(92 if self._packet is RAW_PACKET else 112)
        self._arrivals = Batch(AT_ONCE, DATA_BYTES, CONTROL_BYTES)
        self._departures = Batch(AT_ONCE, DATA_BYTES, ERROR_BYTES)
        self._overflow = Overflow(self._socket)
        self._overflowed = 0.0

    def place(self, address: str) -> Place:
        """Make `address`, a numeric one of this IP version, a place to send to (see `numeric`)."""
        return Place(self, address)

    def send(self, flight: Flight[J], size: int, timeout: float) -> None:
        """Send the echo of `flight` with `size` bytes of payload; raise ProbeError when it is refused."""
        packets = self._packets.get(size)
        if packets is None:
            packets = self._packets[size] = EchoPackets(self._icmp, self._key, size)
        counter = flight.counter = self._counter
        packet = packets.numbered(counter)
        flight.since = time.monotonic()
        flight.sent = time.time_ns()
        try:
            self._socket.sendto(packet, flight.place.where)
        except OSError:
            self._send_again(flight, packet)
        # Of its own moment: since the tick began the process may have stood still.
        flight.until = time.monotonic() + timeout
        self._flights[counter] = flight
        self._counter = counter + 1 & MASK

    def take_in(self) -> None:
        """Take in all that has come, and hand it on."""
        if self._overflow.happened():
            self._overflowed = time.monotonic()
        for _ in range(MOST_CALLS):
            if self._take_departures() < AT_ONCE:
                break
        for _ in range(MOST_CALLS):
            if self._take_arrivals() < AT_ONCE:
                break
        else:
            self._overflowed = time.monotonic()  # more may be waiting than one go takes in

    def overflowed_since(self, flight: Flight[J]) -> bool:
        """Tell whether there were more packets since `flight` left than could be kept, or taken in."""
        return self._overflowed >= flight.since

    def doubt_stamps(self) -> None:
        """Believe no delay of what is in flight: the wall clock has been set."""
        for flight in self._flights.values():
            flight.doubtful = True

    def fileno(self) -> int:
        """Descriptor that becomes ready when something has come."""
        return self._socket.fileno()

    def forget(self, flight: Flight[J]) -> None:
        """Expect nothing more of `flight`."""
        self._flights.pop(flight.counter, None)

    def close(self) -> None:
        """Give the socket back."""
        self._icmp.close()

    def _send_again(self, flight: Flight[J], packet: bytearray) -> None:
        number = 0
        for _ in range(TRIES - 1):
            self._renumber(flight.counter)
            flight.sent = time.time_ns()
            try:
                self._socket.sendto(packet, flight.place.where)
            except OSError as error:
                number = error.errno or 0
            else:
                return
        self._renumber(flight.counter)
        cause = Cause.CLIENT_RESOURCES if number == errno.EAGAIN else CAUSES.get(number, Cause.UNKNOWN)
        if number in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL):
            cause = Cause.CLIENT_LOCAL_NETWORK  # no route, or no address of ours to send from
        detail = f"{flight.place.address}: echo not sent: {os.strerror(number)}"
        raise ProbeError(cause, detail, code=errno.errorcode.get(number, str(number)))

    def _renumber(self, counter: int) -> None:
        while self._take_departures() == AT_ONCE:  # what left before is known by its old number
            pass
        self._stamps.begin(counter)

    def _take_departures(self) -> int:
        batch, flights, stamps = self._departures, self._flights, self._stamps
        count = batch.take(self._socket.fileno(), MSG_ERRQUEUE)
        fields = ERROR.iter_unpack(memoryview(batch.control)[: count * ERROR_BYTES])
        for index, (_, _, seconds, nanoseconds, _, _, _, origin, _, _, _, data) in enumerate(fields):
            if origin != ORIGIN_STAMP:
                self._take_refusal(index)
                continue
            flight = flights.get(stamps.number(data))
            departure = seconds * 1_000_000_000 + nanoseconds
            # A stamp from before our own reading is another packet's: the numbering began anew meanwhile.
            if flight is not None and departure >= flight.sent:
                flight.departure = departure
        return count

    def _take_refusal(self, index: int) -> None:
        control = self._departures.control[index * ERROR_BYTES : (index + 1) * ERROR_BYTES]
        origin, kind, code, offender = extended(control)
        if origin not in VERSIONS:
            return
        start = index * DATA_BYTES
        quoted = self._departures.data[start : start + HEADER.size]  # routers need quote no more of it
        _, _, _, identifier, sequence = HEADER.unpack(quoted)
        # The latest of ours with this sequence number.
        flight = self._flights.get((self._counter - 1) - ((self._counter - 1 - sequence) & 0xFFFF) & MASK)
        start = index * NAME_BYTES + ADDRESSES[self.family].start
        destination = self._departures.names[start : index * NAME_BYTES + ADDRESSES[self.family].stop]
        if (
            flight is not None
            and identifier == self._icmp.identifier
            and destination == flight.place.packed
            and (VERSIONS[origin], kind) not in ADVICE
        ):
            error = IcmpError(offender=address_in(offender), version=VERSIONS[origin], kind=kind, code=code)
            self._refused(flight, error.refusing(flight.place.address))

    def _take_arrivals(self) -> int:
        batch, flights = self._arrivals, self._flights
        count = batch.take(self._socket.fileno())
        packets = self._packet.iter_unpack(memoryview(batch.data)[: count * DATA_BYTES])
        stamps = ARRIVAL.iter_unpack(memoryview(batch.control)[: count * CONTROL_BYTES])
        reply, own, key, names = REPLY[self._icmp.version], self._icmp.identifier, self._key, batch.names
        answered, where, now = self._answered, ADDRESSES[self.family], time.monotonic()
        start, length = where.start - NAME_BYTES, where.stop - where.start
        for (kind, identifier, sequence, token, counter, padding), (_, _, seconds, nanoseconds) in zip(
            packets, stamps, strict=True
        ):
            start += NAME_BYTES
            flight = flights.get(counter)
            if (
                flight is None
                or token != key
                or kind != reply
                or identifier != own
                or sequence != counter & 0xFFFF
                or padding != self._padding  # raw sockets are given damaged packets, too
                or names[start : start + length] != flight.place.packed
            ):
                continue
            answered(flight, self._delay(flight, seconds * 1_000_000_000 + nanoseconds, now), seconds > 0)
        return count

    def _delay(self, flight: Flight[J], arrival: int, now: float) -> float | None:
        if not arrival:
            # Where the kernel gives no stamps our own clock, which cannot be set, has to do. Where it does
            # it may still owe one, having just begun: then the time of arrival is not known.
            return now - flight.since if self._stamps.way is None else None
        rtt = (arrival - (flight.departure or flight.sent)) / 1e9
        return rtt if 0.0 <= rtt <= now - flight.since + SLACK and not flight.doubtful else None
