"""Where our pages are: below which path they are served, and under which URL people know them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication

from exporter.web.answer import Answer
from exporter.web.site import Site, sent

PATH: Final = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@%/-]*")
"""What the path of a URL may consist of (RFC 3986)."""

NOTHING: Final = Site({})
"""What is beside our pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """Where we are served: `prefix` is empty or begins with a slash, and never ends with one.

    `url` is the one under which people reach us, without a slash at its end; empty where that is not known.
    """

    prefix: str = ""
    url: str = ""

    @classmethod
    def parse(cls, external_url: str, route_prefix: str | None) -> "Mount":
        """Read both as Prometheus does: the path of the URL is the prefix, unless another is given.

        Raises ValueError in words for people.
        """
        url = _url(external_url) if external_url else ""
        prefix = urlsplit(url).path if route_prefix is None else route_prefix
        if not PATH.fullmatch(prefix):
            raise ValueError(f"{prefix!r} is no path; write something like /conndrop")
        return cls(prefix=_trimmed(prefix), url=url)

    @property
    def base(self) -> str:
        """The path before all of ours as a browser sees it, without a slash at its end."""
        return urlsplit(self.url).path if self.url else self.prefix

    @property
    def origin(self) -> str:
        """Scheme, host and port of the URL; empty where it is not known."""
        return self.url[: len(self.url) - len(self.base)] if self.url else ""


class Mounted:
    """The WSGI application that serves another one below its mount's prefix, and sends `/` there."""

    def __init__(self, app: WSGIApplication, mount: Mount) -> None:
        self._app, self._mount = app, mount

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        path, prefix = str(environ.get("PATH_INFO", "/")), self._mount.prefix
        if prefix and path in ("", "/", prefix):
            there = Answer(
                content=b"", status=HTTPStatus.FOUND, headers=[("Location", f"{self._mount.base}/")]
            )
            return sent(there, environ, start_response)
        if not path.startswith(f"{prefix}/"):
            return NOTHING(environ, start_response)
        below = {"SCRIPT_NAME": self._mount.base, "PATH_INFO": path.removeprefix(prefix)}
        return self._app({**environ, **below}, start_response)


def _url(written: str) -> str:
    try:
        parts = urlsplit(written)
        sound = parts.scheme in ("http", "https") and parts.hostname and PATH.fullmatch(parts.path)
        _ = parts.port  # raises where it is none
    except ValueError:
        sound = False
    if not sound or set(written) & set("?#@"):
        raise ValueError(f"{written!r} is no URL of a page; write something like https://host/conndrop")
    return f"{parts.scheme}://{parts.netloc}{_trimmed(parts.path)}"


def _trimmed(path: str) -> str:
    inner = path.strip("/")
    return f"/{inner}" if inner else ""
