"""What is answered to which path."""

import html
from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication

from exporter import __version__
from exporter.model import Target

TEXT = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"


class Site:
    """The WSGI application: a table from paths to what answers them."""

    def __init__(
        self, targets: Sequence[Target], metrics: WSGIApplication, ready: Callable[[], bool]
    ) -> None:
        self._targets = targets
        self._metrics = metrics
        self._ready = ready
        self._pages: dict[str, Callable[[], tuple[HTTPStatus, str, str]]] = {
            "/": self._landing,
            "/-/healthy": lambda: (HTTPStatus.OK, TEXT, "Healthy\n"),
            "/-/ready": self._readiness,
        }

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        path, method = environ.get("PATH_INFO", "/"), environ["REQUEST_METHOD"]
        if method not in ("GET", "HEAD"):
            return _answer(
                start_response, HTTPStatus.METHOD_NOT_ALLOWED, TEXT, "GET only\n", [("Allow", "GET, HEAD")]
            )
        if path == "/metrics":
            return self._metrics(environ, start_response)
        page = self._pages.get(path)
        if page is None:
            return _answer(start_response, HTTPStatus.NOT_FOUND, TEXT, "not found\n")
        status, kind, body = page()
        return _answer(start_response, status, kind, "" if method == "HEAD" else body)

    def _readiness(self) -> tuple[HTTPStatus, str, str]:
        if self._ready():
            return HTTPStatus.OK, TEXT, "Ready\n"
        return HTTPStatus.SERVICE_UNAVAILABLE, TEXT, "Not ready: the first round of probes is under way\n"

    def _landing(self) -> tuple[HTTPStatus, str, str]:
        rows = "".join(
            f"<tr><td>{html.escape(target.name)}<td>{html.escape(target.endpoint.dialect)}"
            f"<td>{html.escape(target.endpoint.host)}<td>{target.endpoint.port}"
            for target in self._targets
        )
        return HTTPStatus.OK, HTML, PAGE.format(version=html.escape(__version__), rows=rows)


def _answer(
    start_response: StartResponse,
    status: HTTPStatus,
    kind: str,
    body: str,
    headers: Sequence[tuple[str, str]] = (),
) -> Iterable[bytes]:
    content = body.encode()
    fixed = [
        ("Content-Type", kind),
        ("Content-Length", str(len(content))),
        ("X-Content-Type-Options", "nosniff"),
    ]
    start_response(f"{status.value} {status.phrase}", [*fixed, *headers])
    return [content]


PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>conndrop-exporter</title>
<style>
:root {{ color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }}
body {{ max-width: 50rem; margin: 2rem auto; padding: 0 1rem }}
table {{ border-collapse: collapse }} td, th {{ padding: .2rem 1.5rem .2rem 0; text-align: left }}
</style>
<h1>conndrop-exporter</h1>
<p>Finds out why database connections drop. Version {version}.</p>
<ul>
<li><a href="/metrics">Metrics</a> for Prometheus
<li><a href="/-/healthy">Healthy</a>: the exporter runs
<li><a href="/-/ready">Ready</a>: every probe has run once
</ul>
<h2>Targets</h2>
<table><thead><tr><th>Name<th>Database<th>Host<th>Port</thead><tbody>{rows}</tbody></table>
</html>
"""
