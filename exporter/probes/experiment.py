"""Experiments that tell which layer ends silent connections: the same silence in five ways."""

from collections.abc import Sequence
from typing import Any, Final

from exporter.diagnosis.bracket import LONGEST
from exporter.diagnosis.variants import Outcome, Variant, judge
from exporter.model import Cause

AGREE: Final = 2
"""Experiments in a row that must come to the same causes."""
MOST: Final = 4
"""Experiments after which it stays open what ends connections, until the timeout changes."""
NEAR: Final = 0.1
"""Share by which a timeout may differ and still be taken for the same."""


def blamed(timeouts: Sequence[tuple[Cause, float]], silent: float) -> Cause | None:
    """Name the timeout that ends a connection which has been silent for so many seconds; None for none."""
    found = [(seconds, cause) for cause, seconds in timeouts if silent >= seconds * (1 - NEAR) - 1]
    return min(found)[1] if found else None


class Experiments:
    """Asks for the variants to hold, and draws the conclusion once all have come to an end.

    `timeouts` are the causes found, with the seconds after which each ends a silent connection.
    """

    def __init__(self, rounds: int = AGREE) -> None:
        """Begin; `rounds` are how many in a row must come to the same causes."""
        self._rounds = rounds
        self.pooled = False
        self._begin(0.0)

    def _begin(self, killed: float) -> None:
        self.timeouts: tuple[tuple[Cause, float], ...] = ()
        self._killed = killed
        self._tries = 0
        self._verdicts: list[tuple[tuple[Cause, float], ...]] = []
        self._events: list[bool] = []
        self._outcomes: dict[Variant, Outcome] = {}

    @property
    def aged(self) -> bool:
        """Whether it is no idleness that ends connections: those in use die as well, again and again."""
        return len(self._events) >= AGREE and all(self._events[-AGREE:])

    def next(self, killed: float, trying: Sequence[Variant]) -> Variant | None:
        """Give a variant worth holding for a timeout of `killed` seconds, beside those under way."""
        if abs(killed - self._killed) > NEAR * killed + 1:
            self._begin(killed)  # it is another one
        if self._tries >= MOST or self._agreed() or self.aged:
            return None
        return next((one for one in Variant if one not in self._outcomes and one not in trying), None)

    def take(self, outcome: Outcome, killed: float | None) -> None:
        """Take in how one variant ended."""
        self._outcomes[outcome.variant] = outcome
        if len(self._outcomes) < len(Variant):
            return
        outcomes, self._outcomes = list(self._outcomes.values()), {}
        if killed is None:
            return  # what was experimented on has turned out to be nothing
        verdict = judge(outcomes, killed=killed, pooled=self.pooled)
        self._tries += 1
        self._verdicts.append(verdict.timeouts)
        self._events.append(verdict.event is not None and not verdict.timeouts)
        if self._agreed():
            self.timeouts = verdict.timeouts

    def cause(self, silent: float) -> Cause | None:
        """Name what ends a connection that has been silent for so long; None where nothing is known to."""
        return blamed(self.timeouts, silent)

    def known(self) -> dict[str, Any]:
        """Give what has been found out, for `remembered`."""
        if not self._agreed():
            return {}
        return {
            "killed": self._killed,
            "timeouts": [[str(cause), seconds] for cause, seconds in self.timeouts],
        }

    @classmethod
    def remembered(cls, known: Any, rounds: int = AGREE) -> "Experiments":
        """Make experiments that go on from `known`; what makes no sense there is forgotten."""
        made = cls(rounds)
        try:
            killed = float(known["killed"])
            timeouts = tuple((Cause(cause), float(seconds)) for cause, seconds in known["timeouts"])
        except (KeyError, TypeError, ValueError, OverflowError):
            return made
        if all(0 < seconds <= LONGEST for seconds in (killed, *(seconds for _, seconds in timeouts))):
            made._killed, made.timeouts, made._verdicts = killed, timeouts, [timeouts] * rounds
        return made

    def _agreed(self) -> bool:
        last = [tuple(cause for cause, _ in verdict) for verdict in self._verdicts[-self._rounds :]]
        return len(last) == self._rounds and len(set(last)) == 1 and bool(last[0])
