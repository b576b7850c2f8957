"""A network of one's own: a namespace in which packets can be dropped without harm to anyone."""

import contextlib
import ctypes
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from exporter.net.stamps import CONTROL_BYTES, SO_TIMESTAMPNS

T = TypeVar("T")
CLONE_NEWNET = 0x40000000
MOST_UNSTAMPED = 5000
"""Packets, a millisecond apart, of which one has a stamp at the latest."""

needs_namespaces = pytest.mark.skipif(
    os.geteuid() != 0
    or not shutil.which("ip")
    or not shutil.which("nft", path=f"{os.environ['PATH']}:/usr/sbin"),
    reason="network namespaces need root, and the packages iproute2 and nftables",
)

needs_capture = pytest.mark.skipif(
    not Path("/dev/net/tun").exists() or not shutil.which("tcpdump", path=f"{os.environ['PATH']}:/usr/sbin"),
    reason="the lab needs /dev/net/tun, and the package tcpdump",
)

needs_faults = pytest.mark.skipif(
    not all(
        shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")
        for program in ("conntrack", "haproxy", "pgbouncer")
    ),
    reason="the lab's faults need the packages conntrack, haproxy and pgbouncer",
)


@contextlib.contextmanager
def stamping() -> Iterator[None]:
    """Have the kernel stamp all packets of this host meanwhile, whoever they are for.

    It does so from some milliseconds after the first socket has asked for it until the last one is closed:
    without this, the first answers of a test may come without a stamp, and so without a delay.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(10.0)
        for _ in range(MOST_UNSTAMPED):
            sock.sendto(b"", sock.getsockname())
            if sock.recvmsg(1, CONTROL_BYTES)[1]:
                break
            time.sleep(0.001)
        else:
            raise AssertionError("the kernel stamps nothing")
        yield


def in_own_network(what: Callable[[], T], *rules: str, seconds: float = 60.0) -> T:
    """Run `what`, for at most so long, in a thread and a network of its own, and return what it returned.

    That network has a loopback interface and nothing else; `rules` are nft rules for what arrives.
    (What is dropped on its way out is not lost but refused: the sender is told.)
    """
    outcome: list[T] = []
    errors: list[BaseException] = []

    def inside() -> None:
        try:
            if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "unshare")
            run_inside("ip", "link", "set", "lo", "up")
            for rule in ("add table inet t", "add chain inet t i { type filter hook input priority 0 ; }"):
                run_inside("nft", rule)
            for rule in rules:
                run_inside("nft", f"add rule inet t i {rule}")
            outcome.append(what())
        except BaseException as error:  # noqa: BLE001  carried to the thread of the test
            errors.append(error)

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    assert outcome, "did not end"
    return outcome[0]


def run_inside(*command: str) -> None:
    """Run a command in the network of the thread that asks."""
    # A thread's children live in the thread's network.
    subprocess.run(
        command, check=True, capture_output=True, env={"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
    )
