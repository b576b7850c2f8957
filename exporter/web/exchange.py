"""One request and its answer: between Tornado's way of HTTP and a WSGI application's."""

import io
import logging
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote
from wsgiref.types import WSGIApplication

from tornado.httputil import HTTPHeaders, RequestStartLine, ResponseStartLine

log = logging.getLogger(__name__)

Fields = list[tuple[str, str]]
"""Headers in their order."""
OWN_FIELDS: Final = {"HTTP_CONTENT_TYPE": "CONTENT_TYPE", "HTTP_CONTENT_LENGTH": "CONTENT_LENGTH"}
"""Headers that have a name of their own in an environment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it has come; `client` is the address that it is from, empty where it has none."""

    line: RequestStartLine
    headers: HTTPHeaders
    body: bytes
    client: str
    scheme: str

    def environment(self) -> dict[str, Any]:
        """Give it as PEP 3333 wants it."""
        path, _, query = _origin_form(self.line.path).partition("?")
        headers = {f"HTTP_{name.upper().replace('-', '_')}": text for name, text in self.headers.items()}
        host, _, port = self.headers.get("Host", "").rpartition(":")
        return {
            "REQUEST_METHOD": self.line.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(path, "iso-8859-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": host or "localhost",
            "SERVER_PORT": port,
            "SERVER_PROTOCOL": self.line.version,
            "REMOTE_ADDR": self.client,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": self.scheme,
            "wsgi.input": io.BytesIO(self.body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            **{OWN_FIELDS.get(name, name): text for name, text in headers.items()},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An answer as it is sent."""

    line: ResponseStartLine
    headers: HTTPHeaders
    content: bytes


def answered(app: WSGIApplication, asked: Asked, further: Mapping[str, str]) -> Answered:
    """Have a request answered; `further` headers replace those of the same name. Raises nothing."""
    try:
        status, fields, content = _call(app, asked.environment())
    except Exception:  # whatever breaks inside is one answer's trouble, and nobody else's
        log.exception("request broke")
        status, fields, content = _plain(HTTPStatus.INTERNAL_SERVER_ERROR)
    headers = HTTPHeaders()
    for name, text in fields:
        headers.add(name, text)
    for name, text in further.items():
        headers[name] = text
    headers.setdefault("Date", formatdate(usegmt=True))
    headers.setdefault("Content-Length", str(len(content)))
    code, _, reason = status.partition(" ")
    return Answered(line=ResponseStartLine("HTTP/1.1", int(code), reason), headers=headers, content=content)


def _call(app: WSGIApplication, environment: dict[str, Any]) -> tuple[str, Fields, bytes]:
    """Call the application, and give status, headers and content."""
    begun: list[tuple[str, Fields]] = []
    pieces: list[bytes] = []

    def start_response(status: str, headers: Fields, _: object = None) -> Any:
        begun.append((status, headers))
        return pieces.append

    found: Iterable[bytes] = app(environment, start_response)
    try:
        pieces.extend(found)
    finally:
        getattr(found, "close", lambda: None)()
    status, headers = begun[-1]
    return status, headers, pieces[0] if len(pieces) == 1 else b"".join(pieces)


def refusal(status: HTTPStatus, further: Mapping[str, str]) -> bytes:
    """Write an answer to what is no request, after which the connection ends."""
    line, fields, content = _plain(status)
    ending = {"Connection": "close", "Content-Length": str(len(content))}
    head = "".join(f"{name}: {text}\r\n" for name, text in {**dict(fields), **ending, **further}.items())
    return f"HTTP/1.1 {line}\r\n{head}\r\n".encode("latin-1") + content


def _origin_form(target: str) -> str:
    """Give what is asked for without the host of a whole URL, as proxies are asked (RFC 9112, 3.2.2)."""
    if target.startswith("/"):
        return target
    _, slashes, rest = target.partition("://")
    return f"/{rest.partition('/')[2]}" if slashes else target


def _plain(status: HTTPStatus) -> tuple[str, Fields, bytes]:
    content = f"{status.phrase}\n".encode()
    return f"{status.value} {status.phrase}", [("Content-Type", "text/plain; charset=utf-8")], content
