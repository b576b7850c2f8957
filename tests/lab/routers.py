"""A client, routers and a server in a row, each a network of its own, with faults to order.

Links are numbered from the client on: link `n` is 10.0.n.0/24 and fd00:0:0:n::/64, its nearer end is 1, its
farther end 2. An interface is named for where it leads: `to-r3`, `to-server`. Nobody limits ICMP until told.
"""

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import IPv6Address
from pathlib import Path
from typing import TypeVar

from tests.lab.namespace import SEARCHED, Namespace

T = TypeVar("T")
SETRESUID = {"x86_64": 117, "aarch64": 147}[os.uname().machine]
NOBODY = 65534
WIDTHS = {4: 24, 6: 64}
HOST: dict[str, int | str] = {
    "net.ipv6.conf.default.accept_dad": 0,
    "net.ipv6.conf.default.dad_transmits": 0,
    "net.ipv4.icmp_ratelimit": 0,
    "net.ipv4.icmp_ratemask": 0,
    "net.ipv6.icmp.ratelimit": 0,
}
ROUTER: dict[str, int | str] = {
    "net.ipv4.ip_forward": 1,
    "net.ipv6.conf.all.forwarding": 1,
    "net.ipv4.conf.all.rp_filter": 0,
    "net.ipv4.conf.default.rp_filter": 0,
}


def address(link: int, end: int, version: int) -> str:
    """Give the address of the nearer (1) or farther (2) end of a link."""
    return f"10.0.{link}.{end}" if version == 4 else str(IPv6Address(f"fd00:0:0:{link:x}::{end}"))


def subnet(link: int, version: int) -> str:
    """Give the range of a link's addresses."""
    return f"10.0.{link}.0/24" if version == 4 else f"fd00:0:0:{link:x}::/64"


class Node(Namespace):
    """One host or router."""

    def __init__(self, name: str, settings: Mapping[str, int | str]) -> None:
        super().__init__()
        self.name = name
        self.sysctl(settings)

    def sysctl(self, settings: Mapping[str, int | str]) -> None:
        """Set sysctls of this network, by their dotted names."""

        def write() -> None:
            for name, value in settings.items():
                Path("/proc/sys", *name.split(".")).write_text(f"{value}")

        self.run(write)

    def ip(self, *lines: str) -> None:
        """Run lines of `ip`, such as `route add default via 10.0.1.2`."""
        self.run(lambda: _feed(lines, "ip", "-batch", "-"))

    def rules(self, hook: str, *rules: str) -> None:
        """Let exactly these nft rules hold at `hook` (forward, input, output); none lets all pass."""
        self.nft(
            f"add table inet {hook}",
            f"delete table inet {hook}",
            f"add table inet {hook}",
            f"add chain inet {hook} rules {{ type filter hook {hook} priority 0; }}",
            *(f"add rule inet {hook} rules {rule}" for rule in rules),
        )

    def nft(self, *lines: str) -> None:
        """Run lines of `nft`, all of them or none."""
        self.run(lambda: _feed(lines, "nft", "-f", "-"))

    def as_nobody(self, what: Callable[[], T]) -> T:
        """Run `what` in a thread inside, as an ordinary user without any capability."""
        "".encode("idna")  # Python loads this when it is first needed, and nobody may not read its files

        def inside() -> T:
            # Of this thread alone: the C library's own call would change every thread.
            assert ctypes.CDLL(None, use_errno=True).syscall(SETRESUID, NOBODY, NOBODY, NOBODY) == 0
            return what()

        return self.run(inside)


@contextlib.contextmanager
def row(routers: int, *, beside: bool = False) -> Iterator["Row"]:
    """Build a client, so many routers and a server; all is gone with the block, whatever happens in it."""
    with contextlib.ExitStack() as stack:
        yield Row(stack, routers, beside=beside)


class Row:
    """A client, routers and a server in a row; `routers[0]` is the client's neighbour.

    With `beside` there is one router more, beside `routers[1]`: links 101 and 102 join it to its neighbours.
    No route leads there until asked for.
    """

    def __init__(self, stack: contextlib.ExitStack, routers: int, *, beside: bool) -> None:
        def node(name: str, settings: dict[str, int | str]) -> Node:
            return stack.enter_context(Node(name, settings | HOST))

        self.client = node("client", {})
        self.routers = [node(f"r{number}", ROUTER) for number in range(1, routers + 1)]
        self.server = node("server", {})
        self.nodes = [self.client, *self.routers, self.server]
        for link in range(len(self.nodes) - 1):
            join(self.nodes[link], self.nodes[link + 1], link)
        for place, one in enumerate(self.nodes):
            one.ip(*self._routes(place))
        if beside:
            self._beside(node("aside", ROUTER))

    def target(self, version: int) -> str:
        """Give the server's address."""
        return address(len(self.routers), 2, version)

    def path(self, version: int) -> list[str]:
        """Give the addresses that answer at each hop, the server's last."""
        return [address(link, 2, version) for link in range(len(self.routers) + 1)]

    def there(self, version: int, *ways: int) -> None:
        """Lead what leaves the first router for the server over link 1, the row, or 101, aside, or both."""
        hops = " ".join(f"nexthop via {address(way, 2, version)}" for way in ways)
        links = range(2, len(self.routers) + 1)
        self.routers[0].ip(*(f"route replace {subnet(link, version)} {hops}" for link in links))

    def back(self, version: int, way: int) -> None:
        """Lead what leaves the third router for the client over link 1, the row, or 101, aside."""
        near = address(way + 1, 1, version)
        self.routers[2].ip(f"route replace {subnet(0, version)} via {near}")

    def _routes(self, place: int) -> Iterator[str]:
        for version in WIDTHS:
            for link in range(len(self.nodes) - 1):
                if link < place - 1:
                    yield f"route add {subnet(link, version)} via {address(place - 1, 1, version)}"
                elif link > place:
                    yield f"route add {subnet(link, version)} via {address(place, 2, version)}"

    def _beside(self, aside: Node) -> None:
        first, third = self.routers[0], self.routers[2]
        join(first, aside, 101)
        join(aside, third, 102)
        for version in WIDTHS:
            back, on = address(101, 1, version), address(102, 2, version)
            far = (f"route add {subnet(link, version)} via {on}" for link in range(3, len(self.routers) + 1))
            aside.ip(f"route add {subnet(0, version)} via {back}", *far)


def join(near: Node, far: Node, link: int) -> None:
    """Lay a link between two nodes, with its addresses at both ends."""
    left, right = f"to-{far.name}", f"to-{near.name}"
    near.ip(f"link add {left} type veth peer name {right} netns {far.path}", *_ends(left, link, 1))
    far.ip(*_ends(right, link, 2))


def _ends(interface: str, link: int, end: int) -> Sequence[str]:
    addresses = (
        f"address add {address(link, end, version)}/{width} dev {interface} nodad"
        for version, width in WIDTHS.items()
    )
    return [f"link set {interface} up", *addresses]


def _feed(lines: Sequence[str], *words: str) -> None:
    text = "\n".join(lines) + "\n"
    done = subprocess.run(
        words, input=text, capture_output=True, text=True, check=False, timeout=60,
        env=os.environ | {"PATH": SEARCHED},
    )  # fmt: skip
    assert done.returncode == 0, f"{text}{done.stderr}"
