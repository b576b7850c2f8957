"""What the server has counted meanwhile, less what our own connections have moved."""

from collections import deque
from collections.abc import Iterator
from typing import Final, NamedTuple

from exporter.diagnosis.seen.window import Window
from exporter.diagnosis.sign import Fact, Sign
from exporter.model import Counted, Observation, ServerObservation

FULL: Final = "max_connections"
"""The reason of refusals that MySQL's family counts where there is no connection left."""
LOOKS: Final = 16
"""Looks that are remembered: enough to have one from before the trouble."""


class Look(NamedTuple):
    """When the server was asked, and how many sessions were killed, and connections refused, by then."""

    at: float
    killed: int
    refused: int


class Counts:
    """Folds the server's counters into facts. They fall when it begins anew: then nothing is told."""

    def __init__(self) -> None:
        self._looks: deque[Look] = deque(maxlen=LOOKS)

    def take(self, at: float, observation: Observation) -> bool:
        """Take in a look (see `Side`)."""
        if isinstance(observation, ServerObservation) and observation.view is not None:
            killed = observation.counters.get(Counted.SESSIONS_KILLED, 0)
            ours = observation.own.get(Counted.SESSIONS_KILLED, 0)
            self._looks.append(Look(at, killed - ours, observation.view.errors.get(FULL, 0)))
        return False

    def standing(self, at: float) -> bool:  # noqa: ARG002  all sides alike
        """Give False: counters tell of what was."""
        return False

    def settle(self) -> None:
        """Keep the looks: the next trouble is compared with them."""

    def facts(self, window: Window) -> Iterator[Fact]:
        """Tell what has been counted between the last look before the window and the last in it."""
        before = next((look for look in reversed(self._looks) if not window.has(look.at)), None)
        if before is None or not window.has(self._looks[-1].at):
            return
        killed = self._looks[-1].killed - before.killed
        if killed > 0:
            text = f"the server has counted {killed} sessions that somebody ended, besides those we ended"
            yield Fact(sign=Sign.SERVER_COUNTS_KILLED, text=text)
        refused = self._looks[-1].refused - before.refused
        if refused > 0:
            text = f"the server has counted {refused} refusals for want of a free connection"
            yield Fact(sign=Sign.SERVER_COUNTS_REFUSED, text=text)
