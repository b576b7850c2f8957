"""What captured packets mean: which reply belongs to which request. Times are nanoseconds since the epoch."""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from tests.lab.capture import Packet
from tests.lab.packets import ACK, FIN, ICMP, ICMP6, RST, SYN, TCP

ECHO: Final = {(ICMP, 8): True, (ICMP, 0): False, (ICMP6, 128): True, (ICMP6, 129): False}
"""Protocol and type, and whether that is a request."""
SHORTEST_TALK: Final = 3
"""A login, a query and a goodbye."""


@dataclass(slots=True, kw_only=True)
class Echo:
    """An echo request to `destination`, and when replies to it came."""

    destination: str
    identifier: int
    sequence: int
    sent: int
    replies: list[int] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Handshake:
    """A connect from `port` to `destination`: when SYNs left, when SYN-ACKs or a reset came."""

    destination: str
    port: int
    server_port: int
    syns: list[int]
    answers: list[int] = field(default_factory=list)
    resets: list[int] = field(default_factory=list)


def echoes(packets: Iterable[Packet]) -> list[Echo]:
    """Pair echo requests with their replies, in the order of the requests.

    A request under the numbers of an earlier one begins anew: replies are the later one's from then on.
    """
    found: list[Echo] = []
    latest: dict[tuple[bytes, bytes], Echo] = {}
    for at, protocol, source, destination, body in _dissected(packets):
        request = ECHO.get((protocol, body[0]))
        if request:
            echo = Echo(
                destination=str(ipaddress.ip_address(destination)),
                identifier=int.from_bytes(body[4:6], "big"),
                sequence=int.from_bytes(body[6:8], "big"),
                sent=at,
            )
            latest[destination, body[4:8]] = echo
            found.append(echo)
        elif request is False and (source, body[4:8]) in latest:
            latest[source, body[4:8]].replies.append(at)
    return found


def handshakes(packets: Iterable[Packet]) -> list[Handshake]:
    """Pair SYNs with their answers, in the order of the first SYNs; one sent again joins the first."""
    found: list[Handshake] = []
    latest: dict[tuple[bytes, bytes, bytes], Handshake] = {}
    numbers: dict[tuple[bytes, bytes, bytes], bytes] = {}
    for at, protocol, source, destination, body in _dissected(packets):
        if protocol != TCP:
            continue
        flags = body[13] & (SYN | ACK | RST)
        there, back = (destination, body[2:4], body[0:2]), (source, body[0:2], body[2:4])
        if flags == SYN and numbers.get(there) == body[4:8]:
            latest[there].syns.append(at)
        elif flags == SYN:
            numbers[there] = body[4:8]
            latest[there] = Handshake(
                destination=str(ipaddress.ip_address(destination)),
                port=int.from_bytes(body[0:2], "big"),
                server_port=int.from_bytes(body[2:4], "big"),
                syns=[at],
            )
            found.append(latest[there])
        elif flags == SYN | ACK and back in latest:
            latest[back].answers.append(at)
        elif flags & RST and back in latest:
            latest[back].resets.append(at)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A packet that told one end of a connection something: data, the end, or a reset."""

    at: int
    size: int
    fin: bool
    rst: bool


def arrivals(
    packets: Iterable[Packet], *, to: int | None = None, source: int | None = None, after: int = 0
) -> list[Arrival]:
    """Give what told the end with port `to` or any something, from port `source` or any, later than a moment.

    Bare acknowledgements tell nothing. Times are nanoseconds since the epoch, as `time.time_ns` gives them.
    """
    found = []
    for at, protocol, _, _, body in _dissected(packets):
        if protocol != TCP or at <= after:
            continue
        if to is not None and int.from_bytes(body[2:4], "big") != to:
            continue
        if source is not None and int.from_bytes(body[0:2], "big") != source:
            continue
        flags, size = body[13], len(body) - 4 * (body[12] >> 4)
        if size or flags & (FIN | RST):
            found.append(Arrival(at=at, size=size, fin=bool(flags & FIN), rst=bool(flags & RST)))
    return found


@dataclass(slots=True, kw_only=True)
class Talk:
    """A session in clear text that a client began and ended: when it, and the server, said something."""

    began: int
    accepted: int = 0
    asked: list[int] = field(default_factory=list)
    heard: list[int] = field(default_factory=list)
    ended: int = 0

    @property
    def phases(self) -> dict[str, int]:
        """Nanoseconds of each phase: the last two words of the client are its query and its goodbye."""
        if len(self.asked) < SHORTEST_TALK or not (self.accepted and self.ended):
            return {}
        first, query, goodbye = self.asked[0], self.asked[-2], self.asked[-1]
        return {
            "tcp": self.accepted - self.began,
            "auth": max(at for at in self.heard if at < query) - first,
            "query": max(at for at in self.heard if at < goodbye) - query,
            "close": self.ended - goodbye,
        }


def talks(packets: Iterable[Packet], port: int) -> list[Talk]:
    """Give the sessions with the server at `port`, in the order in which they began."""
    found: list[Talk] = []
    latest: dict[int, Talk] = {}
    for at, protocol, _, _, body in _dissected(packets):
        if protocol != TCP:
            continue
        source, to, flags = int.from_bytes(body[0:2], "big"), int.from_bytes(body[2:4], "big"), body[13]
        client, ours = (source, True) if to == port else (to, False)
        if flags & SYN and ours:
            latest[client] = Talk(began=at)
            found.append(latest[client])
        elif (talk := latest.get(client)) is not None:
            _overhear(talk, at, flags, ours=ours, size=len(body) - 4 * (body[12] >> 4))
    return found


def _overhear(talk: Talk, at: int, flags: int, *, ours: bool, size: int) -> None:
    if flags & SYN:
        talk.accepted = at
    elif size:
        (talk.asked if ours else talk.heard).append(at)
    if flags & FIN and not ours:
        talk.ended = at


def _dissected(packets: Iterable[Packet]) -> Iterator[tuple[int, int, bytes, bytes, bytes]]:
    """Give time, protocol, source, destination and what follows the IP header; skip later fragments."""
    for at, data in packets:
        if data[0] >> 4 == 6:
            yield at, data[6], data[8:24], data[24:40], data[40:]
        elif not (data[6] & 0x1F or data[7]):
            yield at, data[9], data[12:16], data[16:20], data[4 * (data[0] & 15) :]
