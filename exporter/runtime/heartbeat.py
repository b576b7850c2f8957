"""The heartbeat: how long this process is kept from running, and whether somebody sets the clock."""

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol

from exporter.net.engine import Lateness, Punctuality
from exporter.net.stamps import Steps

log = logging.getLogger(__name__)

BEAT: Final = 0.25
"""Seconds between two beats."""
TOLD: Final = 4
"""Beats between two words to the observer."""


class Observer(Protocol):
    """Who is told how the process is doing."""

    def heartbeat(self, process: str, punctuality: Punctuality) -> None:
        """Take note of how late the beats came."""
        ...

    def clock_stepped(self) -> None:
        """Take note that the wall clock was set."""
        ...


class Heartbeat:
    """Wakes up four times a second and notes how late; when the wall clock is set, calls `stepped`.

    Once a second, and at once where a beat was left out or the clock set, calls `told` with the worst
    lateness and the steps since the last time, in seconds.
    """

    def __init__(
        self,
        observer: Observer,
        stepped: Callable[[], None],
        wall: Callable[[], int] = time.time_ns,
        told: Callable[[float, float], None] = lambda _lag, _step: None,
    ) -> None:
        self._observer = observer
        self._stepped = stepped
        self._told = told
        self._steps = Steps(wall)
        self._ended = threading.Event()

    def start(self) -> None:
        """Begin to beat, in a thread of its own."""
        threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()

    def stop(self) -> None:
        """Beat no more."""
        self._ended.set()

    def _beat(self) -> None:
        lateness, beats, worst, steps = Lateness(), 0, 0.0, 0.0
        due = time.monotonic() + BEAT
        while not self._ended.wait(max(0.0, due - time.monotonic())):
            late = time.monotonic() - due
            lateness.began(late, missed=int(late / BEAT))
            due += BEAT * (1 + int(late / BEAT))
            step = self._steps.taken()
            if step:
                log.warning("wall clock stepped", extra={"fields": {"seconds": f"{step:.3f}"}})
                self._observer.clock_stepped()
                self._call(self._stepped)
            beats += 1
            worst, steps = max(worst, late), steps + step
            if beats % TOLD == 0:
                self._observer.heartbeat("exporter", lateness.take())
            if beats % TOLD == 0 or late >= BEAT or step:
                self._call(partial(self._told, worst, steps))
                worst = steps = 0.0

    def _call(self, who: Callable[[], None]) -> None:
        """Go on whatever they raise: nobody else would notice the next step."""
        try:
            who()
        except Exception:
            log.exception("heartbeat broke")
