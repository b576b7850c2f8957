"""Single packets of a chosen size that may not be split, and what becomes of them.

Sizes are those of whole IP packets in bytes, headers included.
"""

import contextlib
import errno
import secrets
import socket
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final

from exporter.net.dial import connect_error, numeric
from exporter.net.icmp import COUNTER, HEADER, KEY_BYTES, REPLY, EchoPackets, IcmpSocket
from exporter.net.icmp_errors import RECVERR, UNUSED_PORT, IcmpError, icmp_error
from exporter.net.waiting import READABLE, Stop, wait

PROBE_MODE: Final = {
    socket.AF_INET: (socket.IPPROTO_IP, 10, 3),
    socket.AF_INET6: (socket.IPPROTO_IPV6, 23, 3),
}
"""IP_MTU_DISCOVER, IP_PMTUDISC_PROBE: do not split, and send what the kernel believes to be too big, too."""
IP_BYTES: Final = {socket.AF_INET: 20, socket.AF_INET6: 40}
LEAST: Final = {socket.AF_INET: 68, socket.AF_INET6: 1280}
"""What every path carries (RFC 791, RFC 8200)."""
MOST: Final = 65535
UDP_BYTES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of a packet: it `passed`, or `by` said that it is too big and `limit` bytes are the most.

    Neither means that it vanished. `by` is empty where this host itself said so; `limit` is 0 where an old
    router does not tell. `seconds` is the time until the answer.
    """

    passed: bool = False
    limit: int | None = None
    by: str = ""
    seconds: float = 0.0


class Sizes(ABC):
    """A way to try packet sizes towards one address."""

    def __init__(self, address: str, sock: socket.socket, stop: Stop) -> None:
        self._address = address
        self._socket = sock
        self._stop = stop
        self.family = sock.family
        sock.setsockopt(*RECVERR[sock.family], 1)
        sock.setsockopt(*PROBE_MODE[sock.family])

    @property
    def least(self) -> int:
        """The size that every path must carry."""
        return LEAST[self.family]

    def attempt(self, size: int, seconds: float) -> Fate:
        """Send one packet of `size` bytes and wait so long for news of it.

        Raises ProbeError where it cannot be sent or the target is unreachable, and Stopped.
        """
        self._forget()
        since = time.monotonic()
        number = self._try_to_send(size)
        while (left := since + seconds - time.monotonic()) > 0:
            error = icmp_error(self._socket)
            if error is not None and (fate := self._judged(error, time.monotonic() - since)) is not None:
                return fate
            if number == errno.EMSGSIZE and error is None:
                return Fate(limit=self._own_limit())
            if self._answered():
                return Fate(passed=True, seconds=time.monotonic() - since)
            wait(self._socket.fileno(), READABLE, left, self._stop)
        return Fate()

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def _try_to_send(self, size: int) -> int:
        for _ in range(3):  # each may be told an earlier packet's error instead
            try:
                self._send(size)
            except OSError as error:
                number = error.errno or 0
            else:
                return 0
            if number == errno.EMSGSIZE:
                return number
        raise connect_error(number, self._address, at_once=True)

    def _judged(self, error: IcmpError, seconds: float) -> Fate | None:
        if error.too_big:
            return Fate(limit=error.limit, by=error.offender, seconds=seconds)
        if self._arrived(error):
            return Fate(passed=True, seconds=seconds)
        if error.expired:
            return None
        raise error.refusing(self._address)

    def _own_limit(self) -> int:
        """Give the MTU of the interface that packets leave by, which this host has just refused to exceed."""
        try:
            probe = socket.socket(self.family, socket.SOCK_DGRAM)
        except OSError as error:
            raise connect_error(error.errno or 0, self._address, at_once=True) from None
        with probe:
            probe.setsockopt(*PROBE_MODE[self.family])
            probe.connect((self._address, UNUSED_PORT))
            level, option = (
                (socket.IPPROTO_IP, 14) if self.family == socket.AF_INET else (socket.IPPROTO_IPV6, 24)
            )
            return probe.getsockopt(level, option)  # IP_MTU, IPV6_MTU

    def _forget(self) -> None:
        """Throw away what has come for packets before."""
        while icmp_error(self._socket) is not None:
            pass
        self._heard()

    def _heard(self) -> list[bytes]:
        """Take in what has come; an error of an earlier packet may come in between."""
        heard = []
        with contextlib.suppress(OSError):
            while True:
                heard.append(self._socket.recv(MOST))
        return heard

    @abstractmethod
    def _send(self, size: int) -> None: ...

    @abstractmethod
    def _answered(self) -> bool: ...

    def _arrived(self, error: IcmpError) -> bool:  # noqa: ARG002  for those to whom an error is an answer
        return False


class EchoSizes(Sizes):
    """Tries sizes with echoes: what passes has passed there and back."""

    def __init__(self, address: str, stop: Stop) -> None:
        """Open the socket; raise ProbeError where the system has none for us."""
        _, self._where = numeric(address)
        self._icmp = IcmpSocket(6 if ":" in address else 4)
        super().__init__(address, self._icmp.socket, stop)
        self._key = secrets.token_bytes(KEY_BYTES)
        self._number = 0

    def _send(self, size: int) -> None:
        self._number += 1
        payload = size - IP_BYTES[self.family] - HEADER.size
        packet = EchoPackets(self._icmp, self._key, payload).numbered(self._number)
        self._socket.sendto(packet, self._where)

    def _answered(self) -> bool:
        start = IP_BYTES[self.family] if self._icmp.raw and self.family == socket.AF_INET else 0
        ours = slice(start + HEADER.size, start + HEADER.size + KEY_BYTES + COUNTER.size)
        return any(
            packet[start : start + 1] == bytes([REPLY[self._icmp.version]])
            and packet[ours] == self._key + COUNTER.pack(self._number)
            for packet in self._heard()
        )


class DatagramSizes(Sizes):
    """Tries sizes with datagrams that a host answers because nobody listens: what passes has passed there."""

    def __init__(self, address: str, stop: Stop) -> None:
        """Open the socket; raise ProbeError where the system has none for us."""
        family, where = numeric(address, UNUSED_PORT)
        sock = None
        try:
            sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            sock.connect(where)
        except OSError as error:
            if sock is not None:
                sock.close()
            raise connect_error(error.errno or 0, address, at_once=True) from None
        super().__init__(address, sock, stop)

    def _send(self, size: int) -> None:
        self._socket.send(bytes(size - IP_BYTES[self.family] - UDP_BYTES))

    def _answered(self) -> bool:
        self._heard()  # somebody does listen there, but says nothing of sizes
        return False

    def _arrived(self, error: IcmpError) -> bool:
        return error.port_unreachable
