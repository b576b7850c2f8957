"""What is known of a server from one look to the next."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import Final

from exporter.model import Change, Counted, ServerView
from exporter.probes.ledger import Ledger

ROUNDING: Final = 2.0
"""Seconds by which a server's uptime and our clock may differ: some count whole seconds."""
SAME_START: Final = 60.0
"""Seconds by which the start of a server may move without a restart: its clock has been set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """A view as it stands beside those before it (see `exporter.model.ServerObservation`)."""

    view: ServerView | None
    changes: tuple[Change, ...] = ()
    counters: Mapping[Counted, int] = field(default_factory=dict)


class Acquaintance:
    """Recognises a server, or that it is another one; adds up what it counts."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._met = 0.0
        self._started: float | None = None
        self._identity = ""
        self._addresses: dict[int, str] = {}
        self._most_seen = 0
        self._ledger = Ledger()

    def meet(self, view: ServerView | None) -> Meeting:
        """Compare a view with those before it; None is none."""
        if view is None:
            return Meeting(view=None)
        changes = (*self._changes_of_server(view), *self._changes_of_address(view.address))
        if not {Change.IDENTITY, Change.RESTART}.isdisjoint(changes):
            self._started = None
            self._most_seen = 0
        if Change.IDENTITY in changes:
            self._ledger.succeed()
        elif Change.RESTART in changes and not self._ledger.goes_on(view.counters):
            self._ledger.begin()
        self._met = self._now()
        self._started = view.started if self._started is None else self._started
        self._identity = view.identity or self._identity
        self._most_seen = max(self._most_seen, sum(view.connections.values()))
        high_water = (self._most_seen or None) if view.high_water is None else view.high_water
        return Meeting(
            view=replace(view, started=self._started, high_water=high_water),
            changes=changes,
            counters=self._ledger.add_up(view.counters),
        )

    def _changes_of_server(self, view: ServerView) -> Iterator[Change]:
        """Tell a server that has started anew from another one that has the same data."""
        if view.identity and self._identity and view.identity != self._identity:
            yield Change.IDENTITY
        elif view.started is not None and view.uptime is not None and self._started is not None:
            moved = abs(view.started - self._started)
            if moved > ROUNDING and view.uptime < self._now() - self._met + ROUNDING:
                yield Change.RESTART
            elif moved > SAME_START:
                yield Change.IDENTITY

    def _changes_of_address(self, address: str) -> Iterator[Change]:
        """Tell a new address of ours from one of the other family: a server may be reached over both."""
        family = _family(address)
        if address and self._addresses.setdefault(family, address) != address:
            self._addresses[family] = address
            yield Change.ADDRESS


def _family(address: str) -> int:
    """Give the version of IP of an address; 0 for a name."""
    try:
        return ip_address(address).version
    except ValueError:
        return 0
