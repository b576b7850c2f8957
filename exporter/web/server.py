"""Listening sockets, and the thread that answers whoever connects: by Tornado, for a WSGI application."""

import asyncio
import os
import re
import socket
import threading
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Final
from wsgiref.types import WSGIApplication

from exporter.web.clients import Clients
from exporter.web.door import Entrance, Open

UNSENT: Final = 1 << 17
"""Bytes of an answer that the kernel takes before their turn: what is unread is ours, and we count it."""
FAMILIES: Final = (socket.AF_INET, socket.AF_INET6)
WAITING: Final = 1024
"""Connections that the kernel keeps for us until they are accepted."""
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

    def url(self, scheme: str = "http") -> str:
        """Give a URL that reaches us from this host."""
        anywhere = self.host in ("", "::", "0.0.0.0")  # noqa: S104  a comparison
        return f"{scheme}://{ListenAddress('localhost' if anywhere else self.host, self.port)}/"


class WebServer:
    """Answers HTTP/1.1 on every address or listening socket that it is given."""

    def __init__(
        self,
        listen: Sequence[ListenAddress | socket.socket],
        app: WSGIApplication,
        entrance: Entrance | None = None,
    ) -> None:
        """Bind all addresses; raise AddressError when one cannot be had. Without an entrance all is plain.

        Sockets, which somebody else has bound, are ours from then on.
        """
        self._listeners = bind(listen)
        self._addresses = [ListenAddress(*listener.getsockname()[:2]) for listener in self._listeners]
        self._clients = Clients(app, entrance or Open())
        self._loop, self._stopping = asyncio.new_event_loop(), asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self._thread.start()

    @property
    def addresses(self) -> list[ListenAddress]:
        """Where we listen; ports that were asked for as 0 are filled in."""
        return list(self._addresses)

    @property
    def short(self) -> bool:
        """Whether there was no descriptor for somebody of late."""
        return self._clients.short

    def turns(self, within: float) -> bool:
        """Tell whether our loop goes on: whether it comes to a call within so many seconds."""
        turned = threading.Event()
        with suppress(RuntimeError):  # it has ended
            self._loop.call_soon_threadsafe(turned.set)
        return turned.wait(within)

    def stop(self) -> None:
        """Stop listening, and let go of everybody; requests being answered are not waited for."""
        with suppress(RuntimeError):  # it has been stopped before
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        accepting = [asyncio.create_task(self._clients.accept(each)) for each in self._listeners]
        await self._stopping.wait()
        for task in accepting:
            task.cancel()
        await asyncio.wait(accepting)
        for listener in self._listeners:
            listener.close()
        self._clients.dismiss()


def bind(listen: Sequence[ListenAddress | socket.socket]) -> list[socket.socket]:
    """Give sockets that listen on all of these; raise AddressError when one cannot be had.

    Whoever has much to do before it answers binds first, so that it does nothing in vain.
    """
    with ExitStack() as opened:
        listeners = [opened.enter_context(_listener(where)) for where in listen]
        opened.pop_all()
    return listeners


def _listener(where: ListenAddress | socket.socket) -> socket.socket:
    """Give a socket that listens, and does not block; raise AddressError where that cannot be."""
    listener = _bound(where) if isinstance(where, ListenAddress) else where
    try:
        if listener.family not in FAMILIES or not listener.getsockopt(
            socket.SOL_SOCKET, socket.SO_ACCEPTCONN
        ):
            raise AddressError("a socket that was given does not listen for TCP")
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT)  # of those it accepts, too
    except OSError as error:
        raise AddressError(f"a socket that was given cannot be used: {error.strerror}") from None
    listener.setblocking(False)
    return listener


def _bound(address: ListenAddress) -> socket.socket:
    try:
        host = address.host or ("::" if socket.has_dualstack_ipv6() else "0.0.0.0")  # noqa: S104  asked for by `:port`
        family, _, _, _, where = socket.getaddrinfo(host, address.port, type=socket.SOCK_STREAM)[0]
        both = family is socket.AF_INET6 and where[0] == "::"
        return socket.create_server(where, family=family, backlog=WAITING, dualstack_ipv6=both)
    except socket.gaierror as error:
        reason = error.strerror
    except OSError as error:
        reason = os.strerror(error.errno or 0)  # without what Python adds
    except UnicodeError:
        reason = "not a host name"
    raise AddressError(f"cannot listen on {address}: {reason}")
