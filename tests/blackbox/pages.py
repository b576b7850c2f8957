"""Web servers of the standard library, as pages to be looked at."""

import contextlib
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODIFIED = "Wed, 21 Oct 2015 07:28:00 GMT"


class _Pages(BaseHTTPRequestHandler):
    """`/500` answers so; `/to?URL` leads there; `/chunked` has no length; `/host` says what it is called."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if path == "/to":
            self._answer(302, b"", ("Location", query))
        elif path == "/chunked":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"5\r\nhello\r\n0\r\n\r\n")
        elif path == "/host":
            self._answer(200 if self.headers["Host"] == "shop.example.com" else 421, b"")
        elif path[1:].isdigit():
            self._answer(int(path[1:]), b"page\n")
        else:
            self._answer(200, b"x" * 1000, ("Last-Modified", MODIFIED))

    def _answer(self, status: int, content: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, text in (*headers, ("Content-Length", str(len(content)))):
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: Any) -> None:
        """Say nothing of clients that have gone."""


@contextlib.contextmanager
def pages(context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve the pages; gives the port."""
    server = _Server(("127.0.0.1", 0), _Pages)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
