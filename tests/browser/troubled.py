"""An exporter that watches what is well, and what is broken in every way that pages have to show."""

import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import Any, Final

from tests.doubles import deaf, greets, mysql_packet, postgres_message, says, server
from tests.lab.exporter import HERE, Exporter, exporter
from tests.servers import Postgres
from tests.servers.database import free_port

SCRIPT: Final = "<script>alert('dropped')</script><img src=x onerror=alert(1)>"
HOSTILE: Final = f"{SCRIPT}\x01\x07\x1b[31mred\x1b[0m\u202e\"'&amp;".encode()
ENDLESS: Final = b"<b>" * 350_000
"""A megabyte, and a little more."""
QUICK: Final[dict[str, Any]] = {
    "ping": {"interval": "500ms", "timeout": "500ms"},
    "tcp": {"interval": "1s", "timeout": "1s"},
    "session": {"interval": "2s", "timeout": "1s"},
    "dns": {"interval": "2s", "timeout": "1s"},
    "server": {"interval": "2s", "timeout": "1s"},
    "path": {"interval": "2s"},
    "sentinel": {"heartbeat": "1s"},
    "idle": {"ladder": ["1s", "2s"]},
    "pool": {"interval": "2s", "timeout": "2s"},
}
PATIENT: Final[dict[str, Any]] = {
    **QUICK,
    "session": {"interval": "5s", "timeout": "5s"},
    "server": {"interval": "5s", "timeout": "5s"},
    "tcp": {"interval": "3s", "timeout": "3s"},
    "dns": {"interval": "5s", "timeout": "5s"},
    "pool": {"interval": "5s", "timeout": "5s"},
}
"""Of what is well, so that a machine that is slow for a moment makes it ill for no moment."""
ILL: Final = ("down", "password", "name", "script", "endless", "greeting")
"""The targets that are broken."""


def says_no(text: bytes) -> Callable[[socket.socket], None]:
    """Refuse every login to a PostgreSQL with such words."""
    fields = b"SFATAL\0VFATAL\0C28000\0M" + text + b"\0\0"
    return says(postgres_message(b"E", fields), then=deaf)


def greets_with(text: bytes) -> Callable[[socket.socket], None]:
    """Turn everybody away from a MySQL with such words."""
    return greets(mysql_packet(0, b"\xff\x69\x04" + text))


@contextlib.contextmanager
def troubled(postgres: Postgres) -> Iterator[Exporter]:
    """Have the exporter watch all of them; those in ILL get an incident each."""
    with contextlib.ExitStack() as stack:
        doubles = {
            "script": ("postgresql", stack.enter_context(server(says_no(HOSTILE)))),
            "endless": ("postgresql", stack.enter_context(server(says_no(ENDLESS)))),
            "greeting": ("mysql", stack.enter_context(server(greets_with(HOSTILE)))),
        }
        plain = {"postgresql": "sslmode=disable", "mysql": "ssl_mode=disabled"}
        urls = {
            "orders": postgres.url(postgres.plain),
            "down": f"postgresql://probe@127.0.0.1:{free_port()}/shop",
            "password": postgres.url(postgres.plain, password="wrong"),
            "name": "postgresql://probe@nowhere.invalid/shop",
            **{
                name: f"{scheme}://probe@127.0.0.1:{port}/shop?{plain[scheme]}"
                for name, (scheme, port) in doubles.items()
            },
        }
        labels = {"team": SCRIPT, "site": "Zürich \N{SNOWMAN}"}
        targets = [
            {"name": name, "url": url, "probes": QUICK if name in ILL else PATIENT, "labels": labels}
            for name, url in urls.items()
        ]
        yield stack.enter_context(exporter(HERE, targets))
