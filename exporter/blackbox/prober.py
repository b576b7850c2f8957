"""The endpoint /probe: what is asked is looked at now, and answered with what was seen."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from exporter.blackbox.asking import Asked, Refused, asked, seconds
from exporter.blackbox.commission import Commission, UnknownModule, commission
from exporter.blackbox.errand import Forbidden
from exporter.blackbox.looking import look
from exporter.blackbox.lookups import Lookups
from exporter.blackbox.places import known_as
from exporter.blackbox.scope import Scope
from exporter.blackbox.telling import told
from exporter.blackbox.turnstile import Turnstile, crowded
from exporter.exposition.blackbox import rendered
from exporter.model import Look, Result
from exporter.net.resolve import Resolver
from exporter.net.waiting import Stop, Stopped
from exporter.web.answer import Answer, Request, Route, Routes

log = logging.getLogger(__name__)

OFFSET: Final = 0.5
"""Seconds by which a look ends before Prometheus gives up, as in blackbox_exporter."""
NOT_ALLOWED: Final = "the configuration does not allow this target: see probe.allow, or the module's allow"


class Prober:
    """Looks on request. `keep` takes every result, `unknown` hears of each module that there is not."""

    def __init__(
        self,
        resolver: Resolver,
        stop: Stop,
        *,
        keep: Callable[[Result], object],
        unknown: Callable[[], object],
        offset: float = OFFSET,
        turnstile: Turnstile | None = None,
    ) -> None:
        self._resolver = Lookups(resolver, stop)
        self._stop = stop
        self._keep = keep
        self._unknown = unknown
        self._offset = offset
        self._turnstile = turnstile or Turnstile()
        self._scope = Scope()

    def configure(self, scope: Scope) -> None:
        """Look by this from now on; looks under way go on as they began."""
        self._scope = scope

    @property
    def routes(self) -> Routes:
        """What is answered where."""
        return {"/probe": Route(self._probe)}

    def _probe(self, request: Request) -> Answer:
        try:
            return self._looked(request, asked(request), self._scope)
        except UnknownModule as refused:
            self._unknown()
            return refused.answer
        except Refused as refused:
            return refused.answer
        except Forbidden:
            return Answer.text(NOT_ALLOWED, HTTPStatus.FORBIDDEN)
        except Stopped:
            return crowded("the exporter is ending").answer

    def _looked(self, request: Request, wanted: Asked, scope: Scope) -> Answer:
        found = commission(wanted, scope, self._resolver, self._stop)
        within = seconds(request.headers, found.timeout, self._offset)
        errand = replace(found.errand, seconds=within)
        started = time.time()
        ours = found.own is not None
        with self._turnstile.turn(known_as(errand.host), ours=ours), found.visit():
            seen, lines = look(errand, {"module": found.module, "target": wanted.target})
        accept = "" if wanted.debug else request.headers.get("accept", "")
        kind, content = rendered(seen, accept, scope.labels)
        plain = content if kind.startswith("text/plain") else rendered(seen, "", scope.labels)[1]
        words = told(lines, plain.decode(), found.shown)
        self._note(wanted, found, seen, started, words)
        if wanted.debug:
            return Answer(content=words.encode(errors="replace"))
        return Answer(content=content, kind=kind, headers=[("Vary", "Accept")])

    def _note(self, wanted: Asked, found: Commission, seen: Look, started: float, words: str) -> None:
        self._keep(
            Result(
                target=wanted.target,
                module=found.module,
                started=started,
                duration=seen.duration,
                success=seen.success,
                log=words,
            )
        )
        fields = {"target": wanted.target, "module": found.module, "success": seen.success}
        log.debug("probed on request", extra={"fields": fields})
