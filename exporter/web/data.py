"""What programs read: /metrics, and the JSON documents under /api/v1."""

import json
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from exporter.model import Incident, Target
from exporter.web import api
from exporter.web.answer import JSON, Answer, Request, Route, Routes
from exporter.web.compressing import compressed
from exporter.web.selection import BadQuery, Selection

Scrape = Callable[[str, str], tuple[str, bytes]]
"""From an Accept header and a query to the content type and the content of a scrape. Raises ValueError, in
words for people, where the query makes no sense."""


class Data:
    """Answers programs; what is given is asked anew for each request, `incidents` are newest first."""

    def __init__(
        self,
        scrape: Scrape,
        targets: Callable[[], Sequence[Target]],
        looks: api.Looks,
        incidents: Callable[[], Sequence[Incident]],
    ) -> None:
        self._scrape = scrape
        self._targets = targets
        self._looks = looks
        self._incidents = incidents

    @property
    def routes(self) -> Routes:
        """What is answered where."""
        return {
            "/metrics": Route(self._metrics),
            "/api/v1/incidents": Route(self._list_incidents),
            "/api/v1/targets": Route(self._list_targets),
        }

    def _metrics(self, request: Request) -> Answer:
        try:
            kind, content = self._scrape(request.headers.get("accept", ""), request.query)
        except ValueError as problem:
            return Answer.text(f"{problem}", HTTPStatus.BAD_REQUEST)
        return compressed(Answer(content=content, kind=kind), request)

    def _list_incidents(self, request: Request) -> Answer:
        try:
            selection = Selection.parse(request.query, [target.name for target in self._targets()])
        except BadQuery as problem:
            return Answer.text(f"{problem}", HTTPStatus.BAD_REQUEST)
        return _json(api.incidents(selection.of(self._incidents())))

    def _list_targets(self, _: Request) -> Answer:
        return _json(api.targets(self._targets(), self._looks))


def _json(document: Any) -> Answer:
    return Answer(content=(json.dumps(document, indent=1) + "\n").encode(), kind=JSON)
