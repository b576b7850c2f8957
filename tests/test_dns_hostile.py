"""Name servers that are silent, broken or hostile: what no real one does on demand."""

import contextlib
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from exporter.net.dns_exchange import MOST_STRAYS, Answer, Nameserver, ask
from exporter.net.dns_query import Configured, Question
from exporter.net.waiting import Stop, Stopped
from tests import doubles
from tests.waiting import LONGEST, in_time, unspoilt

HOST = "db.test."
NAMES = Configured().names(HOST)
LATE = 1.0
"""Seconds by which a busy machine may be late."""
Says = Callable[[bytes], list[bytes]]
"""What a name server sends for one packet."""


def reply(packet: bytes, *records: str, rcode: str = "NOERROR", flags: int = 0) -> bytes:
    """Answer `packet` with lines of a zone file."""
    query = dns.message.from_wire(packet)
    message = dns.message.make_response(query)
    message.set_rcode(dns.rcode.from_text(rcode))
    message.flags |= flags
    for record in records:
        name, ttl, _, kind, data = record.split(maxsplit=4)
        message.answer.append(dns.rrset.from_text(name, int(ttl), "IN", kind, data))
    return message.to_wire(max_size=65535)


def kind(packet: bytes) -> str:
    """Say whether A or AAAA is asked for."""
    return dns.message.from_wire(packet).question[0].rdtype.name


def sound(packet: bytes) -> bytes:
    """Answer as a good name server does."""
    data = "10.0.0.1" if kind(packet) == "A" else "fd00::1"
    return reply(packet, f"{HOST} 60 IN {kind(packet)} {data}")


@contextlib.contextmanager
def speaking(says: Says, tcp: doubles.Script | None = None) -> Iterator[Nameserver]:
    """Run a name server that answers each packet with what `says` gives, from one socket."""
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(doubles.server(tcp)) if tcp else 0
        sock = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        sock.bind(("127.0.0.1", port))
        sock.settimeout(0.05)
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                with contextlib.suppress(TimeoutError):
                    packet, client = sock.recvfrom(65535)
                    for answer in says(packet):
                        sock.sendto(answer, client)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield Nameserver(address="127.0.0.1", port=sock.getsockname()[1])
        finally:
            ended.set()
            thread.join()


def asked(says: Says, tcp: doubles.Script | None = None, seconds: float = 2.0) -> Answer:
    """Ask a name server of that kind once; within the time, more or less, and nothing is raised."""
    with speaking(says, tcp) as server:
        (answer,) = in_time(lambda: ask(NAMES, [server], seconds, Stop()), seconds + LATE)
        return answer


def failed(answer: Answer) -> str:
    """Say how it failed, without the server's address."""
    assert answer.error
    assert answer.error.cause == "dns.failure"
    return answer.error.detail.partition(": ")[2]


def test_a_good_answer_among_strays_is_found() -> None:
    """Garbage, another's number, another's question, a question, and an answer that breaks off."""

    def says(packet: bytes) -> list[bytes]:
        good = sound(packet)
        number = bytes([good[0] ^ 1]) + good[1:]
        question = good.replace(b"\2db\4test", b"\2dc\4test")
        return [b"", b"x", packet, number, question, good[:20], good]

    answer = asked(says)
    assert answer.error is None
    assert answer.addresses == ("10.0.0.1", "fd00::1")
    assert answer.ttl == 60


def test_strays_alone_are_no_answer() -> None:
    assert failed(asked(lambda _: [b"x"])).startswith("no answer for A and AAAA within 2.")


def test_a_flood_of_strays_is_not_listened_to_for_ever() -> None:
    answer = asked(lambda _: [b"x"] * (MOST_STRAYS + 1), seconds=2 * LONGEST)
    assert failed(answer) == f"{MOST_STRAYS + 1} packets that are no answer"
    assert answer.seconds < LONGEST


def test_nobody_else_can_answer() -> None:
    """The right answer from another address or port never reaches us."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.2", 0))
        clients: list[tuple[bytes, tuple[str, int]]] = []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))

            def spoof() -> None:
                for _ in range(2):
                    packet, client = silent.recvfrom(512)
                    stranger.sendto(sound(packet), client)
                    clients.append((packet, client))

            thread = threading.Thread(target=spoof)
            thread.start()
            server = Nameserver(address="127.0.0.1", port=silent.getsockname()[1])
            (answer,) = ask(NAMES, [server], 0.3, Stop())
            thread.join()
    assert failed(answer).startswith("no answer for A and AAAA")
    assert len({packet[:2] for packet, _ in clients}) == 2, "each question has a number of its own"


def test_numbers_and_ports_cannot_be_foretold() -> None:
    seen: list[tuple[bytes, int]] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        server = Nameserver(address="127.0.0.1", port=sock.getsockname()[1])
        for _ in range(20):
            ask(NAMES, [server], 0.01, Stop())
        sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                packet, client = sock.recvfrom(512)
                seen.append((packet[:2], client[1]))
    assert len({number for number, _ in seen}) > 35, "of 40"
    assert len({port for _, port in seen}) > 15, "of 20"


def test_one_lost_packet_is_no_dead_server() -> None:
    """The question is put again."""

    def answered() -> tuple[float, list[str]]:
        heard: list[str] = []

        def says(packet: bytes) -> list[bytes]:
            heard.append(kind(packet))
            return [sound(packet)] if heard.count(kind(packet)) == 2 else []

        with speaking(says) as server:
            (answer,) = ask(NAMES, [server], 3.0, Stop())
        assert answer.error is None
        assert answer.seconds >= 1.0
        return answer.seconds, heard

    unspoilt(answered, lambda found: found[0] < 2.0 and found[1] == ["A", "AAAA", "A", "AAAA"])


@pytest.mark.parametrize("rcode", ["SERVFAIL", "REFUSED", "FORMERR", "NOTIMP", "NXDOMAIN"])
def test_an_outcome_other_than_good_is_a_failure(rcode: str) -> None:
    answer = asked(lambda packet: [reply(packet, rcode=rcode)])
    assert (failed(answer), answer.rcode) == (rcode, rcode)
    assert answer.unknown == (rcode == "NXDOMAIN")


@pytest.mark.parametrize("rcode", ["SERVFAIL", "NXDOMAIN"])
def test_one_kind_of_question_that_fails_is_a_failure(rcode: str) -> None:
    """As of load balancers that were never told of IPv6; the addresses are told all the same."""
    answer = asked(lambda packet: [sound(packet) if kind(packet) == "A" else reply(packet, rcode=rcode)])
    assert (failed(answer), answer.rcode) == (rcode, rcode)
    assert (answer.addresses, answer.unknown) == (("10.0.0.1",), False)


def test_one_kind_of_question_without_an_answer_is_a_failure() -> None:
    """The system would wait for it, too."""
    answer = asked(lambda packet: [sound(packet)] if kind(packet) == "A" else [])
    assert failed(answer).startswith("no answer for AAAA within 2.")
    assert (answer.addresses, answer.ttl, answer.rcode) == (("10.0.0.1",), 60, "")


def test_a_name_without_ipv6_is_none() -> None:
    answer = asked(lambda packet: [sound(packet) if kind(packet) == "A" else reply(packet)])
    assert answer.error is None
    assert answer.addresses == ("10.0.0.1",)


@pytest.mark.parametrize(
    "records",
    [
        (f"{HOST} 60 IN CNAME {HOST}",),
        (f"{HOST} 60 IN CNAME a.test.", f"a.test. 60 IN CNAME {HOST}"),
        tuple(f"{name} 60 IN CNAME n{number}.test." for number, name in enumerate(
            [HOST, *(f"n{number}.test." for number in range(40))]
        )),
        ("other.test. 60 IN A 10.0.0.1",),
        (f"{HOST} 60 IN CNAME away.test.",),
    ],
    ids=["itself", "circle", "long", "another name", "nowhere"],
)  # fmt: skip
def test_a_chain_that_leads_nowhere_is_no_address(records: tuple[str, ...]) -> None:
    assert failed(asked(lambda packet: [reply(packet, *records)])) == "no address"


def test_a_name_that_points_at_itself_is_left_aside() -> None:
    """A loop of compression pointers in the place of the answer's name."""

    def says(packet: bytes) -> list[bytes]:
        head = packet[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + packet[12:]
        return [head + b"\xc0" + bytes([len(head)]) + b"\0\1\0\1\0\0\0\1\0\4abcd"]

    assert failed(asked(says)).startswith("no answer for")


def truncated(packet: bytes) -> list[bytes]:
    return [reply(packet, flags=dns.flags.TC)]


def over_tcp(answer: Callable[[bytes], bytes]) -> doubles.Script:
    """Answer one question over TCP, one byte at a time."""

    def script(sock: socket.socket) -> None:
        data = answer(sock.recv(65536)[2:])
        for byte in len(data).to_bytes(2, "big") + data:
            sock.sendall(bytes([byte]))
        doubles.deaf(sock)

    return script


def test_what_is_too_long_comes_over_tcp() -> None:
    """Also in pieces; and a thousand addresses."""
    many = [f"{HOST} {number + 9} IN A 10.0.{number // 250}.{number % 250}" for number in range(1000)]
    answer = asked(
        truncated, over_tcp(lambda packet: reply(packet, *many) if kind(packet) == "A" else sound(packet)), 5
    )
    assert answer.error is None
    assert len(answer.addresses) == 1001


@pytest.mark.parametrize(
    ("tcp", "detail"),
    [
        (None, "Connection refused"),
        (doubles.deaf, "no answer for A within 2."),
        (doubles.hang_up, "closed its TCP connection without an answer"),
        (doubles.reset, "Connection reset by peer"),
        (doubles.says(b"\0\5"), "closed its TCP connection without an answer"),
        (over_tcp(lambda _: b"nonsense"), "what it said over TCP is no answer"),
        (over_tcp(lambda packet: truncated(packet)[0]), "what it said over TCP is no answer"),
        (doubles.dribbles(b"\x20", 0.001), "no answer for A within 2."),
        (doubles.dribbles(b"\xff", 0.001), "its answer is too long to be meant"),
    ],
    ids=[
        "nobody",
        "deaf",
        "closed",
        "reset",
        "cut short",
        "nonsense",
        "truncated again",
        "dribble",
        "endless",
    ],
)
def test_a_long_answer_that_never_comes(tcp: doubles.Script | None, detail: str) -> None:
    assert failed(asked(truncated, tcp)).startswith(detail)


def test_a_dead_server_holds_up_no_other() -> None:
    """All are asked at once."""
    with speaking(lambda _: []) as dead, speaking(lambda packet: [sound(packet)]) as alive:
        silent, answer = unspoilt(
            lambda: ask(NAMES, [dead, alive], 2.0, Stop()), lambda answers: answers[1].seconds < 1.5
        )
    assert failed(silent).startswith("no answer for A and AAAA")
    assert answer.error is None


@pytest.mark.parametrize("tcp", [None, doubles.deaf], ids=["udp", "tcp"])
def test_the_end_of_the_daemon_wakes_an_exchange(tcp: doubles.Script | None) -> None:
    stop = Stop()
    threading.Timer(0.1, stop.throw).start()
    before = time.monotonic()
    with speaking(truncated if tcp else lambda _: [], tcp) as server, pytest.raises(Stopped):
        ask(NAMES, [server], 2 * LONGEST, stop)
    assert time.monotonic() - before < LONGEST


def test_nothing_that_arrives_breaks_the_reader() -> None:
    """A good answer with bytes changed, cut off or put in, ten thousand times over."""
    chance = random.Random(4)  # noqa: S311  the same each time
    question = Question(NAMES[0], "A")
    records = (f"{HOST} 60 IN CNAME a.test.", "a.test. 60 IN A 10.0.0.1", 'a.test. 60 IN TXT "x"')
    good = reply(question.wire, *records)
    for _ in range(10_000):
        packet = bytearray(good)
        for _change in range(chance.randint(1, 4)):
            at = chance.randrange(2, len(packet))
            if chance.random() < 0.8:
                packet[at] = chance.randrange(256)
            else:
                packet[at : at + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))
        question.read(bytes(packet))
    assert question.read(good)
