"""What is looked at by and by: first nothing that would hurt a server that lets nobody in."""

from exporter.config import Configuration
from exporter.examination.aiming import Aim
from exporter.examination.pace import calmly, holds, quickly
from exporter.examination.plan import Plan
from exporter.examination.report import Progress, Side, State


class Stages:
    """Gives one configuration after the other: a pool is exercised only where sessions get in.

    With a hold, its connections and those of others are left to silence in the end.
    """

    def __init__(self, aim: Aim, plan: Plan) -> None:
        """Check all settings; raises PlanError."""
        pool = Side.POOL in plan.sides
        self._logs_in = Side.SESSION in plan.sides
        self.first = quickly(aim, plan, pooled=pool and not self._logs_in)
        self._pooled = quickly(aim, plan, pooled=True) if pool and self._logs_in else None
        self._calm = calmly(aim, plan) if holds(plan) else None

    def next(self, progress: Progress, *, looked: bool) -> Configuration | None:
        """Give the configuration to have from now on, None for the same; `looked`: all but silence told."""
        session = next(look for look in progress.looks if look.side is Side.SESSION)
        if self._pooled is not None and session.state is State.GOOD:
            then, self._pooled = self._pooled, None
            return then
        if self._calm is not None and looked:
            then, self._calm, self._pooled = self._calm, None, None
            return then
        return None
