"""A connection pool with the application's own settings, to see whether they survive this path."""

import asyncio
import logging
import math
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

from pydantic import Field, field_validator

from exporter.db.exercise import PoolSettings, Round
from exporter.db.life import Death
from exporter.db.pool import Pool
from exporter.diagnosis.advice import pool_recycle_unsafe
from exporter.model import Cause, DropObservation, Invalidation, Observation, PoolObservation, Target
from exporter.probes.drops import drop
from exporter.probes.experiment import blamed
from exporter.probes.kind import Kind, Tools
from exporter.settings import Duration, ProbeSettings, format_duration

log = logging.getLogger(__name__)

EXPLICABLE = frozenset({Cause.UNKNOWN, Cause.NET_BLACKHOLE, Cause.SERVER_UNRESPONSIVE})
"""Causes as a single end shows them, behind which may be an idle timeout that is known."""


class PoolProbeSettings(ProbeSettings):
    """A SQLAlchemy pool with the application's own settings, used after longer and longer rests."""

    default_on: ClassVar[bool] = False

    interval: Duration = Field(
        default=30.0, description="shortest time that connections are left alone before they are used"
    )
    timeout: Duration = Field(
        default=20.0, description="longest time that taking out, using and giving back may take"
    )
    pool_size: int = Field(default=5, ge=1, le=1000, description="connections that the pool keeps")
    max_overflow: int = Field(
        default=10, ge=-1, le=1000, description="connections beyond them; -1 for any number"
    )
    pool_timeout: Duration = Field(default=30.0, description="longest wait for a connection of the pool")
    pool_recycle: Duration | None = Field(
        default=None, description="age at which a connection is replaced; never if left out"
    )
    pool_pre_ping: bool = Field(default=False, description="ask each connection before it is handed out")
    connections: int = Field(default=2, ge=1, le=1000, description="connections taken out at a time")
    longest_rest: Duration = Field(default=3600.0, description="longest time that connections are left alone")

    @field_validator("pool_recycle", mode="before")
    @classmethod
    def _never(cls, written: object) -> object:
        if written == -1:
            raise ValueError("leave it out for never, which SQLAlchemy writes as -1")
        return written

    def misfit(self) -> tuple[str, str] | None:
        """Say so where every connection would be recycled before it is used again."""
        if self.pool_recycle is not None and self.interval >= self.pool_recycle:
            recycle = format_duration(self.pool_recycle)
            return (
                "interval",
                f"no connection would be used twice; less than pool_recycle {recycle} is allowed",
            )
        return super().misfit()


class Rests:
    """How long connections are left alone: twice as long each time, up to the longest, then from the start.

    All are seconds. The longest is the last multiple of `interval` before the pool would recycle.
    """

    def __init__(self, interval: float, longest: float, recycle: float | None) -> None:
        self._interval = interval
        most = longest if recycle is None else min(longest, (math.ceil(recycle / interval) - 1) * interval)
        self._longest = max(interval, most)
        self._next = interval

    def over(self, rested: float) -> bool:
        """Whether that is long enough; runs come a little early or late."""
        return rested >= self._next - self._interval / 2

    def take_note(self, invalidations: Sequence[Invalidation], *, tried: bool) -> None:
        """Choose the next one by what became of the connections after this one.

        Those that were recycled have not been tried: the new ones are, after a rest as long.
        """
        if not tried or set(invalidations) - {Invalidation.RECYCLE}:
            self._next = self._interval
        elif not invalidations:
            again = self._next >= self._longest
            self._next = self._interval if again else min(2 * self._next, self._longest)


class PoolProbe:
    """Exercises one pool whenever it has rested long enough; a run in which it has not reports nothing."""

    def __init__(self, target: Target, settings: PoolProbeSettings, tools: Tools) -> None:
        self._target = target.name
        self._settings = settings
        self._tools = tools
        self._rests = Rests(settings.interval, settings.longest_rest, settings.pool_recycle)
        self._short = False
        self._told_unsafe: bool | None = None
        self._pool = Pool(
            tools.opener,
            PoolSettings(
                size=settings.pool_size,
                overflow=settings.max_overflow,
                wait=settings.pool_timeout,
                recycle=settings.pool_recycle,
                pre_ping=settings.pool_pre_ping,
            ),
            tools.stop,
            addresses=partial(tools.book.addresses, target.endpoint.host),
            take=partial(tools.budget.take, claimed=True),
            give_back=partial(tools.budget.give_back, claimed=True),
        )
        tools.undo.callback(tools.budget.claim(settings.connections))
        tools.undo.callback(tools.watcher.keep(self._give_back))

    def run(self) -> Sequence[Observation]:
        """Exercise the pool if it is time (see `exporter.probes.kind.Probe`)."""
        unsafe = self._unsafe()
        rested = self._pool.rested
        if rested and not self._rests.over(rested):
            if unsafe is self._told_unsafe:
                return ()
            return (self._told(Round(rested=rested, waiting=self._pool.waiting), time.time(), 0.0),)
        started, begun = time.time(), time.monotonic()
        done = self._pool.exercise(self._settings.connections, self._settings.timeout)
        for number, born in done.lost:
            self._tools.leftovers.add(number, born)
        self._say_if_short(done.skipped)
        if not done.checkouts:
            return ()
        failures = [checkout.failure for checkout in done.checkouts if checkout.failure is not None]
        self._rests.take_note(done.invalidations, tried=done.rested > 0 and not failures)
        seen = self._told(done, started, time.monotonic() - begun)
        return (seen, *(self._drop(death) for death in done.deaths))

    def _unsafe(self) -> bool | None:
        """Judge the setting by what is known of idle timeouts here."""
        idle = self._tools.suspicion.idle
        if idle is None:
            return None
        return pool_recycle_unsafe(self._settings.pool_recycle, idle.killed, idle.survived)

    async def _give_back(self) -> None:
        """Give all connections back when the server is full, and when the probe ends; goes on till then."""
        full, watcher = asyncio.Event(), self._tools.watcher
        listen_no_more = self._tools.budget.when_stopped(partial(watcher.call, full.set))
        try:
            while await full.wait():
                full.clear()
                await watcher.aside(self._pool.empty)
        finally:
            listen_no_more()
            # An exercise may go on: it is waited for.
            await watcher.part(partial(self._pool.empty, for_good=True))

    def _say_if_short(self, skipped: Sequence[str]) -> None:
        if skipped and not self._short:
            budget = self._tools.budget.words
            fields = {"target": self._target, "probe": KIND.name, "detail": skipped[0], "budget": budget}
            log.warning("connections not taken out", extra={"fields": fields})
        self._short = bool(skipped)

    def _told(self, done: Round, started: float, duration: float) -> PoolObservation:
        failures = (checkout.failure for checkout in done.checkouts if checkout.failure is not None)
        unsafe, before = self._unsafe(), self._told_unsafe
        self._told_unsafe = unsafe
        if unsafe and not before:
            self._warn()
        return PoolObservation(
            target=self._target,
            probe=KIND.name,
            started=started,
            duration=duration,
            failure=next(failures, None),
            rested=done.rested,
            checkouts=tuple(done.checkouts),
            invalidations=tuple(done.invalidations),
            waiting=done.waiting,
            overflow=done.overflow,
            skipped=len(done.skipped),
            recycle=self._settings.pool_recycle,
            recycle_unsafe=unsafe,
        )

    def _warn(self) -> None:
        recycle, idle = self._settings.pool_recycle, self._tools.suspicion.idle
        written = "never" if recycle is None else format_duration(recycle)
        assert idle is not None  # noqa: S101  by it the setting was judged
        detail = f"silent connections are ended after {idle.killed:.0f} s"
        if idle.pool_recycle is not None:
            detail += f"; recommended: {idle.pool_recycle:.0f} s"
        fields = {"target": self._target, "probe": KIND.name, "pool_recycle": written, "detail": detail}
        log.warning("pool_recycle is too long", extra={"fields": fields})

    def _drop(self, death: Death) -> DropObservation:
        seen, idle = drop(self._target, KIND.name, death), self._tools.suspicion.idle
        if idle is not None and death.failure.cause in EXPLICABLE:
            cause = blamed(idle.timeouts, death.silent) or death.failure.cause
            return replace(seen, failure=replace(death.failure, cause=cause))
        return seen


KIND = Kind(name="pool", settings=PoolProbeSettings, build=PoolProbe)
