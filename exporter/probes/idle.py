"""Connections that are left silent, to find after how long a path, a proxy or a server ends them."""

import asyncio
import math
import time
from functools import partial
from itertools import pairwise
from typing import ClassVar

from pydantic import Field, field_validator

from exporter.db.dialect import Session
from exporter.diagnosis.variants import Variant
from exporter.model import (
    Cause,
    End,
    Failure,
    HeldObservation,
    ProbeError,
    Target,
)
from exporter.probes.holding import Death, HeldConnection, drop
from exporter.probes.inquest import Finding, found, inquire
from exporter.probes.kind import Report, Standing, Tools
from exporter.probes.opening import opened
from exporter.probes.search import Care, Job, Search
from exporter.probes.silence import armed, silences, silently
from exporter.settings import Duration, ProbeBlock

LADDER = (30.0, 60.0, 120.0, 240.0, 360.0, 600.0, 900.0, 1800.0, 3600.0)
PAUSE = 5.0
"""Seconds until somebody with nothing to do asks again, or an opening that failed is tried once more."""
LONGEST_PAUSE = 60.0
"""Seconds between openings that fail, twice as long each time: a new password must not lock the account."""
TOGETHER = 2.0
"""Seconds within which deaths may be those of one event."""
GOODBYE = 2.0
"""Seconds that a server has to close."""


class IdleSettings(ProbeBlock):
    """Connections left silent on a ladder of ages, each used once when its time has come."""

    ladder: list[Duration] = Field(
        default=list(LADDER), min_length=1, description="how long they are silent, from short to long"
    )
    keepalive: Duration = Field(
        default=30.0, description="TCP keepalive tried against a timeout once one is found; shorter below 2m"
    )
    connections: int = Field(default=4, ge=1, le=64, description="how many at once; at most 64")
    timeout: Duration = Field(
        default=10.0, description="longest time that opening one may take, and a server to answer"
    )
    care: ClassVar[Care] = Care()

    @field_validator("ladder")
    @classmethod
    def _ascends(cls, ladder: list[float]) -> list[float]:
        if any(later <= earlier for earlier, later in pairwise(ladder)):
            raise ValueError("must ascend, each rung longer than the one before")
        return ladder


class Idle:
    """The vigil over the silent connections of one target."""

    def __init__(self, target: Target, settings: IdleSettings, tools: Tools) -> None:
        self._target = target
        self._settings = settings
        self._tools = tools
        self._budget = tools.budget
        self._search = Search(target, settings.ladder, tools.memory, settings.care)
        self._under_way: set[Job] = set()
        self._news = asyncio.Event()
        self._died = -math.inf
        tools.undo.callback(self._budget.when_stopped(lambda: tools.watcher.call(self._stir)))

    async def keep(self, report: Report) -> None:
        """Hold silent connections (see `exporter.probes.kind.Vigil`)."""
        self._report = report
        self._under_way.clear()
        self._tell()
        async with asyncio.TaskGroup() as holders:
            for _ in range(self._settings.connections):
                holders.create_task(self._hold())

    async def _hold(self) -> None:
        """Carry out one job after the other, whenever the budget has a connection for it."""
        pause = PAUSE
        while True:
            job = self._search.next(self._under_way) if self._tools.opener.harmless() else None
            if job is None or not self._budget.take(claimed=False):
                if job is not None and not self._under_way:
                    self._budget.complain(self._target.name, KIND.name)
                await self._wait()
                continue
            self._under_way.add(job)
            try:
                good = await self._carry_out(job)
            finally:
                self._under_way.discard(job)
                self._budget.give_back(claimed=False)
                self._count()
            if good:
                pause = PAUSE
            else:
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(PAUSE):
                await self._news.wait()
        except TimeoutError:
            pass
        self._news.clear()

    async def _carry_out(self, job: Job) -> bool:
        """Hold one connection to its end; tell whether it could be opened at all."""
        try:
            connection = await opened(
                self._target, self._tools, self._settings.timeout, partial(self._prepare, job.variant)
            )
        except ProbeError as error:
            self._count(error.failure())
            return False
        if self._budget.exceeded:  # the server has less to spare than was thought
            await self._leave(connection)
            return False
        job.connection, job.begun = connection, time.monotonic()
        try:
            self._count()
            keepalive, timeout = self._settings.keepalive, self._settings.timeout
            heard = await silently(job, connection, self._useless, keepalive=keepalive, timeout=timeout)
        except BaseException:
            await connection.leave(GOODBYE)
            raise
        if isinstance(heard, Death):
            await self._bury(job, connection, heard)
        else:
            await self._leave(connection)
            if heard:
                self._search.survive(job)
                self._tell()
        return True

    def _prepare(self, variant: Variant, session: Session) -> None:
        if not armed(variant, session):
            self._search.pooled()

    def _useless(self, job: Job) -> bool:
        return self._budget.stopped or self._search.useless(job)

    async def _leave(self, connection: HeldConnection) -> None:
        """Say goodbye; where nobody heard it, the server has to be told in another way."""
        if not await connection.leave(GOODBYE):
            self._tools.leftovers.add(connection.number, connection.born)

    async def _bury(self, job: Job, connection: HeldConnection, death: Death) -> None:
        """Find out what a death was, report it, and learn from it if it was one of idleness."""
        connection.abandon()
        job.connection = None
        self._count()
        if not death.used:
            self._drop(connection, death)
        finding = await inquire(self._target, self._tools, connection, death)
        if death.used:
            self._drop(connection, death, finding)
        self._report([found(self._target.name, KIND.name, death, finding)])
        if (finding.idle and self._by_itself(death)) or job.variant is Variant.ACTIVE:
            self._search.die(job, death, listed=finding.listed)
            self._tell()

    def _by_itself(self, death: Death) -> bool:
        """Whether it tells more than the death before: an event ends all at once, whatever their silence.

        With a connection that is kept busy the inquest sees an event, and all that it lets pass counts.
        """
        together = abs(death.at - self._died) < TOGETHER
        self._died = death.at
        return self._tools.suspicion.watched or not together

    def _drop(self, connection: HeldConnection, death: Death, finding: Finding | None = None) -> None:
        cause = death.cause
        if cause is Cause.UNKNOWN or death.end is End.SILENCE:
            blamed = self._search.cause(death.silent)
            unexplained = finding is not None and finding.reachable
            cause = blamed or (Cause.UNKNOWN if unexplained else cause)
        self._report([drop(self._target.name, KIND.name, connection.born, death, cause)])

    def _stir(self) -> None:
        """Wake those who have nothing to do, and those whose silence can teach nothing any more."""
        self._news.set()
        for job in self._under_way:
            if job.connection is not None and self._useless(job):
                job.connection.stir()

    def _tell(self) -> None:
        """Report what is known, and let everybody act on it."""
        self._report([self._search.told()])
        self._stir()

    def _count(self, failure: Failure | None = None) -> None:
        seen = HeldObservation(
            target=self._target.name,
            probe=KIND.name,
            started=time.time(),
            duration=0.0,
            failure=failure,
            held=sum(job.connection is not None for job in self._under_way),
            silences=silences(self._under_way),
        )
        self._report([seen])


KIND = Standing(name="idle", settings=IdleSettings, build=Idle)
