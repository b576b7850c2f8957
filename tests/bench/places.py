"""The networks in which is measured. All are in namespaces; no packet leaves the machine."""

import contextlib
import ctypes
import ipaddress
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench.running import started
from tests.lab.namespace import Namespace, command, enter_new_network
from tests.lab.responder import responder

CLONE_NEWNS = 0x00020000
MS_REC_PRIVATE = 0x44000
MS_BIND = 0x1000
DEVICE = "bench0"
"""The prober's own interface, in every place."""
SPREAD = (0.005, 0.055)
"""Seconds after which replies come, evenly: what networks do, and a tool has to cope with."""


def enter() -> None:
    """Give this process a network of its own, with unprivileged echo for all, and mounts of its own."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(CLONE_NEWNS) or library.mount(None, b"/", None, MS_REC_PRIVATE, None):
        raise OSError(ctypes.get_errno(), "unshare")
    enter_new_network()
    Path("/proc/sys/net/ipv4/ping_group_range").write_text("0 2147483647")


def hosts(count: int) -> list[str]:
    """Name addresses at which somebody answers in the place `answering`."""
    return [str(ipaddress.ip_address("10.1.0.0") + number) for number in range(1, count + 1)]


@contextlib.contextmanager
def answering(least: float = SPREAD[0], most: float = SPREAD[1]) -> Iterator[None]:
    """A network of sixteen million hosts; each answers echo requests and SYNs by itself, after a while."""
    with responder(DEVICE, "10.255.255.254/8", least=least, most=most):
        yield


@contextlib.contextmanager
def routed(prefix: str, routers: int) -> Iterator[Namespace]:
    """A chain of routers with a server behind it that has every address of `prefix`; gives the server."""
    with contextlib.ExitStack() as stack:
        nodes = [stack.enter_context(Namespace()) for _ in range(routers + 1)]
        command("ip", "link", "add", DEVICE, "type", "veth", "peer", "name", "back", "netns", nodes[0].path)
        stack.callback(command, "ip", "link", "delete", DEVICE)
        command("ip", "address", "add", "10.200.0.1/30", "dev", DEVICE)
        command("ip", "link", "set", DEVICE, "up")
        command("ip", "route", "add", prefix, "via", "10.200.0.2")
        for number, node in enumerate(nodes):
            node.command("ip", "address", "add", f"10.200.{number}.2/30", "dev", "back")
            node.command("ip", "link", "set", "back", "up")
            if number:
                node.command("ip", "route", "add", "10.200.0.0/30", "via", f"10.200.{number}.1")
            if number < routers:
                _lead_on(node, nodes[number + 1], number + 1, prefix)
        nodes[-1].command("ip", "route", "add", "local", prefix, "dev", "lo")
        yield nodes[-1]


def _lead_on(node: Namespace, further: Namespace, number: int, prefix: str) -> None:
    node.command("ip", "link", "add", "on", "type", "veth", "peer", "name", "back", "netns", further.path)
    node.command("ip", "address", "add", f"10.200.{number}.1/30", "dev", "on")
    node.command("ip", "link", "set", "on", "up")
    node.command("ip", "route", "add", prefix, "via", f"10.200.{number}.2")
    node.run(lambda: Path("/proc/sys/net/ipv4/ip_forward").write_text("1"))
    # Routers that say little of packets that died would be the subject of another measurement.
    node.run(lambda: Path("/proc/sys/net/ipv4/icmp_ratelimit").write_text("0"))


@contextlib.contextmanager
def named() -> Iterator[None]:
    """A resolver on loopback, asked by everything in this process's mounts, that knows every name."""
    files = Path("/run/conndrop-bench-resolv.conf")
    files.write_text("nameserver 127.0.0.1\noptions timeout:2 attempts:2\n")
    library = ctypes.CDLL(None, use_errno=True)
    try:
        if library.mount(bytes(files), b"/etc/resolv.conf", None, MS_BIND, None):
            raise OSError(ctypes.get_errno(), "mount")
        with started(sys.executable, "-m", "tests.bench.servers", "dns", "127.0.0.1", "53"):
            yield
        library.umount(b"/etc/resolv.conf")
    finally:
        files.unlink()
