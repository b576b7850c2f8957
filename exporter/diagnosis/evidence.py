"""What silent holds have told of an idle timeout, weighed: one death may be chance, two that agree are not.

A hold that survives is hard to feign; a hold may die of anything. So a survival refutes every death that
came earlier in a silence no longer than its own, while it takes two deaths to refute a survival, and three
to tell that the timeout is another one now: then nothing that survived before counts any more. All that is
close to the timeout may go either way, because no middlebox is exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

NARROW: Final = 1.0
NARROW_SHARE: Final = 0.02
"""How close the ends of a bracket are to come: seconds, or a share of what kills if that is more."""
REFUTED: Final = 2
CHANGED: Final = 3
"""So many deaths at or below a survival refute it, and tell that the timeout has shrunk."""
MOST_KEPT: Final = 64
"""Survivals and deaths that are remembered, each."""
MOST_ALIKE: Final = 3
"""As many of them within one tolerance: the older ones tell nothing new."""


class Fate(StrEnum):
    """What became of a connection that was left silent.

    It could be used afterwards; or its end arrived while it was silent; or it died of being used, and
    nothing had told before.
    """

    SURVIVED = "survived"
    TOLD = "told"
    IN_VAIN = "in_vain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One silence that is over: how it ended, and after how many seconds.

    For `TOLD` these are the seconds until the end arrived, else the length of the silence: a hold used in
    vain tells only that the timeout is no longer.
    """

    seconds: float
    fate: Fate


@dataclass(frozen=True, slots=True)
class Death:
    """A hold that died after so many seconds; `told` if these are the very seconds of its end."""

    seconds: float
    told: bool


def tolerance(seconds: float) -> float:
    """How many seconds two observations of one timeout may lie apart."""
    return max(NARROW, NARROW_SHARE * seconds)


class Evidence:
    """The survivals and deaths that have not been refuted, oldest first."""

    def __init__(self, survivals: Sequence[float] = (), deaths: Sequence[float] = ()) -> None:
        self._survivals = list(survivals)
        self._deaths = [Death(seconds, told=False) for seconds in deaths]

    def take(self, hold: Hold) -> None:
        """Weigh one more hold."""
        if hold.fate is Fate.SURVIVED:
            self._survive(hold.seconds)
        else:
            self._die(Death(hold.seconds, hold.fate is Fate.TOLD))

    @property
    def shortest(self) -> Death | None:
        """The shortest silence that anything died in, be it by chance."""
        return min(self._deaths, key=lambda death: death.seconds, default=None)

    @property
    def proven(self) -> float | None:
        """A silence that two holds did not outlive, however different their own lengths."""
        seconds = sorted(death.seconds for death in self._deaths)
        return seconds[1] if len(seconds) > 1 else None

    @property
    def killed(self) -> float | None:
        """The shortest silence of which two deaths say that it is too long, close to each other."""
        seconds = sorted(death.seconds for death in self._deaths)
        return next((two for one, two in pairwise(seconds) if two - one <= tolerance(two)), None)

    @property
    def survived(self) -> float | None:
        """The longest silence survived that is shorter than what kills."""
        return self.survived_below(self.killed)

    def survived_below(self, limit: float | None) -> float | None:
        """Find the longest silence survived that is shorter than `limit`."""
        return max((seconds for seconds in self._lasting() if limit is None or seconds < limit), default=None)

    def times_survived(self, seconds: float) -> int:
        """How often a silence of about that length was survived, or a longer one."""
        return sum(lasting >= seconds - tolerance(seconds) / 2 for lasting in self._lasting())

    def times_died(self, seconds: float) -> int:
        """How many died in a silence of about that length, a little more or less."""
        return sum(abs(death.seconds - seconds) <= tolerance(seconds) for death in self._deaths)

    def was_near(self, seconds: float) -> bool:
        """Whether silences of nearly that length or more were survived, refuted or not."""
        return any(one >= seconds - 2 * tolerance(seconds) for one in self._survivals)

    @property
    def confirmed(self) -> float | None:
        """The longest silence below what kills that was survived twice, or once and a longer one, too."""
        killed = self.killed
        lasting = sorted(seconds for seconds in self._lasting() if killed is None or seconds < killed)
        return lasting[-2] if len(lasting) > 1 else None

    def _lasting(self) -> list[float]:
        return [one for one in self._survivals if self._against(one) < REFUTED]

    def _against(self, seconds: float) -> int:
        """How many died in a silence no longer than that; all of them later than it was survived."""
        return sum(death.seconds <= seconds for death in self._deaths)

    def _survive(self, seconds: float) -> None:
        kept = self._lasting()
        self._deaths = [death for death in self._deaths if death.seconds > seconds]
        alike = [place for place, one in enumerate(kept) if abs(one - seconds) <= tolerance(seconds) / 4]
        if len(alike) >= MOST_ALIKE:
            del kept[alike[0]]
        self._survivals = [*kept, seconds][-MOST_KEPT:]

    def _die(self, death: Death) -> None:
        near = tolerance(death.seconds)
        below = [one for one in self._deaths if 0 <= death.seconds - one.seconds <= near]
        if not death.told and len(below) > 1:
            return  # it had to die
        alike = [one for one in self._deaths if abs(one.seconds - death.seconds) <= near]
        if len(alike) >= MOST_ALIKE:
            self._deaths.remove(alike[0])
        self._deaths = [*self._deaths, death][-MOST_KEPT:]
        if any(self._against(one) >= CHANGED for one in self._survivals):
            self._survivals.clear()
