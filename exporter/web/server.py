"""Listening sockets and the threads behind them: the standard library's server, with deadlines."""

import contextlib
import logging
import re
import socket
import sys
import threading
import time
from dataclasses import dataclass
from http import HTTPStatus
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import ServerHandler, WSGIRequestHandler, WSGIServer
from wsgiref.types import WSGIApplication

log = logging.getLogger(__name__)

MOST_CONNECTIONS = 256
LONGEST_LINE = 65536
PATIENCE = 10.0
"""Seconds that a client may keep silent or refuse to read before it is let go."""


ADDRESS = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.%\w]+)\]|(?P<host>[A-Za-z0-9._-]*)):(?P<port>[0-9]{1,5})")


class AddressError(Exception):
    """An address to listen on that cannot be used."""


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """Where to listen: `host` is empty for every interface."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "ListenAddress":
        """Read `host:port`, `[::1]:port` or `:port`; raise ValueError in words for people."""
        match = ADDRESS.fullmatch(text)
        if match is None or int(match["port"]) > 65535:
            raise ValueError(f"{text!r} is not an address; write host:port, [::1]:port or :port")
        return cls(match["six"] or match["host"], int(match["port"]))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """A URL that reaches us from this host."""
        anywhere = self.host in ("", "::", "0.0.0.0")  # noqa: S104  a comparison
        return f"http://{ListenAddress('localhost' if anywhere else self.host, self.port)}/"


class _Exchange(ServerHandler):
    """wsgiref's way through one request, without its tracebacks on standard error."""

    def log_exception(self, exc_info: Any) -> None:
        """Log what broke; a client that has gone is no concern of ours."""
        gone = isinstance(exc_info[1], OSError)
        log.log(logging.DEBUG if gone else logging.ERROR, "request broke", exc_info=exc_info)


class _Handler(WSGIRequestHandler):
    timeout = PATIENCE

    def handle(self) -> None:
        """Answer one request, as the base class does, with our own _Exchange."""
        self.raw_requestline = self.rfile.readline(LONGEST_LINE + 1)
        if len(self.raw_requestline) > LONGEST_LINE:
            self.requestline = self.request_version = self.command = ""
            self.send_error(HTTPStatus.REQUEST_URI_TOO_LONG)
        elif self.parse_request():
            server: Any = self.server
            files: tuple[Any, Any] = (
                self.rfile,
                self.wfile,
            )  # typeshed calls them what wsgiref does not want
            exchange = _Exchange(files[0], files[1], sys.stderr, self.get_environ())
            exchange.request_handler = self  # type: ignore[attr-defined]  # wsgiref's own protocol
            exchange.run(server.get_app())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's own name
        """Write requests to the debug log only."""
        log.debug("request", extra={"fields": {"client": self.client_address[0], "request": format % args}})


class _Server(ThreadingMixIn, WSGIServer):
    """A thread for each connection: whoever connects and says nothing holds up nobody else.

    When there are too many, the one that has been there longest is let go: a scrape takes
    milliseconds, so that one does not.
    """

    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, family: socket.AddressFamily, where: Any, app: WSGIApplication) -> None:
        self.address_family = family
        self._open: dict[int, socket.socket] = {}
        self._lock = threading.Lock()
        super().__init__(where, _Handler)
        self.set_app(app)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin to answer, and make room first if need be."""
        with self._lock:
            if len(self._open) >= MOST_CONNECTIONS:
                oldest = self._open.pop(next(iter(self._open)))
                with contextlib.suppress(OSError):
                    oldest.shutdown(socket.SHUT_RDWR)
            self._open[id(request)] = request
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """End one connection."""
        with self._lock:
            self._open.pop(id(request), None)
        super().shutdown_request(request)

    def get_request(self) -> Any:
        """Accept a connection; where no descriptor is left, do not try again at once."""
        try:
            return super().get_request()
        except OSError:
            time.sleep(0.05)
            raise

    def server_bind(self) -> None:
        """Bind without the base class's look-up of our own host name, which may hang where DNS does."""
        if self.address_family is socket.AF_INET6:
            only_six = 0 if self.server_address[0] == "::" else 1
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only_six)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  socketserver's signature
        """Keep a client that breaks off out of the log; it is no concern of ours."""
        log.debug("client gone", extra={"fields": {"client": str(client_address[0])}})


class WebServer:
    """Answers HTTP on every address it is given."""

    def __init__(self, addresses: list[ListenAddress], app: WSGIApplication) -> None:
        """Bind all addresses; raise AddressError when one cannot be had."""
        self._servers: list[_Server] = []
        self._serving = False
        try:
            for address in addresses:
                self._servers.append(_bound(address, app))
        except BaseException:
            self.stop()
            raise
        self._serving = True
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.1,), name="web", daemon=True).start()

    @property
    def addresses(self) -> list[ListenAddress]:
        """Where we listen; ports that were asked for as 0 are filled in."""
        return [ListenAddress(str(server.server_address[0]), server.server_port) for server in self._servers]

    def stop(self) -> None:
        """Stop listening; requests being answered are not waited for."""
        for server in self._servers:
            if self._serving:
                server.shutdown()  # before its socket goes, whose number something else may get
            server.server_close()


def _bound(address: ListenAddress, app: WSGIApplication) -> _Server:
    try:
        host = address.host or ("::" if socket.has_dualstack_ipv6() else "0.0.0.0")  # noqa: S104  asked for by `:port`
        family, _, _, _, where = socket.getaddrinfo(host, address.port, type=socket.SOCK_STREAM)[0]
        return _Server(family, where, app)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a host name"
        raise AddressError(f"cannot listen on {address}: {reason}") from None
