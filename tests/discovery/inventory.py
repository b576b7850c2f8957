"""A server of lists, which does as it is told: whole, wrong, slow, too large, elsewhere, or not at all."""

import json
import ssl
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

Asked = tuple[str, Mapping[str, str]]
"""Path and headers of a request."""


class Inventory:
    """Answers each request by calling `answer` with its handler; `asked` are all requests so far."""

    def __init__(self, context: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0) -> None:
        self.asked: list[Asked] = []
        self.answer: Callable[[BaseHTTPRequestHandler], None] = self.listing([])
        inventory = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                inventory.asked.append((self.path, dict(self.headers)))
                inventory.answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # who asked has gone
        if context is not None:
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.scheme = "https" if context else "http"
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()

    def kill(self) -> None:
        """Let it be gone: from now on its port refuses."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()

    @property
    def url(self) -> str:
        """Where its list is."""
        return f"{self.scheme}://localhost:{self.port}/list"

    def lists(self, *addresses: str, **labels: str) -> None:
        """Have one group of targets from now on."""
        self.answer = self.listing([{"targets": addresses, "labels": labels}])

    @staticmethod
    def listing(content: object) -> Callable[[BaseHTTPRequestHandler], None]:
        """Answer with JSON."""
        return said(json.dumps(content).encode())


def said(
    content: bytes, status: int = 200, kind: str = "application/json", **headers: str
) -> Callable[[BaseHTTPRequestHandler], None]:
    """Answer with this."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    return answer
