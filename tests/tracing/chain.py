"""The row of routers on which paths are traced, and the command that does so, as a user runs it."""

import contextlib
from collections.abc import Iterator
from typing import Final

from tests.lab.routers import Row, row
from tests.test_cli import told
from tests.test_path import PORT, listening

LOSSY: Final = [f"ip ttl {left} tcp flags syn numgen inc mod 2 == 0 drop" for left in (1, 2, 3)]
"""At the third router: half of the packets of each hop behind it."""
BRISK: Final = ("-i", "0.02", "-Z", "0.1")
"""Hardly a pause between rounds, and little patience."""


@contextlib.contextmanager
def chain() -> Iterator[Row]:
    """Build five routers, and a server that listens on both of its addresses."""
    with row(5) as built, listening(built.server, built.target(4)), listening(built.server, built.target(6)):
        # Else a server takes no SYN from the same port for a second after its answer was lost.
        built.server.sysctl({"net.ipv4.tcp_syncookies": 2})
        yield built


def path(lab: Row, *words: str) -> tuple[int, str, str]:
    """Run `conndrop path` at the client; give its status, and what it said on both streams."""
    with lab.client.entered():
        return told("path", *words)


def place(lab: Row, version: int = 4) -> str:
    """Give the server's address and port, as a user writes them."""
    return f"{lab.target(4)}:{PORT}" if version == 4 else f"[{lab.target(6)}]:{PORT}"
