"""Names resolved for others: no more at once than we can bear, however long each goes on."""

import threading
from contextlib import ExitStack
from typing import Final

from exporter.model import Cause, ProbeError
from exporter.net.resolve import Resolver, silent
from exporter.net.waiting import Stop, wait_for_event

MOST: Final = 32
"""Lookups under way: each has a thread, which lasts as long as the system's resolver wants it to."""
MOST_OF_STRANGERS: Final = 16
"""Of these, names that are not allowed by themselves: anybody may make up some that take long."""


class Lookups:
    """The system's resolution, as `Resolver` has it; safe to use from any thread."""

    def __init__(
        self, resolver: Resolver, stop: Stop, most: int = MOST, of_strangers: int = MOST_OF_STRANGERS
    ) -> None:
        self._resolver = resolver
        self._stop = stop
        self._room = threading.Semaphore(most)
        self._room_of_strangers = threading.Semaphore(of_strangers)

    def addresses(self, host: str, seconds: float, *, stranger: bool = False) -> tuple[str, ...]:
        """Resolve `host` in the system's order of preference; raise ProbeError where that fails.

        A `stranger` is a name of which only its addresses will tell whether it is allowed.
        """
        with ExitStack() as leaving:
            for room in (self._room_of_strangers, self._room) if stranger else (self._room,):
                if not room.acquire(blocking=False):
                    raise ProbeError(Cause.CLIENT_RESOURCES, f"{host}: too many names are being resolved")
                leaving.callback(room.release)
            lookup = self._resolver.ask(host)
            lookup.then(leaving.pop_all().close)
        if not wait_for_event(lookup.done, seconds, self._stop):
            raise silent(host, seconds)
        if lookup.error is not None:
            raise lookup.error
        return lookup.addresses
