"""When an examination has come to its end: nothing that is still waited for would tell more."""

from collections.abc import Sequence
from typing import Final

from exporter.examination.pace import holds
from exporter.examination.plan import Plan
from exporter.examination.report import Look, Progress, Side, State
from exporter.model import Cause

LEAST: Final = 3.0
"""Seconds that every examination takes."""
STANDS: Final = 2.0
"""Seconds for which incidents have to be called the same, and to be about the same timeouts."""
ON_THE_WAY: Final = frozenset({Side.PING, Side.TCP, Side.SESSION, Side.POOL})
IDLE: Final = 8.0
"""Seconds without a connection left silent after which none will follow."""


class Ending:
    """Sees every progress, and tells when it was the last."""

    def __init__(self, plan: Plan) -> None:
        self._holding = holds(plan)
        self.latest = max(plan.seconds, plan.hold if self._holding else 0.0)
        self._seconds = plan.seconds
        self._causes: frozenset[Cause] = frozenset()
        self._timeouts: tuple[tuple[Cause, float], ...] = ()
        self._since = self._held = 0.0
        self._entered = False

    def looked(self, progress: Progress) -> bool:
        """Whether all but silence has told, or has had its time."""
        told = all(look.state is not State.WAITING for look in progress.looks if look.side is not Side.HOLD)
        return (told and progress.elapsed >= LEAST) or progress.elapsed >= self._seconds

    def due(self, progress: Progress) -> bool:
        """Whether to end now."""
        causes = frozenset(incident.cause for incident in progress.incidents)
        timeouts = progress.idle.timeouts if progress.idle is not None else ()
        if (causes, timeouts) != (self._causes, self._timeouts):
            self._causes, self._timeouts, self._since = causes, timeouts, progress.elapsed
        if progress.rungs:
            self._held = progress.elapsed
        self._entered |= bool(progress.rungs) or any(
            look.side is Side.SESSION and look.state is State.GOOD for look in progress.looks
        )
        if progress.elapsed >= self.latest:
            return True
        named = Cause.UNKNOWN not in causes and progress.elapsed - self._since >= STANDS
        if shut(progress.looks):
            # Whom nothing has a name for may still come back, but not for all of a hold.
            late = progress.elapsed >= self._seconds and not self._entered
            if late or (causes and named and progress.elapsed >= LEAST):
                return True
        if not causes and unexplained(progress.looks) and progress.elapsed < self._seconds:
            return False
        return named and self.looked(progress) and (not self._holding or self._settled(progress))

    def _settled(self, progress: Progress) -> bool:
        idle = progress.idle
        if idle is None or not idle.settled:
            return False
        if idle.killed is None:
            return True
        named = {cause for cause, _ in idle.timeouts} & self._causes
        return bool(named) or progress.elapsed - self._held >= IDLE


def unexplained(looks: Sequence[Look]) -> bool:
    """Whether something on the way goes badly: what some packets suffer takes a while to get its name."""
    return any(look.side in ON_THE_WAY and look.state is State.BAD for look in looks)


def shut(looks: Sequence[Look]) -> bool:
    """Whether nobody is let in, so that there is nothing more to be seen."""
    states = {look.side: look.state for look in looks}
    entrance = Side.TCP if states[Side.SESSION] is State.ABSENT else Side.SESSION
    return states[entrance] is State.BAD
