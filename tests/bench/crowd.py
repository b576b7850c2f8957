"""A place with 65,536 databases, each with a name, an address and TLS, behind two routers."""

import contextlib
import ipaddress
import json
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from tests.bench import ours
from tests.bench.places import named, routed
from tests.bench.running import LONGEST_START, started
from tests.servers import Certificates
from tests.waiting import wait_for

PREFIX: Final = "10.9.0.0/16"
ROUTERS: Final = 2
NETWORK: Final = ("ping", "path", "mtu", "dns", "tcp", "tls", "session")
"""Every network probe, and sessions."""


@contextlib.contextmanager
def crowd() -> Iterator[None]:
    """Let everybody answer: the kernel what it can, one process all logins, another questions for names."""
    with tempfile.TemporaryDirectory(prefix="conndrop-bench-") as directory:
        certificate, key = Path(directory, "server.pem"), Path(directory, "server.key")
        Certificates(Path(directory)).install("good", certificate, key)
        words = ("tests.bench.postgres_double", "0.0.0.0", str(ours.PORT), str(certificate), str(key))  # noqa: S104  its own network
        with routed(PREFIX, ROUTERS) as server, named(), started(sys.executable, "-m", *words, inside=server):
            wait_for(_lets_in, LONGEST_START)
            yield


def _lets_in() -> bool:
    try:
        socket.create_connection((address(0), ours.PORT), timeout=1).close()
    except OSError:
        return False
    return True


def host(number: int) -> str:
    """Name a database."""
    return f"h{number}.bench.test"


def address(number: int) -> str:
    """Give the address of a database."""
    return str(ipaddress.ip_address("10.9.0.1") + number)


def url(number: int) -> str:
    """Give the URL of a database."""
    return f"postgresql://probe@{host(number)}:{ours.PORT}/shop?sslmode=require"


def configuration(count: int, probes: Mapping[str, object] | None = None) -> str:
    """Write a configuration of so many of them, with these `probes`, or every network probe and sessions."""
    probes = probes or ours.only(**dict.fromkeys(NETWORK, True))
    targets = [{"name": f"orders-{number}", "url": url(number), "probes": probes} for number in range(count)]
    return json.dumps({"targets": targets})
