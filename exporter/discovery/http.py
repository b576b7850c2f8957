"""A list of targets that a server has, asked for as Prometheus does."""

import asyncio
import base64
import hashlib
import re
import ssl
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import SplitResult, urljoin, urlsplit

from tornado.httpclient import HTTPRequest, HTTPResponse
from tornado.iostream import IOStream, StreamBufferFullError, UnsatisfiableReadError
from tornado.netutil import Resolver as Names
from tornado.simple_httpclient import HTTPStreamClosedError, HTTPTimeoutError, SimpleAsyncHTTPClient
from tornado.tcpclient import TCPClient

from exporter import __version__
from exporter.config.listing import HttpListing, Login
from exporter.config.template import Found
from exporter.discovery.groups import LARGEST, Broken, from_json, read_groups
from exporter.model import ProbeError, SecretUnreadable, harmless
from exporter.net.dial import numeric
from exporter.net.resolve import Resolver
from exporter.net.tls import Verify
from exporter.net.waiting import Stop, Stopped

MOST_REDIRECTS: Final = 10
REDIRECTS: Final = (301, 302, 303, 307, 308)
PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443}
UNREADABLE: Final = (HTTPStreamClosedError, StreamBufferFullError, UnsatisfiableReadError)
JSON: Final = re.compile(r'application/json(;\s*charset=("utf-8"|utf-8))?', re.IGNORECASE)


class ServersList:
    """The list of one listing."""

    def __init__(self, listing: HttpListing, resolver: Resolver, stop: Stop) -> None:
        self._listing, self._resolver, self._stop = listing, resolver, stop
        self._seen = b""
        self._found: Sequence[Found] = ()

    def __call__(self) -> Sequence[Found]:
        """Ask for it; raises Broken, within the time there is, and Stopped."""
        until = time.monotonic() + self._listing.block.timeout
        url, redirects = self._listing.url, 0
        response = self._asked(url, until)
        while self._listing.block.follow_redirects and response.code in REDIRECTS:
            if (redirects := redirects + 1) > MOST_REDIRECTS:
                raise Broken(f"the server redirects more than {MOST_REDIRECTS} times")
            url = _led(url, response.headers.get("Location", ""))
            response = self._asked(url, until)
        if response.code != HTTPStatus.OK:
            raise Broken(f"the server answers with status {response.code}, wanted 200")
        kind = response.headers.get("Content-Type", "").strip()
        if not JSON.fullmatch(kind):
            raise Broken(f"the server sends {kind[:100]!r}, wanted application/json")
        return self._read(response.body)

    def _read(self, content: bytes) -> Sequence[Found]:
        """Read a list, unless it is the last good one: while a large one is parsed, nothing else goes on."""
        seen = hashlib.sha256(content).digest()
        if seen != self._seen:
            self._found = read_groups(from_json(content), {"__meta_url": self._listing.url})
            self._seen = seen
        return self._found

    def _asked(self, url: str, until: float) -> HTTPResponse:
        parts = urlsplit(url)
        seconds = until - time.monotonic()
        try:
            addresses = self._resolver.addresses(parts.hostname or "", seconds)
            request = self._request(parts, until - time.monotonic())
            return asyncio.run(_fetched(request, addresses, self._stop))
        except ProbeError as error:
            raise Broken("the server's name: " + re.sub(r" within [\d.]+ s", "", error.detail)) from None
        except SecretUnreadable as error:
            raise Broken(f"cannot say who asks: {error}") from None
        except HTTPTimeoutError:
            raise Broken(f"no whole answer within {self._listing.block.timeout:g} s") from None
        except UNREADABLE:  # which is all that the library tells of these
            most = LARGEST >> 20
            raise Broken(
                f"what the server sends is no HTTP, breaks off, or is larger than {most} MiB"
            ) from None
        except (OSError, ValueError) as error:
            raise Broken(f"{_where(parts)} cannot be had: {harmless(_words(error))}") from None

    def _request(self, parts: SplitResult, seconds: float) -> HTTPRequest:
        """Make the request; raises SecretUnreadable, and OSError or ValueError where TLS cannot be had."""
        ours = _origin(parts) == _origin(urlsplit(self._listing.url))
        headers = {
            "Accept": "application/json",
            "User-Agent": f"conndrop-exporter/{__version__}",
            "X-Prometheus-Refresh-Interval-Seconds": f"{self._listing.block.refresh_interval:g}",
            "Host": parts.netloc,
        }
        if ours and self._listing.login:
            headers["Authorization"] = _authorization(self._listing.login)
        asked = self._listing.block.tls_config.server_name if ours else None
        named = parts._replace(netloc=f"{asked}:{_port(parts)}") if asked else parts
        return HTTPRequest(
            named.geturl(),
            headers=headers,
            connect_timeout=max(seconds, 0.001),
            request_timeout=max(seconds, 0.001),
            follow_redirects=False,
            decompress_response=False,
            ssl_options=self._context(ours=ours) if parts.scheme == "https" else None,
        )

    def _context(self, *, ours: bool) -> ssl.SSLContext:
        """Read the files anew: certificates are replaced while we run. Only who is asked first sees ours."""
        policy = self._listing.policy
        context = ssl.create_default_context(cafile=policy.ca or None)
        if policy.verify is Verify.NOTHING:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if policy.certificate and ours:
            context.load_cert_chain(policy.certificate, policy.key or None)
        return context


class _Known(Names):
    """Gives the addresses that have been found already, whatever name is asked for."""

    def initialize(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses

    async def resolve(self, host: str, port: int, family: Any = 0) -> Any:  # noqa: ARG002  the library's signature
        """Give them with their families."""
        return [numeric(address, port) for address in self._addresses]


class _Dialler(TCPClient):
    """Knows the connection that it has opened, so that it can be closed."""

    stream: IOStream | None = None

    async def connect(self, *arguments: Any, **named: Any) -> IOStream:
        """Open it."""
        self.stream = await super().connect(*arguments, **named)
        return self.stream


async def _fetched(request: HTTPRequest, addresses: Sequence[str], stop: Stop) -> HTTPResponse:
    """Ask, until there is an answer; raises Stopped, so that who is asked no more is not waited for."""
    client = SimpleAsyncHTTPClient(
        force_instance=True, resolver=_Known(addresses), max_body_size=LARGEST, max_buffer_size=2 * LARGEST
    )
    client.tcp_client = dialler = _Dialler(resolver=client.resolver)
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(stop.fileno(), stopped.set)
    stopping = loop.create_task(stopped.wait())
    fetching = client.fetch(request, raise_error=False)
    fetching.add_done_callback(asyncio.Future.exception)  # or it would complain that nobody asks for it
    try:
        both: list[asyncio.Future[Any]] = [fetching, stopping]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if not fetching.done():
            raise Stopped  # and it is not cancelled: the library would log what becomes of it
        return fetching.result()
    finally:
        stopping.cancel()
        loop.remove_reader(stop.fileno())
        if dialler.stream is not None:
            dialler.stream.close()
        client.close()


def _led(url: str, location: str) -> str:
    """Give the URL that a redirect leads to; raises Broken."""
    try:
        parts = urlsplit(led := urljoin(url, location))
        sound = parts.scheme in PORTS and parts.hostname and _port(parts) and "@" not in parts.netloc
    except ValueError:
        sound = None
    if not location or not sound or not led.isascii() or not led.isprintable():
        raise Broken("the server redirects to what is no URL to follow")
    if url.startswith("https:") and parts.scheme == "http":
        raise Broken("the server redirects from https to http")
    return led


def _origin(parts: SplitResult) -> tuple[str, str, int]:
    return parts.scheme, parts.hostname or "", _port(parts)


def _port(parts: SplitResult) -> int:
    return parts.port or PORTS[parts.scheme]


def _where(parts: SplitResult) -> str:
    host = parts.hostname or ""
    return f"[{host}]:{_port(parts)}" if ":" in host else f"{host}:{_port(parts)}"


def _authorization(login: Login) -> str:
    """Say who asks; raises SecretUnreadable."""
    secret = login.secret.reveal() if login.secret else ""
    if not login.scheme:
        return "Basic " + base64.b64encode(f"{login.user}:{secret}".encode()).decode()
    if not (secret.isascii() and secret.isprintable()):
        raise SecretUnreadable("the credentials hold what a header cannot")
    return f"{login.scheme} {secret}"


def _words(error: Exception) -> str:
    """Say in a few words what went wrong, and never what was sent."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate: {error.verify_message}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
