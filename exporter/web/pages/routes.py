"""The pages for people: what is answered where."""

from dataclasses import replace
from difflib import get_close_matches
from functools import partial
from http import HTTPStatus
from typing import Any

from exporter.diagnosis.catalogue.sheet import sheet
from exporter.web.answer import Answer, Request, Route, Routes
from exporter.web.compressing import compressed
from exporter.web.pages import causes, static
from exporter.web.pages.charts import CHARTS
from exporter.web.pages.listing import listing
from exporter.web.pages.logs import logs
from exporter.web.pages.manuscript import Manuscripts
from exporter.web.pages.negotiation import wants_page
from exporter.web.pages.overview import overview
from exporter.web.pages.rendering import Templates
from exporter.web.pages.sources import Sources
from exporter.web.pages.target import page

LATEST = 10
"""Results of /probe that the front page lists."""


class Pages:
    """Answers people; every link begins with `prefix`, which is empty or begins with a slash."""

    def __init__(self, sources: Sources, prefix: str = "") -> None:
        self._sources = sources
        self._templates = Templates(prefix, sources.clock, CHARTS)
        self._manuscripts = Manuscripts(sources.manuscripts, causes.BY_ANCHOR, prefix)

    @property
    def routes(self) -> Routes:
        """What is answered where."""
        return {
            "/": Route(self._overview),
            "/targets": Route(self._overview),
            "/targets/": Route(self._target),
            "/incidents": Route(self._incidents),
            "/incidents/": Route(self._incident),
            "/causes": Route(self._causes),
            "/causes/": Route(self._cause),
            "/runbooks": Route(self._runbooks),
            "/runbooks/": Route(self._runbook),
            "/logs": Route(partial(logs, self._sources)),
            "/static/": Route(static.serve),
            "/favicon.ico": Route(static.icon),
        }

    def missing(self, request: Request) -> Answer:
        """Answer to a path that there is nothing at: with a page that helps on, where pages are read."""
        if not wants_page(request):
            return Answer.text("not found", HTTPStatus.NOT_FOUND)
        names = [target.name for target in self._sources.targets()]
        last = request.path.rstrip("/").rpartition("/")[2]
        near = get_close_matches(last[:100], names, n=5, cutoff=0.4)
        return self._page(request, "missing", HTTPStatus.NOT_FOUND, path=request.path, near=near)

    def _overview(self, request: Request) -> Answer:
        shown = overview(self._sources, request.query[:1000])
        return self._page(request, "overview", shown=shown, results=self._sources.results()[:LATEST])

    def _target(self, request: Request) -> Answer:
        target = next((one for one in self._sources.targets() if one.name == request.rest), None)
        if target is None:
            return self.missing(request)
        return self._page(request, "target", shown=page(self._sources, target))

    def _incidents(self, request: Request) -> Answer:
        return self._page(
            request, "incidents", shown=listing(self._sources.incidents(), request.query[:1000])
        )

    def _incident(self, request: Request) -> Answer:
        found = next((one for one in self._sources.incidents() if one.id == request.rest), None)
        if found is None:
            return self.missing(request)
        return self._page(request, "incident", shown=found)

    def _causes(self, request: Request) -> Answer:
        return self._page(request, "causes", layers=causes.layers())

    def _cause(self, request: Request) -> Answer:
        found = causes.cause(request.rest, self._sources.incidents())
        if found is None:
            return self.missing(request)
        if not wants_page(request):
            return _varying(Answer.text(sheet(found.entry)))
        return self._page(request, "cause", shown=found)

    def _runbooks(self, request: Request) -> Answer:
        return self._page(request, "runbooks", names=list(self._sources.runbooks))

    def _runbook(self, request: Request) -> Answer:
        text = self._sources.runbooks.get(request.rest)
        if text is None:
            return self.missing(request)
        if not wants_page(request):
            return _varying(Answer(content=text.encode()))
        return self._page(request, "runbook", name=request.rest, content=self._manuscripts.html(request.rest))

    def _page(
        self, request: Request, template: str, status: HTTPStatus = HTTPStatus.OK, **shown: Any
    ) -> Answer:
        configured = {target.name for target in self._sources.targets()}
        answer = self._templates.answer(template, status, configured=configured, **shown)
        return compressed(answer, request)


def _varying(answer: Answer) -> Answer:
    """Say that a browser would have been answered otherwise."""
    return replace(answer, headers=[*answer.headers, ("Vary", "Accept")])
