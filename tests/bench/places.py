"""The networks in which is measured. All are in namespaces; no packet leaves the machine."""

import contextlib
import ctypes
import ipaddress
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.running import started
from tests.lab.namespace import Namespace, enter_new_network
from tests.lab.responder import responder
from tests.lab.routers import address, row

CLONE_NEWNS = 0x00020000
MS_REC_PRIVATE = 0x44000
MS_BIND = 0x1000
DEVICE = "bench0"
"""The prober's interface where everybody answers."""
SPREAD = (0.005, 0.055)
"""Seconds after which replies come, evenly: what networks do, and a tool has to cope with."""


def enter() -> None:
    """Give this process a network of its own, with unprivileged echo for all, and mounts of its own."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(CLONE_NEWNS) or library.mount(None, b"/", None, MS_REC_PRIVATE, None):
        raise OSError(ctypes.get_errno(), "unshare")
    enter_new_network()
    _allow_echo()


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
    """A row of routers with a server behind it that has every address of `prefix`; gives the server."""
    with row(routers) as way:
        for link, node in enumerate(way.nodes[:-1]):
            node.ip(f"route add {prefix} via {address(link, 2, 4)}")
        way.server.ip(f"route add local {prefix} dev lo")
        with way.client.entered():
            _allow_echo()
            yield way.server


def _allow_echo() -> None:
    Path("/proc/sys/net/ipv4/ping_group_range").write_text("0 2147483647")


@contextlib.contextmanager
def named() -> Iterator[None]:
    """A resolver on loopback, asked by everything in this process's mounts, that knows every name."""
    library = ctypes.CDLL(None, use_errno=True)
    with tempfile.NamedTemporaryFile("w", prefix="conndrop-bench-") as file:
        file.write("nameserver 127.0.0.1\noptions timeout:2 attempts:2\n")
        file.flush()
        Path(file.name).chmod(0o644)
        if library.mount(file.name.encode(), b"/etc/resolv.conf", None, MS_BIND, None):
            raise OSError(ctypes.get_errno(), "mount")
        try:
            with started(sys.executable, "-m", "tests.bench.servers", "dns", "127.0.0.1", "53"):
                yield
        finally:
            library.umount(b"/etc/resolv.conf")
