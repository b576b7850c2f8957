"""The one wrapper around every run of a probe: it catches, reports, and keeps count of first rounds."""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial

from exporter.model import Cause, Failure, Observation
from exporter.net.waiting import Stopped

log = logging.getLogger(__name__)

Sink = Callable[[Observation], None]
"""Takes an observation; must be quick and must not fail."""
Vigil = Callable[[Callable[[Sequence[Observation]], None]], Awaitable[None]]
"""Goes on until cancelled, and reports to what it is given."""

PAUSE = 60.0
"""Seconds until a standing probe that broke is begun anew."""


class Runner:
    """Has probes look, and hands what they report to every sink.

    A probe that breaks in a way nobody foresaw is a mistake of ours: it is logged with its traceback
    and shown as a failure of cause `unknown`, and the next run goes on as ever.
    """

    def __init__(self, sinks: Iterable[Sink]) -> None:
        self._sinks = tuple(sinks)
        self._lock = threading.Lock()
        self._awaited: set[tuple[str, str]] = set()
        self._expected = 0

    def expect(self, target: str, kind: str) -> None:
        """Say that this probe will run; the first round is over when each has run once."""
        with self._lock:
            self._awaited.add((target, kind))
            self._expected += 1

    @property
    def expected(self) -> int:
        """How many probes there are."""
        return self._expected

    @property
    def ready(self) -> bool:
        """Whether every probe has run at least once."""
        with self._lock:
            return not self._awaited

    def run(self, target: str, kind: str, look: Callable[[], Sequence[Observation]]) -> None:
        """Have a probe look once; never raises."""
        started, begun = time.time(), time.monotonic()
        try:
            observations = look()
        except Stopped:
            return
        except Exception as error:
            log.exception("probe broke", extra={"fields": {"target": target, "probe": kind}})
            observations = (_broken(target, kind, error, started, time.monotonic() - begun),)
        self.report(target, kind, observations)

    async def keep(self, target: str, kind: str, vigil: Vigil) -> None:
        """Have a standing probe go on until it is cancelled; one that breaks is begun anew."""
        while True:
            started, begun = time.time(), time.monotonic()
            try:
                await vigil(partial(self.report, target, kind))
            except Exception as error:
                log.exception("probe broke", extra={"fields": {"target": target, "probe": kind}})
                self.report(target, kind, (_broken(target, kind, error, started, time.monotonic() - begun),))
            await asyncio.sleep(PAUSE)

    def report(self, target: str, kind: str, observations: Sequence[Observation]) -> None:
        """Hand over what a probe has seen."""
        for observation in observations:
            for sink in self._sinks:
                sink(observation)
        if self._awaited:  # read without the lock: it only ever becomes empty
            with self._lock:
                self._awaited.discard((target, kind))


def _broken(target: str, kind: str, error: Exception, started: float, duration: float) -> Observation:
    failure = Failure(phase=None, cause=Cause.UNKNOWN, detail=f"internal error: {type(error).__name__}")
    return Observation(target=target, probe=kind, started=started, duration=duration, failure=failure)
