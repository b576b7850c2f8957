"""The lab itself: a link does what it is told to, and a capture agrees with what was sent."""

import socket
import time
from collections.abc import Callable, Iterator

import pytest

from tests.lab.capture import Capture
from tests.lab.link import Conditions, Link
from tests.lab.namespace import Namespace
from tests.lab.responder import responder
from tests.lab.truth import echoes, handshakes
from tests.networks import needs_capture, needs_namespaces
from tests.waiting import wait_for

pytestmark = [needs_namespaces, needs_capture]

CLIENT, SERVER = "10.77.0.1", "10.77.0.2"
Ends = tuple[tuple[str, ...], tuple[str, ...]]
ENDS: Ends = ((f"{CLIENT}/24",), (f"{SERVER}/24",))
ENDS_OF_BOTH: Ends = ((f"{CLIENT}/24", "fd77::1/64"), (f"{SERVER}/24", "fd77::2/64"))
PACKETS = 2000
HEADERS = 28
"""Bytes of an IPv4 and a UDP header."""


class Pair:
    """A client's UDP socket and a server's, with a link between them."""

    def __init__(self, client: Namespace, server: Namespace, seed: int = 1, ends: Ends = ENDS) -> None:
        self.link = Link(client, server, *ends, seed=seed)
        self.sender, self.receiver = client.run(lambda: udp(CLIENT)), server.run(lambda: udp(SERVER))

    def send(self, count: int, size: int = 100) -> list[int]:
        """Send numbered packets there and give the numbers in the order in which they arrived."""
        before = self.link.counts()[0].taken
        for number in range(count):
            self.sender.sendto(number.to_bytes(4, "big") + bytes(size - 4), self.receiver.getsockname())
            if number % 50 == 49:  # no more under way than sockets keep
                wait_for(lambda: self.link.counts()[0].taken - before > number)  # noqa: B023  asked at once
        wait_for(self.arrived)
        arrived = []
        while packet := receive(self.receiver):
            arrived.append(int.from_bytes(packet[:4], "big"))
        return arrived

    def arrived(self) -> bool:
        counts = self.link.counts()[0]
        return counts.delivered == counts.taken - counts.lost - counts.too_big + counts.duplicated


def udp(address: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 23)
    sock.bind((address, 0))
    sock.setblocking(False)
    return sock


SO_RCVBUFFORCE = 33


def receive(sock: socket.socket) -> bytes:
    try:
        return sock.recv(65536)
    except BlockingIOError:
        return b""


@pytest.fixture
def pair() -> Iterator[Pair]:
    with Namespace() as client, Namespace() as server:
        pair = Pair(client, server)
        yield pair
        pair.link.close()
        pair.sender.close()
        pair.receiver.close()


def test_a_link_left_alone_passes_everything_in_order(pair: Pair) -> None:
    assert pair.send(PACKETS) == list(range(PACKETS))


FAULTS = {
    "loss": Conditions(loss=0.1),
    "duplication": Conditions(duplication=0.1),
    "corruption": Conditions(corruption=0.1),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_come_as_often_as_they_were_ordered(pair: Pair, fault: str) -> None:
    """Within the 99 % interval of a binomial distribution; what the link counts is what the server sees."""
    pair.link.set(there=FAULTS[fault])
    arrived = pair.send(PACKETS)
    counts = pair.link.counts()[0]
    seen = {
        "loss": PACKETS - len(arrived),
        "duplication": len(arrived) - len(set(arrived)),
        "corruption": PACKETS - len(arrived),  # the receiver's kernel finds the checksum wrong
    }[fault]
    assert (
        seen == {"loss": counts.lost, "duplication": counts.duplicated, "corruption": counts.corrupted}[fault]
    )
    assert abs(seen - 0.1 * PACKETS) < 2.576 * (0.1 * 0.9 * PACKETS) ** 0.5 + 1


def test_the_same_seed_makes_the_same_faults() -> None:
    outcomes = []
    for seed in (7, 7, 8):
        with Namespace() as client, Namespace() as server:
            pair = Pair(client, server, seed)
            with pair.link, pair.sender, pair.receiver:
                pair.link.set(there=Conditions(loss=0.2))
                outcomes.append(pair.send(200))
    assert outcomes[0] == outcomes[1] != outcomes[2]


@pytest.mark.parametrize("reorder", [False, True])
def test_jitter_reorders_only_where_it_may(pair: Pair, reorder: bool) -> None:
    pair.link.set(there=Conditions(delay=0.01, jitter=0.02, reorder=reorder))
    arrived = pair.send(200)
    assert sorted(arrived) == list(range(200))
    assert (arrived != sorted(arrived)) is reorder


@pytest.mark.parametrize("tells", [False, True])
@pytest.mark.parametrize("family", [4, 6])
def test_what_is_too_big_vanishes_and_its_sender_hears_of_it_or_not(tells: bool, family: int) -> None:
    """Where the link tells, the sender's kernel knows the size that passes."""
    address, headers = ("10.77.0.2", 28) if family == 4 else ("fd77::2", 48)
    kind = socket.AF_INET if family == 4 else socket.AF_INET6
    level, discover, mtu = (socket.IPPROTO_IP, 10, 14) if family == 4 else (socket.IPPROTO_IPV6, 23, 24)
    with Namespace() as client, Namespace() as server:
        pair = Pair(client, server, ends=ENDS_OF_BOTH)
        with (
            pair.link,
            pair.sender,
            pair.receiver,
            server.run(lambda: socket.socket(kind, socket.SOCK_DGRAM)) as listening,
            client.run(lambda: socket.socket(kind, socket.SOCK_DGRAM)) as sock,
        ):
            listening.bind(
                (address, 9)
            )  # what arrives is not refused, and so no error waits for the next send
            pair.link.set(there=Conditions(mtu=1300, tells=tells))
            sock.setsockopt(level, discover, 2)  # IP_PMTUDISC_DO
            sock.connect((address, 9))
            sock.send(bytes(1300 - headers))
            sock.send(bytes(1301 - headers))
            wait_for(lambda: pair.link.counts()[0].too_big == 1)
            if tells:
                wait_for(lambda: sock.getsockopt(level, mtu) == 1300)
            assert sock.getsockopt(level, mtu) == (1300 if tells else 1500)
            assert pair.link.counts()[0].taken >= 2


def test_a_rate_spreads_packets_out(pair: Pair) -> None:
    """Fifty packets of 1,000 bytes take at least a second at 50,000 bytes a second."""
    pair.link.set(there=Conditions(rate=50_000))
    before = time.monotonic()
    assert pair.send(50, 1000 - HEADERS) == list(range(50))
    assert time.monotonic() - before >= 1.0


@pytest.mark.parametrize("address", ["10.20.30.40", "fd01::40"])
def test_a_capture_sees_each_echo_and_each_reply(address: str) -> None:
    """The responder answers all; times lie in order, and delays are at least those ordered."""
    with Namespace() as prober:

        def what() -> None:
            with (
                responder("tun0", "10.255.0.1/8", "fd01::1/64", least=0.005, most=0.02),
                Capture("tun0") as capture,
            ):
                family = socket.AF_INET6 if ":" in address else socket.AF_INET
                protocol = socket.IPPROTO_ICMPV6 if ":" in address else socket.IPPROTO_ICMP
                request = 128 if ":" in address else 8
                with socket.socket(family, socket.SOCK_RAW, protocol) as sock:
                    sock.setblocking(False)
                    for number in range(100):
                        sums = checksum_of(request, number)
                        sock.sendto(bytes([request, 0, *sums, 0, 7, 0, number]), (address, 0))
                    replies = 0

                    def all_there() -> bool:
                        nonlocal replies
                        while packet := receive(sock):
                            replies += packet[0 if ":" in address else 20] == (129 if ":" in address else 0)
                        return replies == 100

                    wait_for(all_there)
                seen = echoes(capture.stop())
            assert [echo.sequence for echo in seen] == list(range(100))
            assert {(echo.destination, echo.identifier, len(echo.replies)) for echo in seen} == {
                (address, 7, 1)
            }
            assert all(echo.replies[0] - echo.sent >= 5_000_000 for echo in seen)

        prober.run(what)


def checksum_of(request: int, number: int) -> bytes:
    """Give the checksum of a bare echo request; over IPv6 the kernel writes its own."""
    return (~((request << 8) + 7 + number) & 0xFFFF).to_bytes(2, "big")


def test_a_capture_sees_handshakes_and_syns_sent_again() -> None:
    """One connect to a responder, one to a host that lost the first SYN, one that is refused."""
    with Namespace() as client, Namespace() as server:
        connect = connecting(client)
        link = Link(client, server, *ENDS)
        with link, Capture("link0", "tcp", inside=client) as capture:
            with server.run(lambda: socket.create_server((SERVER, 5432))):
                connect()
                link.set(there=Conditions(loss=1.0))
                lost = link.counts()[0].lost
                connect(
                    lambda: wait_for(lambda: link.counts()[0].lost > lost),
                    lambda: link.set(there=Conditions()),
                )
            with pytest.raises(ConnectionRefusedError):
                connect()
            good, slow, refused = handshakes(capture.stop())
    assert (good.destination, good.server_port, len(good.syns), len(good.answers)) == (SERVER, 5432, 1, 1)
    assert good.syns[0] < good.answers[0]
    assert len(slow.syns) == 2
    assert len(slow.answers) == 1
    assert (len(refused.syns), len(refused.answers), len(refused.resets)) == (1, 0, 1)


def connecting(client: Namespace) -> Callable[..., None]:
    def connect(*meanwhile: Callable[[], None]) -> None:
        with client.run(socket.socket) as sock:
            sock.settimeout(10)
            if meanwhile:
                sock.setblocking(False)
                sock.connect_ex((SERVER, 5432))
                for step in meanwhile:
                    step()
                wait_for(lambda: sock.connect_ex((SERVER, 5432)) in {0, 106})  # EISCONN
            else:
                sock.connect((SERVER, 5432))

    return connect
