"""Who is let in to the pages: the limit of requests, then the password."""

import base64
import binascii
import threading
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, Final
from wsgiref.types import StartResponse, WSGIApplication

from exporter.model import Access, RateLimit
from exporter.web.answer import Answer
from exporter.web.passwords import Credentials, Passwords, Verdict
from exporter.web.site import sent

HEALTHY: Final = "/-/healthy"
CHALLENGE: Final = ("WWW-Authenticate", 'Basic realm="conndrop"')
LATER: Final = ("Retry-After", "1")


class Gate:
    """The WSGI application before the pages; `access` says what holds now."""

    def __init__(self, site: WSGIApplication, access: Callable[[], Access], *, healthy_open: bool) -> None:
        """Take what stands behind; with `healthy_open` everybody may ask whether we are healthy."""
        self._site = site
        self._access = access
        self._healthy_open = healthy_open
        self._bucket = Bucket()
        self._passwords = Passwords()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        if self._healthy_open and environ.get("PATH_INFO") == HEALTHY:
            return self._site(environ, start_response)
        access = self._access()
        if access.rate is not None and not self._bucket.take(access.rate, time.monotonic()):
            return _refused(environ, start_response, HTTPStatus.TOO_MANY_REQUESTS)
        verdict = self._judge(access, environ) if access.users else Verdict.RIGHT
        if verdict is Verdict.RIGHT:
            return self._site(environ, start_response)
        if verdict is Verdict.BUSY:
            return _refused(environ, start_response, HTTPStatus.TOO_MANY_REQUESTS, LATER)
        return _refused(environ, start_response, HTTPStatus.UNAUTHORIZED, CHALLENGE)

    def _judge(self, access: Access, environ: dict[str, Any]) -> Verdict:
        address = str(environ.get("REMOTE_ADDR", ""))
        given = credentials(str(environ.get("HTTP_AUTHORIZATION", "")), address)
        return Verdict.WRONG if given is None else self._passwords.judge(access.users, given)


class Bucket:
    """Tokens for requests, full at first; it begins anew when the limit changes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rate: RateLimit | None = None
        self._tokens = 0.0
        self._since = 0.0

    def take(self, rate: RateLimit, now: float) -> bool:
        """Take a token; False where there is none. `now` is monotonic, in seconds."""
        with self._lock:
            if rate != self._rate:
                self._rate, self._tokens, self._since = rate, float(rate.burst), now
            grown = self._tokens + max(0.0, now - self._since) / rate.interval
            self._since, self._tokens = now, min(float(rate.burst), grown)
            if self._tokens < 1.0:
                return False
            self._tokens -= 1.0
            return True


def credentials(header: str, address: str) -> Credentials | None:
    """Read an Authorization header (RFC 7617); None where it holds no user and password."""
    scheme, _, coded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(coded.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None
    return Credentials(user.decode("utf-8", "surrogateescape"), password, address) if colon else None


def _refused(
    environ: dict[str, Any], start_response: StartResponse, status: HTTPStatus, *headers: tuple[str, str]
) -> list[bytes]:
    return sent(Answer.text(status.phrase, status, *headers), environ, start_response)
