"""Rounds along real paths: through routers in namespaces, as an ordinary user, with faults to order."""

import contextlib
import json
import pickle
import resource
import select
import shutil
import socket
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from exporter.model import Cause, Endpoint, Failure, Hop, PathObservation, PathOrder, Target
from exporter.net.engine import FIRST, MOST_HURRIED, Lateness
from exporter.net.flows import IcmpFlow, TcpFlow, UdpFlow, send, why_unavailable
from exporter.net.hop_probe import HopProbe
from exporter.net.hostnames import Hostnames
from exporter.net.icmp_errors import UNUSED_PORT, IcmpError, arrival
from exporter.net.owners import Owners
from exporter.net.path import MOST_EXTRA, PathEngine, Round
from exporter.net.walk import Walk
from exporter.probes.kind import Unavailable
from exporter.probes.path import KIND, PathReader, PathSettings
from tests.icmp import reply
from tests.lab.namespace import command
from tests.lab.routers import Node, Row, row
from tests.networks import in_own_network, needs_namespaces
from tests.probing import probe_tools
from tests.waiting import wait_for

PORT = 7777
IP_MTU_DISCOVER = 10  # Linux, linux/in.h
IP_PMTUDISC_DO = 2
LONGEST = 30.0
# Not policy 1, though that means ports, too: then Linux believes the hash that the sender's kernel has left
# with the packet, which no real wire carries.
BY_PORTS: dict[str, int | str] = {
    f"net.ipv{version}.fib_multipath_hash_{name}": value
    for version in (4, 6)
    for name, value in (("policy", 3), ("fields", 63))
}
BY_ADDRESSES: dict[str, int | str] = {f"net.ipv{version}.fib_multipath_hash_policy": 0 for version in (4, 6)}
VERSIONS = [4, 6]
needs_mtr = pytest.mark.skipif(not shutil.which("mtr"), reason="needs the package mtr-tiny")


def rounds(
    address: str, until: Callable[[list[Round]], object], protocol: str = "tcp", timeout: float = 0.1
) -> list[Round]:
    """Go round after round along the path to `address`, in the network of the calling thread."""
    seen: list[Round] = []
    engine = path_engine(lambda _, reading: seen.append(carried(reading)))
    engine.add(path_order(protocol=protocol, timeout=timeout))
    engine.locate(1, [address], None)
    try:
        drive(engine, lambda: until(seen))
    finally:
        engine.close()
    return seen


def path_engine(report: Callable[[int, object], None], gap: float = 0.0) -> PathEngine:
    return PathEngine(report, Lateness(), gap=gap)


def path_order(
    job: int = 1, *, interval: float = 0.001, timeout: float = 0.1, port: int = PORT, protocol: str = "tcp"
) -> PathOrder:
    return PathOrder(job=job, interval=interval, timeout=timeout, port=port, protocol=protocol, most_hops=30)


def drive(
    engine: PathEngine, done: Callable[[], object], clock: Callable[[], float] = time.monotonic
) -> None:
    """Have the engine work until that is done, by this clock."""
    deadline = time.monotonic() + LONGEST
    while not done():
        assert time.monotonic() < deadline, "did not come about"
        engine.tick(clock())
        time.sleep(0.0002)


def carried(reading: object) -> Round:
    """Take a reading through a pipe."""
    there = pickle.loads(pickle.dumps(reading))  # noqa: S301  our own
    assert isinstance(there, Round)
    return there


def so_many(count: int) -> Callable[[list[Round]], bool]:
    return lambda seen: len(seen) >= count


def addresses(one: Round) -> list[str | None]:
    return [hop.address for hop in one.hops]


def path_reader(protocol: str = "tcp", **networks: Sequence[str]) -> PathReader:
    endpoint = Endpoint(dialect="mysql", host="db.test", port=PORT, user="u", password=None, database="d")
    tools = replace(probe_tools(endpoint), owners=Owners(networks), hostnames=Hostnames(lambda _: ""))
    return PathReader(
        Target(name="orders", endpoint=endpoint), PathSettings.model_validate({"protocol": protocol}), tools
    )


def read(reader: PathReader, readings: Sequence[Round]) -> list[PathObservation]:
    return [observation for reading in readings for observation in reader.read(reading)]


@contextlib.contextmanager
def listening(node: Node, address: str) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with node.run(lambda: socket.create_server((address, PORT), family=family)) as listener:
        listener.setblocking(False)
        yield listener


@pytest.fixture(scope="module")
def five() -> Iterator[Row]:
    """Five routers, and a server that listens on both of its addresses; rules are the tests' own."""
    with row(5) as built, listening(built.server, built.target(4)), listening(built.server, built.target(6)):
        # A server that remembers nothing of a handshake. Else it would, after its answer was lost, not take
        # the next SYN from the same port for a second; our rounds come much faster here than in earnest.
        built.server.sysctl({"net.ipv4.tcp_syncookies": 2})
        yield built


@contextlib.contextmanager
def ruled(node: Node, hook: str, *rules: str) -> Iterator[None]:
    node.rules(hook, *rules)
    try:
        yield
    finally:
        node.rules(hook)


@needs_namespaces
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("protocol", ["tcp", "udp", "icmp"])
def test_every_router_is_found_by_an_ordinary_user(five: Row, version: int, protocol: str) -> None:
    """In order, with its own delay; all rounds see the same. Whose clock is set meanwhile is not timed."""
    if protocol == "icmp":
        five.client.sysctl({"net.ipv4.ping_group_range": "0 2147483647"})
    target = five.target(version)
    every = five.client.as_nobody(lambda: rounds(target, lambda seen: len(timed(seen)) >= 3, protocol))
    for seen in every:
        assert seen.failure is None
        assert addresses(seen) == five.path(version)
        assert [hop.reached for hop in seen.hops] == [False] * 5 + [True]
    for seen in timed(every):
        assert all(hop.rtt is not None and 0 < hop.rtt <= 0.1 for hop in seen.hops)
        assert 0 < sum(hop.rtt or 0 for hop in seen.hops) <= seen.duration


def timed(seen: Sequence[Round]) -> list[Round]:
    """Give the rounds in which all hops have a delay."""
    return [one for one in seen if all(hop.rtt is not None for hop in one.hops)]


@needs_namespaces
@needs_mtr
@pytest.mark.parametrize("version", VERSIONS)
def test_mtr_sees_the_same(five: Row, version: int) -> None:
    said = five.client.command(
        "mtr", "-n", "--tcp", "-P", f"{PORT}", "-c", "1", "-G", "1", "--json", five.target(version)
    )
    hubs = [hub["host"] for hub in json.loads(said)["report"]["hubs"]]
    (seen,) = five.client.as_nobody(lambda: rounds(five.target(version), so_many(1)))
    assert addresses(seen) == hubs


@needs_namespaces
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("routers", [0, 5])
def test_the_server_never_sees_a_connection(routers: int, version: int) -> None:
    """Not one of hundreds is accepted, or ever waits to be; to the server they are half open, then reset."""
    with row(routers) as lab, listening(lab.server, lab.target(version)) as listener:
        seen = lab.client.as_nobody(lambda: rounds(lab.target(version), so_many(300)))
        assert all(one.hops[-1].reached for one in seen)
        with pytest.raises(BlockingIOError):
            listener.accept()
        counted = lab.server.command("cat", "/proc/thread-self/net/snmp").splitlines()
        names, values = (line.split() for line in counted if line.startswith("Tcp:"))
        assert dict(zip(names, values, strict=True))["PassiveOpens"] == "0"


def losing(family: str, direction: str) -> list[str]:
    """Rules that drop exactly every fifth packet of each hop behind the third router."""
    word, limit, errors = ("ip", "ttl", "icmp") if family == "ip" else ("ip6", "hoplimit", "ipv6-icmp")
    every_fifth = "numgen inc mod 5 == 3 drop"
    if direction == "there":
        return [f"{word} {limit} {left} tcp flags syn {every_fifth}" for left in (1, 2, 3)]
    row_of = {"ip": "10.0.{}.2", "ip6": "fd00:0:0:{}::2"}[family]
    froms = [f"{word} saddr {row_of.format(link)}" for link in (3, 4)]
    return [
        *(f"{rule} meta l4proto {errors} {every_fifth}" for rule in froms),
        f"{word} saddr {row_of.format(5)} tcp flags & (syn | ack) == syn | ack {every_fifth}",
    ]


@needs_namespaces
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("direction", ["there", "back"])
def test_loss_has_a_place_and_an_owner(five: Row, version: int, direction: str) -> None:
    """A router loses what it passes on: the loss is seen from the next hop on, whichever way it happens."""
    reader = path_reader(hosting=["10.0.0.0/22", "fd00::/62"], transit=["10.0.3.0/24", "fd00:0:0:3::/64"])
    clean = five.client.as_nobody(lambda: rounds(five.target(version), so_many(10)))
    with ruled(five.routers[2], "forward", *losing("ip" if version == 4 else "ip6", direction)):
        lossy = five.client.as_nobody(lambda: rounds(five.target(version), so_many(60), timeout=0.03))
    routes = [observation.route for observation in read(reader, [*clean, *lossy])]
    assert routes[9]
    assert routes[9].loss_start is None
    assert routes[-1]
    assert routes[-1].loss_start == 4
    assert routes[-1].hops[3].network == "transit"
    assert [hop.address for hop in routes[-1].hops] == five.path(version)
    assert routes[-1].hops[2].network == "hosting"
    assert routes[-1].rate_limited == ()


@needs_namespaces
def test_a_rate_limit_is_no_loss(five: Row) -> None:
    """A router that answers once a second misses most of our rounds, and all of them arrive."""
    limited = {"net.ipv4.icmp_ratelimit": 1000, "net.ipv4.icmp_ratemask": 6168}
    five.routers[1].sysctl(limited)
    try:
        seen = five.client.as_nobody(lambda: rounds(five.target(4), so_many(30), timeout=0.02))
    finally:
        five.routers[1].sysctl(dict.fromkeys(limited, 0))
    route = read(path_reader(), seen)[-1].route
    assert route
    assert (route.loss_start, route.rate_limited) == (None, (2,))


@needs_namespaces
@pytest.mark.parametrize("version", VERSIONS)
def test_a_router_that_says_nothing_is_a_silent_hop(five: Row, version: int) -> None:
    with ruled(five.routers[2], "output", "meta l4proto { icmp, ipv6-icmp } drop"):
        (seen,) = five.client.as_nobody(lambda: rounds(five.target(version), so_many(1)))
    expected: list[str | None] = [*five.path(version)]
    expected[2] = None
    assert addresses(seen) == expected
    assert seen.hops[-1].reached
    route = read(path_reader(), [seen])[0].route
    assert route
    assert [hop.address for hop in route.hops] == expected


@needs_namespaces
@pytest.mark.parametrize("version", VERSIONS)
def test_two_equal_ways_are_no_change_and_another_way_is_one(version: int) -> None:
    """Routers that balance by ports, or by IPv6's flow label, always send our packets the same way."""
    with row(4, beside=True) as lab, listening(lab.server, lab.target(version)):
        target, reader = lab.target(version), path_reader()
        lab.there(version, 1, 101)
        for policy in (BY_PORTS, BY_ADDRESSES):
            lab.routers[0].sysctl(policy)
            balanced = lab.client.as_nobody(lambda: rounds(target, so_many(25)))
            assert all(one.hops[-1].reached for one in balanced)
            assert len({one.hops[1].address for one in balanced}) == 1
        before = read(reader, balanced)
        assert sum(one.route.changes for one in before if one.route) == 0
        went_aside = balanced[-1].hops[1].address != lab.path(version)[1]
        lab.there(version, 1 if went_aside else 101)
        after = read(reader, lab.client.as_nobody(lambda: rounds(target, so_many(10))))
        assert sum(one.route.changes for one in after if one.route) == 1


@needs_namespaces
def test_many_ports_do_go_two_ways() -> None:
    """Which shows that the test before this one tests something."""
    with row(4, beside=True) as lab, listening(lab.server, lab.target(4)):
        lab.there(4, 1, 101)
        lab.routers[0].sysctl(BY_PORTS)
        seen = [lab.client.as_nobody(lambda: rounds(lab.target(4), so_many(1))) for _ in range(40)]
        assert len({one.hops[1].address for (one,) in seen}) == 2


@needs_namespaces
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_a_refusal_names_who_refused(five: Row, version: int, protocol: str) -> None:
    with ruled(five.routers[2], "forward", f"meta l4proto {protocol} reject with icmpx admin-prohibited"):
        (seen,) = five.client.as_nobody(lambda: rounds(five.target(version), so_many(1), protocol))
    router = five.path(version)[2]
    assert addresses(seen) == [*five.path(version)[:3], router]
    assert seen.failure == seen.hops[-1].failure
    assert seen.failure
    assert seen.failure.cause is Cause.NET_UNREACHABLE
    words = "communication administratively prohibited"
    assert seen.failure.detail == f"{five.target(version)}: {router} says: {words}"


@needs_namespaces
@pytest.mark.parametrize("version", VERSIONS)
def test_a_closed_port_is_reached_all_the_same(version: int) -> None:
    with row(1) as lab:
        (seen,) = lab.client.as_nobody(lambda: rounds(lab.target(version), so_many(1)))
    assert addresses(seen) == lab.path(version)
    assert (seen.hops[-1].reached, seen.hops[-1].rtt, seen.failure) == (True, None, None)


@needs_namespaces
def test_a_target_that_refuses_by_icmp_is_reached(five: Row) -> None:
    with ruled(five.server, "input", "meta l4proto tcp reject"):
        (seen,) = five.client.as_nobody(lambda: rounds(five.target(4), so_many(1)))
    assert seen.hops[-1].reached
    assert seen.failure
    assert seen.failure.detail == "10.0.5.2: 10.0.5.2 says: port unreachable"


@needs_namespaces
def test_a_server_that_answers_nothing_ends_a_round_soon(five: Row) -> None:
    """Five silent hops are enough; one that did answer is asked where it was, and further away in vain."""
    with ruled(five.server, "input", "drop"):
        (seen,) = five.client.as_nobody(lambda: rounds(five.target(4), so_many(1)))
    assert addresses(seen) == [*five.path(4)[:5], *[None] * 5]
    assert seen.failure is None

    def cut(found: list[Round]) -> bool:
        if len(found) == 1:
            five.server.rules("input", "drop")
        return len(found) >= 5

    try:
        lengths = [len(one.hops) for one in five.client.run(lambda: rounds(five.target(4), cut))]
    finally:
        five.server.rules("input")
    assert lengths == [6, 6, 6, 10, 10]


@needs_namespaces
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_without_a_route_nothing_leaves_this_host(protocol: str) -> None:
    """A failed round is told once, and the next one comes at its time."""
    (seen,) = in_own_network(lambda: rounds("192.0.2.1", so_many(1), protocol))
    assert seen.hops == ()
    assert seen.failure
    assert (seen.failure.cause, seen.failure.code) == (Cause.CLIENT_LOCAL_NETWORK, "ENETUNREACH")
    (observation,) = read(path_reader(), [seen])
    assert (observation.failure, observation.route) == (seen.failure, None)


@needs_namespaces
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_a_route_that_is_lost_ends_the_round_behind_the_hop_that_answered(protocol: str) -> None:
    """The way there is gone before the second hop is asked, from the same socket and the same port."""
    with row(2) as lab:

        def what() -> Round:
            seen: list[Round] = []
            engine = path_engine(lambda _, reading: seen.append(carried(reading)))
            engine.add(path_order(interval=3600.0, timeout=5.0, protocol=protocol))
            engine.locate(1, [lab.target(4)], None)
            drive(engine, lambda: engine._jobs[1].probe)
            lab.client.ip("route flush table main")
            drive(engine, lambda: seen)
            engine.close()
            return seen[0]

        seen = lab.client.run(what)
    assert [hop.ttl for hop in seen.hops if hop.address] == [1]
    assert seen.failure
    assert seen.failure.cause is Cause.CLIENT_LOCAL_NETWORK


@needs_namespaces
def test_a_flow_keeps_its_port_from_hop_to_hop_and_from_round_to_round(five: Row) -> None:
    """Also the first of all rounds, in which the port is chosen."""

    def what() -> list[int]:
        flow = TcpFlow(five.target(4), PORT)
        ports, used = [], None
        for ttl in (1, 2, 3):
            probe = flow.send(ttl, 5.0, used)
            used = probe.sock
            waiting = select.poll()
            waiting.register(used, 0)
            assert waiting.poll(5000)
            ports.append(used.getsockname()[1])
            hop = flow.answer(probe)
            assert hop is not None
            assert hop.address
        probe.sock.close()
        return ports

    assert len(set(five.client.run(what))) == 1


@needs_namespaces
def test_a_neighbour_that_is_not_there_is_told_by_this_host() -> None:
    with row(0) as lab:
        for name in ("ucast_solicit", "mcast_solicit"):
            lab.client.sysctl({f"net.ipv4.neigh.to-server.{name}": 1})
        lab.client.sysctl({"net.ipv4.neigh.to-server.retrans_time_ms": 50})
        (seen,) = lab.client.run(lambda: rounds("10.0.0.9", so_many(1), "udp", timeout=5.0))
    assert addresses(seen) == [None]
    assert seen.failure
    assert seen.failure.detail == "10.0.0.9: this host says: host unreachable"


@needs_namespaces
def test_a_port_is_kept_and_given_up_only_if_it_is_taken() -> None:
    """With no port left at all, the round fails by our own lack."""

    def port(flow: TcpFlow) -> int:
        probe = flow.send(1, 1.0)
        own: int = probe.sock.getsockname()[1]
        probe.sock.close()
        return own

    def what() -> tuple[int, int, int, Round]:
        flow = TcpFlow("127.0.0.1", 1)
        first, second = port(flow), port(flow)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", first))
            third = port(flow)
            Path("/proc/sys/net/ipv4/ip_local_port_range").write_text(f"{first} {first}")
            return first, second, third, rounds("127.0.0.1", so_many(1))[0]

    first, second, third, failed = in_own_network(what)
    assert first == second != third
    assert failed.failure
    assert (failed.failure.cause, failed.failure.code) == (Cause.CLIENT_RESOURCES, "EADDRINUSE")


@needs_namespaces
def test_an_answer_to_a_second_syn_is_none() -> None:
    """The kernel sends it after a second; nobody knows how long the first one would have taken."""
    with row(0) as lab, listening(lab.server, lab.target(4)):
        lab.server.rules("input", "tcp flags syn numgen inc mod 2 == 0 drop")

        def what() -> Hop | None:
            flow = TcpFlow(lab.target(4), PORT)
            probe = flow.send(1, 5.0)
            assert flow.answer(probe) is None
            assert select.select([], [probe.sock], [], 5.0)[1]
            hop = flow.answer(probe)
            probe.sock.close()
            return hop

        assert lab.client.run(what) == Hop(ttl=1)


@needs_namespaces
@pytest.mark.parametrize("flow_class", [UdpFlow, IcmpFlow])
def test_an_error_is_matched_by_what_it_quotes(flow_class: type[UdpFlow] | type[IcmpFlow]) -> None:
    """One about an earlier packet is not this one's; who quotes too little is believed."""

    def what() -> None:
        Path("/proc/sys/net/ipv4/ping_group_range").write_text("0 2147483647")
        flow = flow_class("127.0.0.1", PORT)
        probe = flow.send(1, 5.0)
        quoted = TOKENS[flow_class]
        assert flow._quotes(quoted(probe.serial), probe.serial)
        assert not flow._quotes(quoted(probe.serial + 1), probe.serial)
        assert flow._quotes(b"", probe.serial)
        assert flow.answer(probe) is None, "nothing has come"
        probe.sock.close()

    in_own_network(what, "meta l4proto { udp, icmp } drop")


TOKENS: dict[type, Callable[[int], bytes]] = {
    UdpFlow: lambda serial: b"conndrop" + serial.to_bytes(2, "big"),
    IcmpFlow: lambda serial: bytes(6) + serial.to_bytes(2, "big"),
}


@needs_namespaces
def test_an_error_of_the_packet_before_does_not_keep_the_next_from_being_sent() -> None:
    """The kernel returns it from the next send, and sends nothing then."""

    def what() -> None:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as late,
        ):
            sock.connect(("127.0.0.1", PORT))
            sock.send(b"refused")
            assert select.select([sock], [], [], 5.0)[0]
            late.bind(("127.0.0.1", PORT))
            send(sock, b"again")
            assert late.recv(100) == b"again"
            with pytest.raises(OSError, match="too long"):
                send(sock, bytes(70_000))

    in_own_network(what)


@needs_namespaces
def test_a_target_may_answer_a_datagram() -> None:
    """Whatever it says; errors of this host, or about other packets, are nobody's answer."""

    def what() -> list[Hop | None]:
        command("ip", "link", "set", "lo", "mtu", "1500")
        flow = UdpFlow("127.0.0.1", PORT)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as somebody:
            somebody.bind(("127.0.0.1", UNUSED_PORT))
            probe = flow.send(1, 5.0)
            probe.sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
            with pytest.raises(OSError, match="too long"):
                probe.sock.send(bytes(3000))
            seen = [flow.answer(probe)]
            _, sender = somebody.recvfrom(100)
            somebody.sendto(b"what?", sender)
            assert select.select([probe.sock], [], [], 5.0)[0]
            seen.append(flow.answer(probe))
        probe.sock.send(TOKENS[UdpFlow](probe.serial + 1))
        seen.append(flow.answer(probe))
        probe.sock.close()
        return seen

    nothing, answered, about_another = in_own_network(what)
    assert nothing is None
    assert answered
    assert (answered.address, answered.reached) == ("127.0.0.1", True)
    assert answered.rtt
    assert about_another is None


@needs_namespaces
def test_a_late_reply_to_an_echo_is_not_that_of_the_next() -> None:
    def what() -> list[Round]:
        Path("/proc/sys/net/ipv4/ping_group_range").write_text("0 2147483647")
        seen: list[Round] = []
        engine = path_engine(lambda _, reading: seen.append(carried(reading)))
        engine.add(path_order(protocol="icmp", timeout=5.0))
        engine.locate(1, ["127.0.0.1"], None)
        job = engine._jobs[1]
        drive(engine, lambda: job.probe)
        assert job.probe
        number = job.probe.sock.getsockname()[1]
        reply(struct.pack("!BBHHH8x", 8, 0, 0, number, job.probe.serial + 1))
        for _ in range(3):
            engine.tick(time.monotonic())
        assert not seen
        reply(struct.pack("!BBHHH8x", 8, 0, 0, number, job.probe.serial))
        drive(engine, lambda: seen)
        engine.close()
        return seen

    (one, *_) = in_own_network(what, "icmp type echo-request drop")
    assert [hop.reached for hop in one.hops] == [True]


@needs_namespaces
def test_without_a_descriptor_left_the_failure_is_our_own() -> None:
    """The round fails once; and a probe that cannot even begin says so."""

    def what() -> tuple[Round, str]:
        seen: list[Round] = []
        engine = path_engine(lambda _, reading: seen.append(carried(reading)))
        engine.add(path_order())
        engine.locate(1, ["127.0.0.1"], None)
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
        try:
            drive(engine, lambda: seen)
            trouble = why_unavailable("tcp")
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        engine.close()
        return seen[0], trouble

    failed, trouble = in_own_network(what)
    assert failed.failure
    assert (failed.failure.cause, failed.failure.code) == (Cause.CLIENT_RESOURCES, "EMFILE")
    assert trouble == "no tcp socket can be opened: Too many open files"


def test_a_step_of_the_wall_clock_makes_no_delay() -> None:
    with socket.socket() as sock:
        probe = HopProbe(ttl=1, serial=1, sock=sock, departed=1000.0, since=time.monotonic(), until=0.0)
        assert probe.rtt(999.0) is None
        assert probe.rtt(5000.0) is None
        assert probe.rtt(None) is None
        assert probe.rtt(1000.0005) == pytest.approx(0.0005)
        late = replace(probe, since=0.0, until=1.0)
        assert late.hop("192.0.2.1", 1.5) == Hop(ttl=1)


def test_words_of_icmp() -> None:
    """What the standards do not name is told by its numbers."""
    error = IcmpError(offender="192.0.2.1", version=4, kind=3, code=99, arrived=None, quoted=b"")
    assert error.words == "ICMP type 3 code 99"
    assert replace(error, code=13).words == "communication administratively prohibited"
    assert arrival([]) is None


@needs_namespaces
def test_a_path_follows_its_target() -> None:
    """Without an address each round is that failure; with another one it begins anew."""
    lost = Failure(phase=None, cause=Cause.DNS_FAILURE, detail="gone")

    def what() -> list[tuple[str | None, bool]]:
        seen: list[Round] = []
        engine = path_engine(lambda _, reading: seen.append(carried(reading)))
        engine.add(path_order())
        told: list[tuple[str | None, bool]] = []
        for found, failure in (
            ([], lost),
            (["127.0.0.1"], None),
            (["127.0.0.1"], None),
            (["127.0.0.2"], None),
            (["127.0.0.300"], None),
        ):
            engine.locate(1, found, failure)
            seen.clear()
            drive(engine, lambda: seen)
            where = seen[0].hops[0].address if seen[0].hops else None
            told.append((where, seen[0].failure is None))
        engine.close()
        return told

    assert in_own_network(what) == [
        (None, False), ("127.0.0.1", True), ("127.0.0.1", True), ("127.0.0.2", True), (None, False),
    ]  # fmt: skip


@needs_namespaces
def test_a_hurry_brings_so_many_rounds_and_no_more() -> None:
    """Then the path rests until its next turn, however often it is asked; and not all paths hurry at once."""
    resting = [MOST_EXTRA] * MOST_HURRIED + [0] * 10
    after_a_turn = [MOST_EXTRA + 1 + MOST_EXTRA] * MOST_HURRIED + [1] * 10

    def what() -> list[list[int]]:
        seen: list[int] = []
        before_all_turns = time.monotonic()
        engine = path_engine(lambda job, _: seen.append(job))
        for job in range(len(resting)):
            engine.add(path_order(job, interval=3600.0, timeout=60.0))
            engine.hurry(job)
            engine.locate(job, ["127.0.0.1"], None)
            engine.hurry(job)
        after_all_turns = time.monotonic() + FIRST

        def counted(now: float, rounds: int) -> list[int]:
            drive(engine, lambda: len(seen) >= rounds, lambda: now)
            for job in range(MOST_HURRIED):
                engine.hurry(job)
            until = time.monotonic() + 0.1
            drive(engine, lambda: time.monotonic() > until, lambda: now)
            return [seen.count(job) for job in range(len(resting))]

        counts = [counted(before_all_turns, sum(resting))]
        engine.tick(after_all_turns)
        for job in range(MOST_HURRIED):
            engine.hurry(job)
        counts.append(counted(after_all_turns, sum(after_a_turn)))
        engine.close()
        return counts

    assert in_own_network(what) == [resting, after_a_turn]


@needs_namespaces
def test_rounds_keep_their_distance() -> None:
    """However short the interval, and however hurried."""

    def what() -> list[float]:
        begun: list[float] = []
        engine = path_engine(lambda job, _: begun.append(engine._jobs[job].begun), gap=0.05)
        engine.add(path_order(interval=0.01))
        engine.locate(1, ["127.0.0.1"], None)
        engine.hurry(1)
        drive(engine, lambda: len(begun) >= 5)
        engine.close()
        return begun

    begun = in_own_network(what)
    assert all(after - before >= 0.05 - 1e-9 for before, after in pairwise(begun))


@needs_namespaces
def test_an_interval_that_is_too_short_is_made_longer_and_not_twice_as_long() -> None:
    """Each turn brings a round, though none may follow the one before so soon."""

    def what() -> int:
        seen: list[object] = []
        engine = path_engine(lambda _, reading: seen.append(reading), gap=1.0)
        engine.add(path_order(interval=0.9))
        engine.locate(1, ["127.0.0.1"], None)
        now = time.monotonic()
        for tick in range(1, 221):
            engine.tick(now + tick * 0.05)
        engine.close()
        return len(seen)

    assert in_own_network(what) == 11


@needs_namespaces
def test_an_idle_engine_sleeps_and_a_closed_one_keeps_nothing() -> None:
    """It asks for a tick when the next round is due, and sooner while packets are under way."""

    def what() -> None:
        before = len(list(Path("/proc/self/fd").iterdir()))
        engine = path_engine(lambda *_: None, gap=1.0)
        assert engine.tick(0.0) == float("inf")
        engine.add(path_order(interval=3600.0, protocol="udp", port=1))
        engine.locate(1, ["127.0.0.1"], None)
        now = time.monotonic()
        assert engine.tick(now) < now + 0.1
        engine.close()
        wait_for(lambda: len(list(Path("/proc/self/fd").iterdir())) <= before)

    in_own_network(what, "udp dport 33434 drop")


@pytest.mark.parametrize(
    ("hops", "length"),
    [
        ("aaaT", 4),
        ("aa.T", 4),
        ("aa.....T", 7),  # five silent ones are enough
        ("aa....aT", 8),
        ("." * 9, 5),
        ("a" * 40, 30),
    ],
)
def test_how_far_a_round_goes(hops: str, length: int) -> None:
    walk = Walk(30)
    assert walked(walk, hops) == length


def walked(walk: Walk, hops: str) -> int:
    """Go one round; `.` is silence, `a` a router, `T` the target, `!` a refusal; gives how far it went."""
    ttl = walk.begin()
    refused = Failure(phase=None, cause=Cause.NET_UNREACHABLE, detail="")
    while walk.goes_on(
        Hop(
            ttl=ttl,
            address=None if hops[ttl - 1] == "." else hops[ttl - 1],
            reached=hops[ttl - 1] == "T",
            failure=refused if hops[ttl - 1] == "!" else None,
        )
    ):
        ttl += 1
    return ttl


def test_a_round_goes_to_where_the_target_was() -> None:
    """Past any number of silent hops, and not beyond it until it has been missed for some rounds."""
    walk = Walk(30)
    assert [walked(walk, "a......T"), walked(walk, "aaaaaaaT")] == [6, 8]
    assert [walked(walk, hops) for hops in ("a.......T", "a" * 7 + ".T", "a!", "." * 8)] == [8, 8, 2, 8]
    assert walked(walk, "." * 30) == 8
    assert walked(walk, "aaaaaaa.T") == 9, "it may have moved away behind a silent router"
    assert walked(walk, "aaaaaaaaaT") == 10, "a router stands where it was"
    assert walked(walk, "aaT") == 3


def test_the_order() -> None:
    endpoint = Endpoint(dialect="mysql", host="h", port=3306, user="u", password=None, database="d")
    settings = PathSettings.model_validate({"max_hops": 12, "protocol": "udp"})
    assert KIND.order(7, Target(name="orders", endpoint=endpoint), settings) == PathOrder(
        job=7, interval=30.0, timeout=1.0, port=3306, protocol="udp", most_hops=12
    )


@needs_namespaces
def test_where_no_echo_may_be_sent_the_probe_says_what_it_needs() -> None:
    """TCP and UDP need nothing, whoever asks."""

    def what() -> str:
        assert not why_unavailable("tcp")
        assert not why_unavailable("udp")
        with pytest.raises(Unavailable) as caught:
            path_reader("icmp")
        return str(caught.value)

    assert "net.ipv4.ping_group_range" in in_own_network(what)


@needs_namespaces
def test_a_path_that_was_removed_is_followed_no_more() -> None:
    """In the midst of a round, and of a hurry; its socket is given back."""

    def removed() -> None:
        seen: list[object] = []
        with contextlib.closing(path_engine(lambda _, reading: seen.append(reading))) as engine:
            engine.add(path_order(protocol="tcp", timeout=5.0))
            engine.locate(1, ["127.0.0.1"], None)
            drive(engine, lambda: len(seen) > 1)
            engine.hurry(1)
            engine.tick(time.monotonic())
            engine.remove(1)
            seen.clear()
            until = time.monotonic() + 0.3
            drive(engine, lambda: time.monotonic() > until)
            assert not seen
            assert not engine._under_way

    in_own_network(removed)
