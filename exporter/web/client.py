"""One connection: what its client asks, and how long it may take over each thing."""

import asyncio
import contextlib
import enum
import logging
import socket
import struct
from functools import partial
from http import HTTPStatus
from typing import Final, Protocol
from wsgiref.types import WSGIApplication

from tornado.http1connection import HTTP1ConnectionParameters, HTTP1ServerConnection
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    RequestStartLine,
    ResponseStartLine,
)

from exporter.web.aside import aside
from exporter.web.door import Entrance
from exporter.web.exchange import Answered, Asked, answered, refusal
from exporter.web.stream import Channel, Stream

log = logging.getLogger(__name__)

PATIENCE = 10.0
"""Seconds for a handshake, and for a request from its first byte to its last, however they are spread."""
READING = 30.0
"""Seconds in which an answer must have been read."""
IDLE = 200.0
"""Seconds until the next request; Prometheus takes two minutes at most to come again."""
MOST_AHEAD: Final = 1 << 18
"""Bytes that may come while an answer is made and read."""
LONGEST: Final = 1 << 15
"""Bytes of a request; no page of ours takes a body that is worth mentioning."""
LIMITS: Final = HTTP1ConnectionParameters(max_header_size=2 * LONGEST, max_body_size=LONGEST)
"""Tornado's own limits. It says nothing to whom the first stops, so that we do, and before."""
LINGER: Final = 1.0
"""Seconds in which who is refused can read it; what it goes on to send is dropped, or it could not."""
COPIED: Final = 1 << 14
"""Bytes of an answer that go with its head. More are not copied: many clients may be sent the same."""
AT_ONCE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER for an end by a reset: what has not been read is not kept by the kernel either."""


class House(Protocol):
    """Where clients come to."""

    app: WSGIApplication
    entrance: Entrance

    def asked(self, client: "Client") -> None:
        """Be told that a request has come."""
        ...

    def owed(self, client: "Client", size: int) -> None:
        """Be told that an answer of so many bytes is not read at once."""
        ...

    def read(self, client: "Client") -> None:
        """Be told that nothing is owed any more."""
        ...

    def left(self, client: "Client") -> None:
        """Be told that the client has gone."""
        ...


class Stage(enum.Enum):
    """What a client is at."""

    ENTERING = enum.auto()
    IDLE = enum.auto()
    ASKING = enum.auto()
    ASKED = enum.auto()
    REFUSED = enum.auto()


class Client(HTTPServerConnectionDelegate):
    """A clock runs for it at each stage, but while its answer is made."""

    def __init__(self, house: House, sock: socket.socket, address: str) -> None:
        """Take a socket that is connected. `serve` begins."""
        sock.setblocking(False)
        self._house = house
        self._socket = sock
        self._address = address
        self._stage = Stage.ENTERING
        self._came = 0
        self._channel: Channel | None = None
        self._stream: Stream | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def serve(self) -> None:
        """Begin to hear what the client wants."""
        self._allow(PATIENCE)
        self._task = asyncio.get_running_loop().create_task(self._enter())
        self._task.add_done_callback(self._entered)

    def let_go(self, why: str) -> None:
        """End the connection at once, whatever it is at."""
        if self._stage is Stage.ASKED:
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        self._house.left(self)
        if self._stream is not None:
            self._stream.close((None, TimeoutError(why), None))
        elif self._task is not None:
            self._task.cancel()

    async def _enter(self) -> None:
        self._channel = await self._house.entrance.channel(self._socket)
        self._stream = Stream(self._socket, self._channel, self._heard)
        self._allow(PATIENCE)
        HTTP1ServerConnection(self._stream, LIMITS, self._address).start_serving(self)

    def _entered(self, entering: asyncio.Task[None]) -> None:
        if self._stream is None:
            error = TimeoutError("let go of") if entering.cancelled() else entering.exception()
            if not isinstance(error, OSError):
                log.error("nobody can come in", exc_info=error)
            self._gone(error)
            self._socket.close()

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> HTTPMessageDelegate:  # noqa: ARG002  Tornado's signature
        """Wait for a request: the first one, or the next, now that the last answer has been read."""
        if self._stage is Stage.ENTERING:
            self._stage = Stage.ASKING
        else:
            self._stage, self._came = Stage.IDLE, 0
            self._house.read(self)
            self._allow(IDLE)
        return _Exchange(self, request_conn)

    def on_close(self, server_conn: object) -> None:  # noqa: ARG002  Tornado's signature
        """Forget the client."""
        if self._stream is not None:
            self._stream.close()
            self._gone(self._stream.error)

    def answer(self, asked: Asked, connection: HTTPConnection) -> None:
        """Begin to answer a request that is complete."""
        self._stage, self._came = Stage.ASKED, 0
        self._allow(None)
        self._house.asked(self)
        self._task = asyncio.get_running_loop().create_task(self._answer(asked, connection))
        self._task.add_done_callback(self._answered)

    def asks(self, line: RequestStartLine, headers: HTTPHeaders, body: bytes) -> Asked:
        """Give a request of this client."""
        scheme = "http" if self._channel is None else "https"
        return Asked(line=line, headers=headers, body=body, client=self._address, scheme=scheme)

    async def _answer(self, asked: Asked, connection: HTTPConnection) -> None:
        found = await aside(partial(self._make, asked))
        if self._stream is None or self._stream.closed():
            return
        if found is None:
            self._stream.close()
            return
        fields = {"client": self._address, "request": f"{asked.line.method} {asked.line.path}"}
        log.debug("request", extra={"fields": fields | {"status": found.line.code}})
        self._allow(READING)
        small = len(found.content) <= COPIED
        connection.write_headers(found.line, found.headers, found.content if small else None)
        if not small:
            connection.write(found.content)
        connection.finish()
        if self._stream.writing():
            self._house.owed(self, len(found.content))

    def _answered(self, answering: asyncio.Task[None]) -> None:
        if not answering.cancelled() and (error := answering.exception()) is not None:
            log.error("request broke", exc_info=error)
            if self._stream is not None:
                self._stream.close()

    def _make(self, asked: Asked) -> Answered | None:
        """Have an answer made; None for a client who would not be let in any more."""
        entrance = self._house.entrance
        return answered(self._house.app, asked, entrance.headers) if entrance.admits(self._channel) else None

    def _heard(self, count: int) -> bool:
        """Take note that so much has come; whether it is wanted."""
        if self._stage is Stage.IDLE:
            self._stage = Stage.ASKING
            self._allow(PATIENCE)
        self._came += count
        if self._stage is Stage.ASKING and self._came > LONGEST:
            self._stage = Stage.REFUSED
            asyncio.get_running_loop().call_soon(self._refuse)
        if self._stage is Stage.ASKED and self._came > MOST_AHEAD:
            asyncio.get_running_loop().call_soon(self.let_go, "more was sent than is read")
        return self._stage is not Stage.REFUSED

    def _refuse(self) -> None:
        """Tell the client that its request is too large."""
        if self._stream is not None and not self._stream.closed():
            self._allow(LINGER)
            status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            self._stream.write(refusal(status, self._house.entrance.headers))

    def _allow(self, seconds: float | None) -> None:
        """Let the client go after so many seconds, unless something else is allowed by then."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if seconds is not None:
            words = f"nothing came of it within {seconds:g} s"
            self._timer = asyncio.get_running_loop().call_later(seconds, self.let_go, words)

    def _gone(self, error: BaseException | None) -> None:
        self._allow(None)
        self._house.left(self)
        if error is not None:
            log.debug("client gone", extra={"fields": {"client": self._address, "detail": str(error)}})


class _Exchange(HTTPMessageDelegate):
    """Collects one request."""

    def __init__(self, client: Client, connection: HTTPConnection) -> None:
        self._client = client
        self._connection = connection
        self._body = bytearray()
        self._line: RequestStartLine | ResponseStartLine | None = None
        self._headers = HTTPHeaders()

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> None:
        """Take the head."""
        self._line, self._headers = start_line, headers

    def data_received(self, chunk: bytes) -> None:
        """Take a piece of the body."""
        self._body += chunk

    def finish(self) -> None:
        """Have the request answered."""
        if isinstance(self._line, RequestStartLine):
            asked = self._client.asks(self._line, self._headers, bytes(self._body))
            self._client.answer(asked, self._connection)
