"""Whom an Alertmanager tells, and what it said to them."""

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.lab.exporter import Network
from tests.paging.serving import serving


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What came: when by the wall clock, at which path, and the document."""

    at: float
    path: str
    document: Any


class Receiver:
    """An HTTP server that takes whatever is posted to it, as Slack, PagerDuty and webhooks do."""

    def __init__(self, inside: Network) -> None:
        self._deliveries: list[Delivery] = []
        taken = self._deliveries.append

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                taken(Delivery(at=time.time(), path=self.path, document=document))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = inside.run(lambda: ThreadingHTTPServer(("127.0.0.1", 0), Handler))

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def deliveries(self, path: str = "") -> list[Delivery]:
        """Give what has come to paths that begin so, oldest first."""
        return [one for one in list(self._deliveries) if one.path.startswith(path)]

    def alerts(self, path: str = "") -> list[tuple[float, dict[str, Any]]]:
        """Give every alert in every webhook's message, with when it came."""
        return [(one.at, alert) for one in self.deliveries(path) for alert in one.document["alerts"]]


@contextlib.contextmanager
def receiver(inside: Network) -> Iterator[Receiver]:
    """Listen in a network until the block ends."""
    found = Receiver(inside)
    with serving(found.server):
        yield found
