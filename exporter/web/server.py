"""Listening sockets and the threads behind them: the standard library's server, with deadlines."""

import logging
import socket
import threading
from dataclasses import dataclass
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import WSGIApplication

log = logging.getLogger(__name__)

PATIENCE = 10.0
"""Seconds that a client may keep silent or refuse to read before it is let go."""


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
        host, colon, port = text.rpartition(":")
        if (
            not colon
            or not port.isdecimal()
            or int(port) > 65535
            or (":" in host and not host.startswith("["))
        ):
            raise ValueError(f"{text!r} is not an address; write host:port, [::1]:port or :port")
        return cls(host.strip("[]"), int(port))

    def __str__(self) -> str:
        host = self.host or "localhost"
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"


class _Handler(WSGIRequestHandler):
    timeout = PATIENCE

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's own name
        """Write requests to the debug log only."""
        log.debug("request", extra={"fields": {"client": self.client_address[0], "request": format % args}})


class _Server(ThreadingMixIn, WSGIServer):
    """A thread for each connection: whoever connects and says nothing holds up nobody else."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, family: socket.AddressFamily, where: Any, app: WSGIApplication) -> None:
        self.address_family = family
        super().__init__(where, _Handler)
        self.set_app(app)

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
        try:
            for address in addresses:
                self._servers.append(_bound(address, app))
        except BaseException:
            self.stop()
            raise
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.1,), name="web", daemon=True).start()

    @property
    def addresses(self) -> list[ListenAddress]:
        """Where we listen; ports that were asked for as 0 are filled in."""
        return [ListenAddress(str(server.server_address[0]), server.server_port) for server in self._servers]

    def stop(self) -> None:
        """Stop listening; requests being answered are not waited for."""
        for server in self._servers:
            server.socket.close()


def _bound(address: ListenAddress, app: WSGIApplication) -> _Server:
    try:
        host = address.host or ("::" if socket.has_dualstack_ipv6() else "0.0.0.0")  # noqa: S104  asked for by `:port`
        family, _, _, _, where = socket.getaddrinfo(host, address.port, type=socket.SOCK_STREAM)[0]
        return _Server(family, where, app)
    except OSError as error:
        raise AddressError(f"cannot listen on {address}: {error.strerror}") from None
