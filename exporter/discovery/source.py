"""A source of targets: one place, looked at again and again in a thread of its own."""

import logging
import threading
from collections.abc import Callable
from typing import Final, Protocol

from exporter.config.problems import CREDENTIALS, MASKED
from exporter.discovery.groups import Broken
from exporter.discovery.place import Place, Targets
from exporter.model import harmless
from exporter.net.waiting import Stop, Stopped

log = logging.getLogger(__name__)

LONGEST: Final = 500
"""Characters of what is wrong with a list, in the log."""


class Observer(Protocol):
    """Who is told how each source fares, by its name."""

    def good(self, source: str, targets: int) -> None:
        """Take note of a look that found a list that can be used."""
        ...

    def bad(self, source: str) -> None:
        """Take note of a look that found none."""
        ...


class Source:
    """Looks at a place, and offers what is there; what it has offered last holds until there is another.

    `targets` are those in force. They are changed by who takes the offers, who may refuse one with Broken.
    """

    def __init__(
        self,
        place: Place,
        offer: Callable[["Source", Targets], None],
        observer: Observer,
        stop: Stop,
        targets: Targets = (),
    ) -> None:
        """Take where to look, until `stop`, and `targets` that are in force before the first look."""
        self.place, self.targets = place, targets
        self.looked = threading.Event()
        self._offer, self._observer, self._stop = offer, observer, stop
        self._asked = threading.Event()
        self._thread: threading.Thread | None = None
        self._wrong = ""

    @property
    def name(self) -> str:
        """The label `source` of its series."""
        return self.place.name

    def start(self) -> None:
        """Begin to look, unless it has begun."""
        if self._thread is None:
            thread = threading.Thread(target=self._work, name=f"discover {self.name}", daemon=True)
            thread.start()
            self._thread = thread  # not before: it may be that no more threads can be had now

    def stop(self) -> None:
        """Look no more."""
        self._stop.throw()
        self._asked.set()

    def ask(self) -> None:
        """Have it look soon, without waiting for it."""
        self._asked.set()

    def _work(self) -> None:
        while not self._stop.thrown:
            try:
                self._look()
            except Stopped:
                return
            self.looked.set()
            self._asked.wait(self.place.every)
            self._asked.clear()

    def _look(self) -> None:
        try:
            self._offer(self, self.place.look())
        except Stopped:
            raise
        except Broken as broken:
            self._failed(str(broken))
        except Exception as error:  # whatever breaks here, the last good list still holds
            log.debug("discovery broke", exc_info=error)
            self._failed(f"cannot be put into force: {type(error).__name__}: {error}")
        else:
            self._observer.good(self.name, len(self.targets))
            if self._wrong:
                log.info("targets are discovered again", extra={"fields": {"source": self.name}})
            self._wrong = ""

    def _failed(self, wrong: str) -> None:
        """Count it, and tell it where that was not told before; raises Stopped."""
        if self._stop.thrown:  # what looks there now may have our name, and it fares well
            raise Stopped
        self._observer.bad(self.name)
        if wrong != self._wrong:
            detail = harmless(CREDENTIALS.sub(MASKED, wrong))[:LONGEST]
            fields = {"source": self.name, "detail": detail}
            log.error("targets cannot be discovered; the last good list holds", extra={"fields": fields})
        self._wrong = wrong
