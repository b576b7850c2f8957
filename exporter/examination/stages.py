"""What is looked at by and by: first nothing that would hurt a server that lets nobody in."""

from collections.abc import Callable

from exporter.config import Configuration
from exporter.examination.aiming import Aim
from exporter.examination.pace import ample, calmly, check, holds, quickly
from exporter.examination.plan import Plan
from exporter.examination.report import Progress, Side, State

When = Callable[[Progress, bool], bool]
"""From progress, and whether all but silence has told, to whether it is time."""


class Stages:
    """Gives one configuration after the other.

    A pool is exercised, and silence begun, only where sessions get in; the pool first, whose connections are
    claimed then. In the end they are left to silence, and the rest is looked at calmly.
    """

    def __init__(self, aim: Aim, plan: Plan) -> None:
        """Check all settings; raises PlanError."""
        check(aim, plan)
        self.first = quickly(aim, plan)
        entered = _entered if Side.SESSION in plan.sides else _at_once
        self._later: list[tuple[When, Configuration]] = []
        if Side.POOL in plan.sides:
            self._later.append((entered, quickly(aim, plan, pooled=True)))
        if holds(plan):
            self._later += [
                (entered, quickly(aim, plan, pooled=True, silent=True)),
                (_served, quickly(aim, plan, silent=True, served=ample(aim))),
                (_looked, calmly(aim, plan)),
            ]

    def next(self, progress: Progress, *, looked: bool) -> Configuration | None:
        """Give the configuration to have from now on; None for the same. `looked`: all but silence told."""
        if self._later and self._later[0][0](progress, looked):
            return self._later.pop(0)[1]
        return None


def _at_once(_progress: Progress, _looked: bool) -> bool:
    return True


def _entered(progress: Progress, _looked: bool) -> bool:
    return any(look.side is Side.SESSION and look.state is State.GOOD for look in progress.looks)


def _served(progress: Progress, looked: bool) -> bool:
    """Whether server and pool have told, whose connections are wanted for silence."""
    waiting = {look.side for look in progress.looks if look.state is State.WAITING}
    return looked or not waiting & {Side.SERVER, Side.POOL}


def _looked(_progress: Progress, looked: bool) -> bool:
    return looked
