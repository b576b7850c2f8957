"""What the demo's middlebox does with packets, one by one."""

import random
import struct
from ipaddress import IPv4Address

import pytest

from exporter.demo.flows import Flows
from exporter.demo.forwarding import CLIENT, HOST, ROUTER, SERVER, Forwarding
from tests.lab.packets import ACK, FIN, ICMP, RST, SYN, TCP, checksum, segment

PORTS = (40000, 5432)


class Clock:
    """Stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def middlebox(clock: Clock, forget: float = 10.0, most: int = 100) -> tuple[Forwarding, Flows]:
    flows = Flows(forget, clock, most)
    return Forwarding(flows), flows


def there(flags: int, port: int = PORTS[0]) -> bytes:
    """A segment of the client's."""
    return segment((HOST.packed, SERVER.packed), (port, PORTS[1]), 7, flags)


def back(flags: int, port: int = PORTS[0]) -> bytes:
    """A segment of the server's."""
    return segment((HOST.packed, CLIENT.packed), (PORTS[1], port), 7, flags)


def ends(packet: bytes) -> tuple[IPv4Address, IPv4Address]:
    return IPv4Address(packet[12:16]), IPv4Address(packet[16:20])


def right(packet: bytes) -> bool:
    """Whether both checksums of a TCP segment are right."""
    pseudo = packet[12:20] + struct.pack("!HH", TCP, len(packet) - 20)
    return checksum(packet[:20]) == 0 and checksum(pseudo + packet[20:]) == 0


def echo(kind: int, ttl: int = 64, fragment: int = 0, protocol: int = ICMP) -> bytes:
    body = struct.pack("!BBHHH", kind, 0, 0, 1, 1) + bytes(range(56))
    body = body[:2] + checksum(body).to_bytes(2) + body[4:]
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 1, fragment, ttl, protocol, 0)
    head += HOST.packed + SERVER.packed
    return head[:10] + checksum(head).to_bytes(2) + head[12:] + body


def test_each_is_put_in_the_others_place() -> None:
    box, _ = middlebox(Clock())
    asked = box.forward(there(SYN))
    assert asked is not None
    assert ends(asked) == (CLIENT, HOST)
    answered = box.forward(back(SYN | ACK))
    assert answered is not None
    assert ends(answered) == (SERVER, HOST)
    assert asked[8] == answered[8] == 63, "it is a hop"


def test_checksums_stay_right_whatever_is_in_a_packet() -> None:
    box, _ = middlebox(Clock())
    box.forward(there(SYN))
    chance = random.Random(54)  # noqa: S311  no secret
    for _ in range(2000):
        number = chance.choice([0, 1, 0xFFFF, 0xFFFFFFFF, chance.getrandbits(32)])
        for addresses, ports in (((HOST, SERVER), PORTS), ((HOST, CLIENT), PORTS[::-1])):
            packet = segment((addresses[0].packed, addresses[1].packed), ports, number, ACK)
            assert right(packet)
            passed = box.forward(packet)
            assert passed is not None
            assert right(passed)


def test_what_is_idle_is_forgotten_and_what_is_used_is_not() -> None:
    clock = Clock()
    box, flows = middlebox(clock)
    assert box.forward(there(SYN, 1))
    assert box.forward(there(SYN, 2))
    for _ in range(5):
        clock.now += 6.0
        assert box.forward(back(ACK, 2)), "either side keeps it"
    assert box.forward(there(ACK, 1)) is None
    assert box.forward(back(ACK, 1)) is None
    assert len(flows) == 1
    assert box.forward(there(SYN, 1)), "but may begin anew"


def test_a_reset_ends_and_a_goodbye_does_not() -> None:
    box, _ = middlebox(Clock())
    box.forward(there(SYN))
    assert box.forward(back(FIN | ACK))
    assert box.forward(there(RST))
    assert box.forward(there(ACK)) is None


def test_the_table_is_bounded() -> None:
    clock = Clock()
    box, flows = middlebox(clock, most=1000)
    passed = [box.forward(there(SYN, port)) for port in range(1, 1501)]
    assert [number for number, packet in enumerate(passed) if packet is None] == list(range(1000, 1500))
    assert box.forward(there(SYN, 5)), "who is in may ask again"
    clock.now += 11.0
    assert box.forward(there(SYN, 1500))
    assert len(flows) == 1


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        there(ACK),
        back(SYN),
        back(SYN | ACK),
        there(SYN | ACK),
        b"\x60" + bytes(60),
        segment((HOST.packed, ROUTER.packed), PORTS, 7, SYN),
        there(SYN)[:30],
        echo(3),
        echo(3, ttl=1),
        echo(8, protocol=17),
        there(SYN)[:6] + b"\x00\x05" + there(SYN)[8:],
    ],
)
def test_what_belongs_to_no_connection_is_swallowed(packet: bytes) -> None:
    box, flows = middlebox(Clock())
    assert box.forward(packet) is None
    assert len(flows) == 0


def test_echoes_pass_in_pieces_too() -> None:
    box, _ = middlebox(Clock())
    for packet in (echo(8), echo(8, fragment=0x2000), echo(3, fragment=0x0010)):
        passed = box.forward(packet)
        assert passed is not None
        assert ends(passed) == (CLIENT, HOST)
        assert checksum(passed[:20]) == 0
        assert passed[20:] == packet[20:]


@pytest.mark.parametrize("packet", [echo(8, ttl=1), there(SYN)[:8] + b"\x01" + there(SYN)[9:]])
def test_it_says_so_where_time_is_up(packet: bytes) -> None:
    box, flows = middlebox(Clock())
    said = box.forward(packet)
    assert said is not None
    assert ends(said) == (ROUTER, HOST)
    assert (said[20], said[28:]) == (11, packet[:28])
    assert checksum(said[:20]) == checksum(said[20:]) == 0
    assert len(flows) == 0
