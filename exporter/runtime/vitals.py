"""Whether what must go on goes on: each loop tells at every turn that it has come round."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from exporter.runtime.systemd import Systemd

log = logging.getLogger(__name__)

TURN: Final = 1.0
"""Seconds between two turns that an event loop tells."""
STATUS: Final = 5.0
"""Seconds, at most, between two looks at what is to be told."""


class Vitals:
    """When each loop came round last. A database that is down stops none of them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._turns: dict[str, float] = {}

    def loop(self, name: str) -> Callable[[], None]:
        """Give what a loop has to call at each turn, more often than every few seconds."""
        self.turned(name)
        return partial(self.turned, name)

    def turned(self, name: str) -> None:
        """Note a turn. What has never had one is not judged: it may be unable to, where we run."""
        self._turns[name] = self._clock()

    def hanging(self, seconds: float) -> list[str]:
        """Name the loops that have not come round for so long."""
        now = self._clock()
        return [name for name, turned in tuple(self._turns.items()) if now - turned > seconds]


async def turning(turned: Callable[[], None]) -> None:
    """Tell again and again that the event loop goes on which runs this."""
    while True:
        turned()
        await asyncio.sleep(TURN)


class Watchdog:
    """Tells systemd how we are: in one line, and that we are alive, but only while no loop hangs.

    A loop counts as hanging after half of the time that systemd gives us; systemd then ends us and starts
    us again.
    """

    def __init__(self, systemd: Systemd, vitals: Vitals, status: Callable[[], str]) -> None:
        self._systemd, self._vitals, self._status = systemd, vitals, status
        self._ended = threading.Event()
        self._told = ""
        self._hanging: list[str] = []

    def start(self) -> None:
        """Say that we are ready, and from now on how we are."""
        if self._systemd.listening:
            self._systemd.tell("READY=1")
            threading.Thread(target=self._work, name="watchdog", daemon=True).start()

    def stop(self) -> None:
        """Say that we end."""
        self._ended.set()
        self._systemd.tell("STOPPING=1")

    def _work(self) -> None:
        patience = self._systemd.patience
        # Twice within what is allowed: one look may be late.
        while not self._ended.wait(min(STATUS, (patience or 60) / 4)):
            self._look(patience)

    def _look(self, patience: float | None) -> None:
        words = []
        if patience is not None and not self._hangs(patience / 2):
            words.append("WATCHDOG=1")
        if (status := self._status()) != self._told:
            self._told = status
            words.append(f"STATUS={status}")
        if words:
            self._systemd.tell(*words)

    def _hangs(self, seconds: float) -> bool:
        hanging = self._vitals.hanging(seconds)
        if hanging != self._hanging:
            self._hanging = hanging
            if hanging:
                fields = {"loops": ", ".join(hanging)}
                log.error("hangs, and will be started again", extra={"fields": fields})
        return bool(hanging)
