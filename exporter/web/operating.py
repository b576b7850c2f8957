"""What whoever runs the exporter asks of it: how it is, what it has been told, and to read that anew."""

from collections.abc import Callable, Sequence
from functools import partial
from http import HTTPStatus
from typing import Final

from exporter.web.answer import Answer, Request, Route, Routes

RELOADING: Final = ("POST", "PUT")
BY_POST: Final = "This endpoint requires a POST request."
"""What Prometheus and its exporters say to whoever asks in another way."""
OURS: Final = ("same-origin", "none")
"""What a browser says in Sec-Fetch-Site of a request that no other site has made it send."""


class Operating:
    """Answers those who run us.

    `ready` tells whether every probe has run once; `shown` writes the configuration in force, without its
    secrets; `reload` reads it anew, and says why that failed, or nothing. `origins` are those under which
    browsers know us where that is not what they send as Host, such as `https://monitoring.example.com`.
    `hanging` names the parts of us that do not go on, as none should.
    """

    def __init__(
        self,
        ready: Callable[[], bool],
        shown: Callable[[], str],
        reload: Callable[[], str] | None = None,
        origins: frozenset[str] = frozenset(),
        hanging: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self._ready = ready
        self._shown = shown
        self._reload = reload
        self._origins = origins
        self._hanging = hanging

    @property
    def routes(self) -> Routes:
        """What is answered where."""
        routes = {
            "/-/healthy": Route(self._health),
            "/-/ready": Route(self._readiness),
            "/config": Route(lambda _: Answer(content=self._shown().encode())),
        }
        if self._reload is not None:
            reloading = partial(self._reloading, self._reload)
            routes["/-/reload"] = Route(reloading, RELOADING, otherwise=BY_POST)
        return routes

    def _health(self, _: Request) -> Answer:
        if hanging := self._hanging():
            return Answer.text(f"Not healthy: {', '.join(hanging)} hangs", HTTPStatus.SERVICE_UNAVAILABLE)
        return Answer.text("Healthy")

    def _readiness(self, _: Request) -> Answer:
        if self._ready():
            return Answer.text("Ready")
        words = "Not ready: the first round of probes, or of looks for targets, is under way"
        return Answer.text(words, HTTPStatus.SERVICE_UNAVAILABLE)

    def _reloading(self, reload: Callable[[], str], request: Request) -> Answer:
        if not self._asked_by_us(request):
            return Answer.text("another site may not have this done", HTTPStatus.FORBIDDEN)
        if wrong := reload():
            return Answer.text(f"failed to reload config: {wrong}", HTTPStatus.INTERNAL_SERVER_ERROR)
        return Answer.text("configuration reloaded")

    def _asked_by_us(self, request: Request) -> bool:
        """Whether no page of another site had a browser send this; who is no browser says nothing of that."""
        if (site := request.headers.get("sec-fetch-site")) is not None:
            return site in OURS
        if (origin := request.headers.get("origin")) is None:
            return True
        authority = origin.partition("://")[2]  # there is none in null, which a sandboxed page is
        return origin in self._origins or (authority != "" and authority == request.headers.get("host"))
