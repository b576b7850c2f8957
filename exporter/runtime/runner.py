"""The one wrapper around every run of a probe: it catches, reports, and keeps count of first rounds."""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence

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
    """Knows the probes that are on duty, and hands what they report to every sink."""

    def __init__(self, sinks: Iterable[Sink]) -> None:
        self._sinks = tuple(sinks)
        self._lock = threading.Lock()
        self._on_duty: set[Duty] = set()
        self._awaited: set[Duty] = set()
        self._ready = False

    def duty(self, target: str, kind: str, *, counted: bool = True) -> "Duty":
        """Let a probe of a target begin its duty; what is not `counted` is no probe of its own."""
        duty = Duty(target, kind, self)
        with self._lock:
            if counted:
                self._on_duty.add(duty)
                self._awaited.add(duty)
        return duty

    @property
    def expected(self) -> int:
        """How many probes there are."""
        return len(self._on_duty)

    @property
    def ready(self) -> bool:
        """Whether there was a moment when every probe had run at least once."""
        with self._lock:
            self._ready = self._ready or not self._awaited
            return self._ready

    def hand_over(self, observations: Sequence[Observation]) -> None:
        """Give every sink what a probe has seen."""
        for observation in observations:
            for sink in self._sinks:
                sink(observation)

    def heard(self, duty: "Duty") -> None:
        """Take note that a probe has reported, or has ended."""
        if self._awaited or duty.ended:
            with self._lock:
                self._awaited.discard(duty)
                if duty.ended:
                    self._on_duty.discard(duty)


class Duty:
    """One probe of one target, as long as it is on duty.

    A probe that breaks in a way nobody foresaw is a mistake of ours: it is logged with its traceback
    and shown as a failure of cause `unknown`, and the next run goes on as ever.
    """

    def __init__(self, target: str, kind: str, runner: Runner) -> None:
        self._target = target
        self._kind = kind
        self._runner = runner
        self._lock = threading.Lock()
        self.ended = False

    def run(self, look: Callable[[], Sequence[Observation]]) -> None:
        """Have the probe look once; never raises."""
        if self.ended:
            return
        started, begun = time.time(), time.monotonic()
        try:
            observations = look()
        except Stopped:
            return
        except Exception as error:
            log.exception("probe broke", extra={"fields": self._fields})
            observations = (self._broken(error, started, begun),)
        self.report(observations)

    async def keep(self, vigil: Vigil) -> None:
        """Have a standing probe go on until it is cancelled; one that breaks is begun anew.

        What breaks in a part of it hides from it that it has been cancelled: `end` tells, too.
        """
        while not self.ended:
            started, begun = time.time(), time.monotonic()
            try:
                await vigil(self.report)
            except Exception as error:
                log.exception("probe broke", extra={"fields": self._fields})
                self.report((self._broken(error, started, begun),))
            await asyncio.sleep(PAUSE)

    def report(self, observations: Sequence[Observation]) -> None:
        """Hand over what the probe has seen; after its end nothing is heard any more."""
        with self._lock:
            if self.ended:
                return
            self._runner.hand_over(observations)
        self._runner.heard(self)

    def end(self) -> None:
        """Let nothing be heard of it from now on; a report that is being taken in is waited for."""
        with self._lock:
            self.ended = True
        self._runner.heard(self)

    @property
    def _fields(self) -> dict[str, str]:
        return {"target": self._target, "probe": self._kind}

    def _broken(self, error: Exception, started: float, begun: float) -> Observation:
        failure = Failure(phase=None, cause=Cause.UNKNOWN, detail=f"internal error: {type(error).__name__}")
        return Observation(
            target=self._target,
            probe=self._kind,
            started=started,
            duration=time.monotonic() - begun,
            failure=failure,
        )
