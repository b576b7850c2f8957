"""Asking name servers directly: all at once in one thread, over UDP, and over TCP what is too long for it."""

import errno
import ipaddress
import math
import socket
import time
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass

from exporter.model import Cause, ProbeError
from exporter.net.dial import connect_error, numeric
from exporter.net.dns_query import NOERROR, NXDOMAIN, Name, Question, Reply
from exporter.net.waiting import READABLE, WRITABLE, Stop, wait_for_any

KINDS = ("A", "AAAA")
UNKNOWN = (NOERROR, NXDOMAIN)
"""Outcomes without an address that tell that the name has none."""
DNS_PORT = 53
TRIES = 3
"""How often a question is sent, evenly over the time there is: one lost packet is no dead name server."""
MOST_STRAYS = 100
"""Packets that answer nothing we asked, after which a server is given up."""
LONGEST = 16384
"""Bytes of an answer, which is a thousand addresses; reading the 65,535 there may be could take long."""
LONGEST_LIST = 65535
"""The same where one asks for a list now and then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nameserver:
    """Where a name server is; `address` is numeric."""

    address: str
    port: int = DNS_PORT

    @classmethod
    def parse(cls, text: str) -> "Nameserver":
        """Read `10.0.0.2`, `10.0.0.3:5353`, `fd00::53` or `[fd00::53]:5353`; raise ValueError otherwise."""
        address, port = text, str(DNS_PORT)
        if text.startswith("["):
            address, _, port = text[1:].partition("]:")
        elif text.count(":") == 1:
            address, _, port = text.partition(":")
        ipaddress.ip_address(address)
        if not (port.isascii() and port.isdigit() and 0 < int(port) <= 65535):
            raise ValueError(f"{port!r} is not a port")
        return cls(address=address, port=int(port))

    def __str__(self) -> str:
        if self.port == DNS_PORT:
            return self.address
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one name server made of a name, its records of all types that were asked for together.

    `seconds` is the time until all questions were answered. `rcode` is DNS's word, that of the question
    that fared worse, empty where one had no answer. `unknown` tells that the server says there is no
    such name, or that it has no address.
    """

    seconds: float
    addresses: tuple[str, ...] = ()
    ttl: float | None = None
    rcode: str = ""
    unknown: bool = False
    error: ProbeError | None = None


@dataclass(frozen=True, slots=True)
class _Wish:
    """What an exchange waits for: a descriptor that is ready, or that it is `until` (monotonic seconds)."""

    descriptor: int
    events: int
    until: float = math.inf


_Steps = Generator[_Wish, None, None]


def ask(
    names: Sequence[Name],
    servers: Iterable[Nameserver],
    seconds: float,
    stop: Stop,
    kinds: Sequence[str] = KINDS,
) -> list[Answer]:
    """Ask every server for `names`, one after the other until one is known; never longer than `seconds`.

    `kinds` are the types of the records. Failures are in the answers; nothing is raised but Stopped.
    """
    until = time.monotonic() + seconds
    exchanges = [_Exchange(server, names, seconds / TRIES, kinds) for server in servers]
    _carry_out([exchange.steps() for exchange in exchanges], until, stop)
    return [exchange.answer() for exchange in exchanges]


def _carry_out(exchanges: Sequence[_Steps], until: float, stop: Stop) -> None:
    """Let each go on when what it waits for has come about, until all have ended or the time is up."""
    wishes = {steps: wish for steps in exchanges if (wish := next(steps, None))}
    try:
        while wishes and time.monotonic() < until:
            wanted = {wish.descriptor: wish.events for wish in wishes.values()}
            rest = min(until, *(wish.until for wish in wishes.values())) - time.monotonic()
            ready = wait_for_any(wanted, rest, stop)
            for steps, wish in list(wishes.items()):
                if wish.descriptor in ready or wish.until <= time.monotonic():
                    del wishes[steps]
                    if further := next(steps, None):
                        wishes[steps] = further
    finally:
        for steps in exchanges:
            steps.close()


class _Exchange:
    """What is asked of one server, and what it has said so far."""

    def __init__(self, server: Nameserver, names: Sequence[Name], pause: float, kinds: Sequence[str]) -> None:
        self._server = server
        self._names = names
        self._pause = pause
        self._kinds = kinds
        self._longest = LONGEST if kinds is KINDS else LONGEST_LIST
        self._open: list[Question] = []
        self._replies: dict[str, Reply] = {}
        self._strays = 0
        self._error: ProbeError | None = None
        self._begun = math.inf
        self._heard = 0.0

    def steps(self) -> _Steps:
        """Ask; wherever it would have to wait, say for what."""
        try:
            for name in self._names:
                yield from self._over_udp([Question(name, kind) for kind in self._kinds])
                if any(reply.addresses or reply.rcode not in UNKNOWN for reply in self._replies.values()):
                    break
        except OSError as error:
            self._heard = time.perf_counter()
            self._error = _trouble(error.errno or 0, self._server, at_once=False)
        except ProbeError as error:
            self._heard = time.perf_counter()
            self._error = error

    def answer(self) -> Answer:
        """Say what came of it; whatever has no answer by now has none."""
        silent = self._open and not self._error
        # An exchange that could not even begin has taken no time.
        seconds = max(0.0, (time.perf_counter() if silent else self._heard) - self._begun)
        replies = [self._replies[kind] for kind in self._kinds if kind in self._replies]
        addresses = tuple(address for reply in replies for address in reply.addresses)
        ttl = min((reply.ttl for reply in replies if reply.ttl is not None), default=None)
        error, rcode = self._error, ""
        if silent:
            kinds = " and ".join(question.kind for question in self._open)
            error = self._failure(f"no answer for {kinds} within {seconds:.3f} s")
        elif error is None:
            rcode = next((reply.rcode for reply in replies if reply.rcode != NOERROR), NOERROR)
            if rcode != NOERROR or not addresses:
                error = self._failure("no address" if rcode == NOERROR else rcode, code=rcode)
        unknown = rcode in UNKNOWN and not addresses
        return Answer(
            seconds=seconds, addresses=addresses, ttl=ttl, rcode=rcode, unknown=unknown, error=error
        )

    def _over_udp(self, questions: Sequence[Question]) -> _Steps:
        """Ask from one socket, as the system does, and each again that stays without an answer."""
        self._replies, self._open = {}, list(questions)
        with _connect(self._server, socket.SOCK_DGRAM) as sock:
            while self._open:
                self._begun = min(self._begun, time.perf_counter())
                for question in self._open:
                    sock.send(question.wire)
                again = time.monotonic() + self._pause
                while self._open and time.monotonic() < again:
                    yield _Wish(sock.fileno(), READABLE, again)
                    self._take_in(sock)
        for question in questions:
            if self._replies[question.kind].truncated:
                self._open = [question]
                yield from self._over_tcp(question)
                self._open = []

    def _take_in(self, sock: socket.socket) -> None:
        """Take one packet; what answers no question of ours is left aside."""
        try:
            packet = sock.recv(LONGEST)
        except BlockingIOError:
            return
        self._heard = time.perf_counter()
        for question in self._open:
            if reply := question.read(packet):
                self._replies[question.kind] = reply
                self._open.remove(question)
                return
        self._strays += 1
        if self._strays > MOST_STRAYS:
            raise self._failure(f"{self._strays} packets that are no answer")

    def _over_tcp(self, question: Question) -> _Steps:
        received = bytearray()
        with _connect(self._server, socket.SOCK_STREAM) as sock:
            yield _Wish(sock.fileno(), WRITABLE)
            sock.sendall(len(question.wire).to_bytes(2) + question.wire)
            while len(received) < 2 or len(received) < 2 + int.from_bytes(received[:2]):
                yield _Wish(sock.fileno(), READABLE)
                piece = sock.recv(self._longest)
                if not piece:
                    raise self._failure("closed its TCP connection without an answer")
                received += piece
                if int.from_bytes(received[:2]) > self._longest:
                    raise self._failure("its answer is too long to be meant")
        self._heard = time.perf_counter()
        reply = question.read(bytes(received[2:]))
        if reply is None or reply.truncated:
            raise self._failure("what it said over TCP is no answer")
        self._replies[question.kind] = reply

    def _failure(self, detail: str, code: str = "") -> ProbeError:
        return ProbeError(Cause.DNS_FAILURE, f"{self._server}: {detail}", code=code)


def _connect(server: Nameserver, kind: socket.SocketKind) -> socket.socket:
    """Open a socket that hears `server` alone; one of TCP is not connected yet."""
    family, where = numeric(server.address, server.port)
    try:
        sock = socket.socket(family, kind | socket.SOCK_NONBLOCK)
    except OSError as error:
        raise _trouble(error.errno or 0, server, at_once=True) from None
    number = sock.connect_ex(where)
    if number not in (0, errno.EINPROGRESS):
        sock.close()
        raise _trouble(number, server, at_once=True)
    return sock


def _trouble(number: int, server: Nameserver, *, at_once: bool) -> ProbeError:
    """Turn an error of a socket into ours: this host's own trouble, or else a name server's."""
    error = connect_error(number, str(server), at_once=at_once)
    if error.cause.startswith("client."):
        return error
    return ProbeError(Cause.DNS_FAILURE, error.detail, code=error.code)
