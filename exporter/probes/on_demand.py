"""What the probes of one target can do at once, when somebody cannot wait for their time."""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Final

GAP: Final = 1.0
"""Seconds within which the same is not done at once again."""


class OnDemand:
    """Collects offers, and takes them up by the name of what is wanted; safe to use from any thread.

    A name is that of a kind of probe, or of a trial (see `exporter.diagnosis.verdict.Ask`).
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._offers: dict[str, Callable[[], None]] = {}
        self._not_before: dict[str, float] = {}

    def offer(self, name: str, begin: Callable[[], None]) -> Callable[[], None]:
        """Offer to look now: `begin`, which is called in any thread, must be quick and must not raise.

        What is returned takes the offer back.
        """
        self._offers[name] = begin
        return partial(self._take_back, name, begin)

    def _take_back(self, name: str, begin: Callable[[], None]) -> None:
        if self._offers.get(name) is begin:
            del self._offers[name]

    def want(self, name: str) -> None:
        """Have it begun now; nothing happens where nobody offers it, or it has been begun just before."""
        begin = self._offers.get(name)
        if begin is None:
            return
        with self._lock:
            now = self._now()
            if now < self._not_before.get(name, now):
                return
            self._not_before[name] = now + GAP
        begin()
