"""A page asked for by HTTP, timed in its phases; redirects lead only to where it is allowed to look."""

import io
import sys
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import replace
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPResponse
from typing import Any, Final
from urllib.parse import urljoin

from exporter import __version__
from exporter.blackbox.errand import Errand, Forbidden, Trail
from exporter.blackbox.finding import find
from exporter.blackbox.places import PORTS, BadTarget, page
from exporter.blackbox.tcp import connected, encrypt
from exporter.model import Cause, Page, Phase, ProbeError
from exporter.net.phases import Closed
from exporter.net.stream import Line

MOST_REDIRECTS: Final = 10
REDIRECTS: Final = (301, 302, 303, 307, 308)
CHUNK: Final = 65_536
MOST_BYTES: Final = 64 * 2**20
"""Of a page, which is read and not kept: to read without end would keep our probes from the processor."""
NO_URL: Final = "the server redirects to what is no URL to follow"
WORDS: Final[Mapping[Phase, str]] = {Phase.DNS: "resolve", Phase.TCP: "connect", Phase.TLS: "tls"}


class _Reader(io.RawIOBase):
    """What http.client reads from, in place of a socket; to it an end is no error, once something came."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._heard = False

    def makefile(self, *_: Any) -> io.BufferedReader:
        """Give a file to read from."""
        return io.BufferedReader(self, CHUNK)

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what is there; 0 is the end."""
        try:
            count = self._line.recv_into(memoryview(buffer))
        except Closed:
            if not self._heard:
                raise
            return 0
        self._heard = True
        return count


def look(errand: Errand, trail: Trail) -> None:
    """Ask for the page, and for the one it leads to; raise ProbeError where its status is not good."""
    trail.page = Page()
    try:
        status = _followed(errand, trail)
    finally:
        for phase, seconds in trail.clock.finish():
            if phase in WORDS:
                trail.phases[WORDS[phase]] = seconds
    wanted = errand.settings.valid_status_codes
    if not (status in wanted if wanted else 200 <= status < 300):
        allowed = ", ".join(map(str, wanted)) or "2xx"
        raise ProbeError(Cause.UNKNOWN, f"the server answers with status {status}, wanted {allowed}")


def _followed(errand: Errand, trail: Trail) -> int:
    """Give the status of the last page there is."""
    for redirects in range(MOST_REDIRECTS + 1):
        try:
            location = _asked(errand, trail, redirects)
        except Forbidden:
            if not redirects:
                raise
            raise ProbeError(
                Cause.UNKNOWN, "the server redirects to where it is not allowed to look"
            ) from None
        assert trail.page is not None  # noqa: S101  just asked for
        if not location:
            return trail.page.status
        trail.page = replace(trail.page, redirects=redirects + 1)
        if not errand.settings.follow_redirects:
            return trail.page.status
        trail.say("Received redirect", location=location)
        try:
            place = page(location)
        except BadTarget:
            raise ProbeError(Cause.UNKNOWN, NO_URL) from None
        errand = replace(
            errand,
            host=place.host,
            port=place.port,
            path=place.path,
            encrypted=place.encrypted,
            server_name="",
            virtual_host="",
        )
    raise ProbeError(Cause.UNKNOWN, f"the server redirects more than {MOST_REDIRECTS} times")


def _asked(errand: Errand, trail: Trail, redirects: int) -> str:
    """Ask for one page; give the URL that it leads to, empty where it leads nowhere."""
    addresses = find(errand, trail)
    with connected(errand, trail, addresses) as stream:
        line: Line = encrypt(errand, trail, stream) if errand.encrypted else stream
        trail.clock.enter(Phase.QUERY)
        begun = time.perf_counter()
        trail.say("Making HTTP request", url=_url(errand))
        line.sendall(_request(errand))
        try:
            with closing(HTTPResponse(_Reader(line), method="GET")) as response:  # type: ignore[arg-type]  # all that it needs of a socket
                response.begin()
                heard = time.perf_counter()
                trail.say("Received HTTP response", status_code=response.status)
                trail.page = _page(errand, response, redirects)
                stream.received = 0
                while chunk := response.read(CHUNK):
                    stream.received = 0  # it is not kept, so it may be of any length
                    trail.page = replace(trail.page, body=trail.page.body + len(chunk))
                    if trail.page.body > MOST_BYTES:
                        raise ProbeError(Cause.UNKNOWN, f"the page is longer than {MOST_BYTES >> 20} MiB")
        except (HTTPException, ValueError) as error:
            said = f"not understood as HTTP: {type(error).__name__}"
            raise ProbeError(Cause.UNKNOWN, said, said=str(error)) from None
    _add(trail, "processing", heard - begun)
    _add(trail, "transfer", time.perf_counter() - heard)
    return _led(errand, response) if response.status in REDIRECTS else ""


def _led(errand: Errand, response: HTTPResponse) -> str:
    """Give the URL that an answer leads to, empty where it leads nowhere; raise ProbeError for nonsense."""
    location = response.headers.get("Location", "")
    try:
        return urljoin(_url(errand), location) if location else ""
    except ValueError:
        raise ProbeError(Cause.UNKNOWN, NO_URL) from None


def _request(errand: Errand) -> bytes:
    lines = (
        f"GET {errand.path} HTTP/1.1",
        f"Host: {errand.virtual_host or _authority(errand)}",
        f"User-Agent: conndrop-exporter/{__version__}",
        "Accept: */*",
        "Connection: close",
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("ascii")


def _page(errand: Errand, response: HTTPResponse, redirects: int) -> Page:
    modified = None
    with suppress(ValueError, OverflowError):
        modified = parsedate_to_datetime(response.headers.get("Last-Modified", "")).timestamp()
    return Page(
        status=response.status,
        version=response.version / 10,
        length=-1 if response.length is None else min(response.length, sys.maxsize),
        redirects=redirects,
        encrypted=errand.encrypted,
        last_modified=modified,
    )


def _add(trail: Trail, phase: str, seconds: float) -> None:
    """Add to a phase, which is that of all redirects together."""
    trail.phases[phase] = trail.phases.get(phase, 0.0) + seconds


def _authority(errand: Errand) -> str:
    host = f"[{errand.host}]" if ":" in errand.host else errand.host
    usual = errand.port == PORTS["https" if errand.encrypted else "http"]
    return host if usual else f"{host}:{errand.port}"


def _url(errand: Errand) -> str:
    return f"{'https' if errand.encrypted else 'http'}://{_authority(errand)}{errand.path}"
