"""One packet that is let die at a router, and what comes back for it; no privilege is needed.

A socket is used again only once its packet has been answered, so that no answer can be mistaken for another
packet's. All packets to a target are one flow
to the routers: same ports, same checksum, no IPv6 flow label. So those that balance load send all of them the
same way, and no path is invented.
"""

import errno
import ipaddress
import socket
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Final

from exporter.model import Cause, Failure, Hop
from exporter.net.dial import connect_error, numeric
from exporter.net.icmp_errors import RECVERR, IcmpError, icmp_error
from exporter.net.stamps import SO_TIMESTAMPNS

HOP_LIMITS: Final = {
    socket.AF_INET: (socket.IPPROTO_IP, socket.IP_TTL),
    socket.AF_INET6: (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS),
}
ANY: Final = {socket.AF_INET: "0.0.0.0", socket.AF_INET6: "::"}  # noqa: S104  the kernel chooses the address
IPV6_AUTOFLOWLABEL: Final = 70  # Linux, linux/in6.h
CLOCK_ERROR: Final = 0.001
"""Seconds by which wall and monotonic clock may differ over one hop."""


@dataclass(slots=True, kw_only=True, eq=False)
class HopProbe:
    """A packet under way: `departed` is the wall clock, `since` and `until` are monotonic seconds."""

    ttl: int
    serial: int
    sock: socket.socket
    departed: float
    since: float
    until: float

    def rtt(self, arrived: float | None) -> float | None:
        """Give the seconds until `arrived`, None where a step of the wall clock made them unknowable."""
        rtt = -1.0 if arrived is None else arrived - self.departed
        return rtt if 0 <= rtt <= time.monotonic() - self.since + CLOCK_ERROR else None

    def hop(
        self, address: str | None, rtt: float | None, *, reached: bool = False, failure: Failure | None = None
    ) -> Hop:
        """Give the hop that answered; one that did so too late has been silent."""
        if rtt is not None and rtt > self.until - self.since:
            return Hop(ttl=self.ttl)
        return Hop(ttl=self.ttl, address=address, rtt=rtt, reached=reached, failure=failure)


class Flow(ABC):
    """What all packets to one target have in common, and how their answers are read."""

    kind: ClassVar[socket.SocketKind]
    protocols: ClassVar[dict[socket.AddressFamily, int]]
    events: ClassVar[int]
    """What to poll a probe's socket for; errors come by themselves."""
    patience: ClassVar[float] = float("inf")
    """Most seconds that a hop can be given."""

    def __init__(self, address: str, port: int) -> None:
        """Aim at a numeric address; raise ProbeError if this host cannot."""
        self._family, self._where = numeric(address, port)
        self._own_port = 0
        self._serial = 0
        self.address = str(ipaddress.ip_address(address.partition("%")[0]))

    def send(self, ttl: int, timeout: float, sock: socket.socket | None = None) -> HopProbe:
        """Send a packet that lives for `ttl` hops; raise ProbeError where this host does not let it out.

        `sock` is the socket of the packet before, if a router has answered that; else there is a new one.
        """
        self._serial = self._serial % 0xFFFF + 1
        opened = sock
        try:
            opened = sock or self._open()
            self._ready(opened)
            opened.setsockopt(*HOP_LIMITS[self._family], ttl)
            departed, since = time.time(), time.monotonic()
            self._depart(opened, self._serial)
        except OSError as error:
            if opened is not None and sock is None:
                opened.close()
            raise connect_error(error.errno or 0, self.address, at_once=True) from None
        until = since + min(timeout, self.patience)
        return HopProbe(
            ttl=ttl, serial=self._serial, sock=opened, departed=departed, since=since, until=until
        )

    def answer(self, probe: HopProbe) -> Hop | None:
        """Read what has come for a probe; None if nothing of it decides the probe's fate."""
        while (error := icmp_error(probe.sock)) is not None:
            if self._quotes(error.quoted, probe.serial):
                return self._judged(error, probe)
        return self._reply(probe)

    def _open(self) -> socket.socket:
        sock = socket.socket(self._family, self.kind | socket.SOCK_NONBLOCK, self.protocols[self._family])
        try:
            sock.setsockopt(*RECVERR[self._family], 1)
            sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            if self._family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, IPV6_AUTOFLOWLABEL, 0)
            self._bind(sock)
            self._prepare(sock)
        except OSError:
            sock.close()
            raise
        return sock

    def _bind(self, sock: socket.socket) -> None:
        """Take the port that all packets have left from so far; a new one only if it is taken."""
        try:
            sock.bind((ANY[self._family], self._own_port or self._free_port()))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            sock.bind((ANY[self._family], self._free_port()))
        self._own_port = sock.getsockname()[1]

    def _free_port(self) -> int:
        """Find a port; a socket that has not chosen its own keeps it from one packet to the next."""
        with socket.socket(self._family, self.kind, self.protocols[self._family]) as sock:
            sock.bind((ANY[self._family], 0))
            return int(sock.getsockname()[1])

    def _judged(self, error: IcmpError, probe: HopProbe) -> Hop:
        rtt = probe.rtt(error.arrived)
        if error.expired:
            return probe.hop(error.offender, rtt)
        reached = error.offender == self.address
        if reached and error.port_unreachable and self.closed_is_usual:
            return probe.hop(error.offender, rtt, reached=True)
        ours = error.offender == probe.sock.getsockname()[0] and not reached
        said = f"{self.address}: {'this host' if ours else error.offender} says: {error.words}"
        failure = Failure(phase=None, cause=Cause.NET_UNREACHABLE, detail=said)
        return probe.hop(None if ours else error.offender, rtt, reached=reached, failure=failure)

    closed_is_usual: ClassVar[bool] = False
    """Whether the target is expected to say that nobody listens."""

    @abstractmethod
    def _prepare(self, sock: socket.socket) -> None:
        """Do what a new socket needs."""

    @abstractmethod
    def _ready(self, sock: socket.socket) -> None:
        """Do what a socket needs before each packet."""

    @abstractmethod
    def _depart(self, sock: socket.socket, serial: int) -> None:
        """Let the packet go."""

    @abstractmethod
    def _quotes(self, quoted: bytes, serial: int) -> bool:
        """Whether an ICMP error can be about the packet with this number."""

    @abstractmethod
    def _reply(self, probe: HopProbe) -> Hop | None:
        """Look whether the target itself has answered."""
