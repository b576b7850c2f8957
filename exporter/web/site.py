"""What is answered to which path."""

import gzip
import html
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from wsgiref.types import StartResponse

from exporter import __version__
from exporter.model import Incident, Target
from exporter.web import api
from exporter.web.selection import BadQuery, Selection

Scrape = Callable[[str], tuple[str, bytes]]
"""From an Accept header to the content type and the content of a scrape."""
Page = tuple[HTTPStatus, str, str]
"""A status, a content type, and a content."""
GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))")
TEXT = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"
JSON = "application/json"


class Site:
    """The WSGI application: a table from paths to what answers them."""

    def __init__(
        self,
        targets: Sequence[Target],
        scrape: Scrape,
        ready: Callable[[], bool],
        looks: api.Looks,
        *,
        incidents: Callable[[], Sequence[Incident]],
        runbooks: Mapping[str, str],
    ) -> None:
        """Take what is shown; `incidents` gives all of them, newest first, `runbooks` are by alert."""
        self._targets = targets
        self._incidents = incidents
        self._looks = looks
        self._scrape = scrape
        self._ready = ready
        self._pages: dict[str, Callable[[str], Page]] = {
            "/": self._landing,
            "/-/healthy": lambda _: (HTTPStatus.OK, TEXT, "Healthy\n"),
            "/-/ready": self._readiness,
            "/api/v1/incidents": self._list_incidents,
            "/api/v1/targets": self._list_targets,
            "/runbooks": lambda _: (HTTPStatus.OK, HTML, _list_runbooks(runbooks)),
        }
        self._pages |= {f"/runbooks/{name}": _plain(text) for name, text in runbooks.items()}

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        status, headers, content = self._answer(environ)
        fixed = [("Content-Length", str(len(content))), ("X-Content-Type-Options", "nosniff")]
        start_response(f"{status.value} {status.phrase}", [*headers, *fixed])
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else content]

    def _answer(self, environ: dict[str, Any]) -> tuple[HTTPStatus, list[tuple[str, str]], bytes]:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            headers = [("Content-Type", TEXT), ("Allow", "GET, HEAD")]
            return HTTPStatus.METHOD_NOT_ALLOWED, headers, b"GET only\n"
        path = environ.get("PATH_INFO", "/")
        if path == "/metrics":
            return self._metrics(environ)
        if path not in self._pages:
            return HTTPStatus.NOT_FOUND, [("Content-Type", TEXT)], b"not found\n"
        status, kind, body = self._pages[path](environ.get("QUERY_STRING", ""))
        return status, [("Content-Type", kind)], body.encode()

    def _metrics(self, environ: dict[str, Any]) -> tuple[HTTPStatus, list[tuple[str, str]], bytes]:
        kind, content = self._scrape(environ.get("HTTP_ACCEPT", ""))
        headers = [("Content-Type", kind), ("Vary", "Accept, Accept-Encoding")]
        if GZIP.search(environ.get("HTTP_ACCEPT_ENCODING", "")):
            headers.append(("Content-Encoding", "gzip"))
            content = gzip.compress(content, compresslevel=1)
        return HTTPStatus.OK, headers, content

    def _readiness(self, _: str) -> Page:
        if self._ready():
            return HTTPStatus.OK, TEXT, "Ready\n"
        return HTTPStatus.SERVICE_UNAVAILABLE, TEXT, "Not ready: the first round of probes is under way\n"

    def _list_incidents(self, query: str) -> Page:
        try:
            selection = Selection.parse(query, [target.name for target in self._targets])
        except BadQuery as problem:
            return HTTPStatus.BAD_REQUEST, TEXT, f"{problem}\n"
        listed = api.incidents(selection.of(self._incidents()))
        return HTTPStatus.OK, JSON, json.dumps(listed, indent=1) + "\n"

    def _list_targets(self, _: str) -> Page:
        listed = api.targets(self._targets, self._looks)
        return HTTPStatus.OK, JSON, json.dumps(listed, indent=1) + "\n"

    def _landing(self, _: str) -> Page:
        rows = "".join(
            f"<tr><td>{html.escape(target.name)}<td>{html.escape(target.endpoint.dialect)}"
            f"<td>{html.escape(target.endpoint.host)}<td>{target.endpoint.port}"
            for target in self._targets
        )
        return HTTPStatus.OK, HTML, PAGE.format(version=html.escape(__version__), rows=rows)


def _plain(text: str) -> Callable[[str], Page]:
    return lambda _: (HTTPStatus.OK, TEXT, text)


def _list_runbooks(runbooks: Mapping[str, str]) -> str:
    links = "".join(
        f'<li><a href="/runbooks/{html.escape(name)}">{html.escape(name)}</a>' for name in runbooks
    )
    return RUNBOOKS.format(links=links)


HEAD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>conndrop-exporter</title>
<style>
:root {{ color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }}
body {{ max-width: 50rem; margin: 2rem auto; padding: 0 1rem }}
table {{ border-collapse: collapse }} td, th {{ padding: .2rem 1.5rem .2rem 0; text-align: left }}
</style>
"""
RUNBOOKS = (
    HEAD
    + """<h1>Runbooks</h1>
<p>What each alert means, how to confirm it by hand, and what to do.</p>
<ul>{links}</ul>
</html>
"""
)
PAGE = (
    HEAD
    + """<h1>conndrop-exporter</h1>
<p>Finds out why database connections drop. Version {version}.</p>
<ul>
<li><a href="/metrics">Metrics</a> for Prometheus
<li><a href="/api/v1/incidents">Incidents</a> as JSON: what targets suffered from, and what to do
<li><a href="/api/v1/targets">Targets</a> as JSON, with what their servers say of themselves
<li><a href="/runbooks">Runbooks</a> of the alerts
<li><a href="/-/healthy">Healthy</a>: the exporter runs
<li><a href="/-/ready">Ready</a>: every probe has run once
</ul>
<h2>Targets</h2>
<table><thead><tr><th>Name<th>Database<th>Host<th>Port</thead><tbody>{rows}</tbody></table>
</html>
"""
)
