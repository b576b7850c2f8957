"""The WSGI application: a table from paths to what answers them."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final
from wsgiref.types import StartResponse

from exporter.web.answer import Answer, Handler, Request, Route, Routes

HEADER: Final = "HTTP_"


class Site:
    """Answers each request by the route that its path has."""

    def __init__(self, routes: Routes, missing: Handler | None = None) -> None:
        """Take the routes, and what answers a path that none of them is for."""
        self._routes = routes
        self._missing = missing or _not_found
        folders = [path for path in routes if path.endswith("/") and path != "/"]
        self._folders = sorted(folders, key=len, reverse=True)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        return sent(self._answer(environ), environ, start_response)

    def _answer(self, environ: dict[str, Any]) -> Answer:
        path, method = str(environ.get("PATH_INFO", "/")), str(environ["REQUEST_METHOD"])
        found = self._find(path)
        if found is None:
            return self._missing(_request(environ, method, path))
        route, rest = found
        if method not in route.methods:
            words = f"{method[:20]} is not answered here; ask by {' or '.join(route.methods)}"
            allow = "Allow", ", ".join(route.methods)
            return Answer.text(route.otherwise or words, HTTPStatus.METHOD_NOT_ALLOWED, allow)
        return route.handler(_request(environ, method, path, rest))

    def _find(self, path: str) -> tuple[Route, str] | None:
        """Give the route of a path, and what of the path is left to it."""
        if (route := self._routes.get(path)) is not None:
            return route, ""
        folder = next((each for each in self._folders if path.startswith(each)), None)
        return None if folder is None else (self._routes[folder], path.removeprefix(folder))


def sent(answer: Answer, environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
    """Give an answer to whoever serves us."""
    fixed = [
        ("Content-Type", answer.kind),
        ("Content-Length", str(len(answer.content))),
        ("X-Content-Type-Options", "nosniff"),
    ]
    start_response(f"{answer.status.value} {answer.status.phrase}", [*answer.headers, *fixed])
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else answer.content]


def _not_found(_: Request) -> Answer:
    return Answer.text("not found", HTTPStatus.NOT_FOUND)


def _request(environ: dict[str, Any], method: str, path: str, rest: str = "") -> Request:
    return Request(
        method=method,
        path=path,
        rest=rest,
        query=str(environ.get("QUERY_STRING", "")),
        headers=_headers(environ),
    )


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    return {
        name.removeprefix(HEADER).replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith(HEADER)
    }
