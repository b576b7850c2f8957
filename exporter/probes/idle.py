"""Connections that are left silent, to find after how long a path, a proxy or a server ends them."""

import asyncio
import time
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

from pydantic import Field, field_validator

from exporter.db.dialect import Session
from exporter.diagnosis.advice import keepalive, pool_recycle
from exporter.diagnosis.bracket import Bracket
from exporter.diagnosis.evidence import Fate, Hold
from exporter.diagnosis.variants import Outcome, Variant
from exporter.model import Cause, End, Failure, HeldObservation, IdleObservation, ProbeError, Target
from exporter.probes.experiment import Experiments
from exporter.probes.holding import Death, HeldConnection, drop, opened
from exporter.probes.inquest import Finding, inquire
from exporter.probes.kind import Report, Standing, Tools
from exporter.settings import Duration, ProbeBlock

QUERY = "SELECT 1"
LADDER = (30.0, 60.0, 120.0, 240.0, 360.0, 600.0, 900.0, 1800.0, 3600.0)
PAUSE = 5.0
"""Seconds until somebody with nothing to do asks again."""
VERIFY = 600.0
"""Seconds at least between two holds that only verify what is known: each may cost a connection its life."""
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

    @field_validator("ladder")
    @classmethod
    def _ascends(cls, ladder: list[float]) -> list[float]:
        if any(later <= earlier for earlier, later in pairwise(ladder)):
            raise ValueError("must ascend, each rung longer than the one before")
        return ladder


@dataclass(slots=True, kw_only=True, eq=False)
class Job:
    """One hold that is under way: so many seconds of silence, in one of the ways to be silent."""

    seconds: float
    variant: Variant = Variant.PLAIN
    experiment: bool = False
    begun: float = field(default_factory=time.monotonic)
    connection: HeldConnection | None = None


class Idle:
    """The vigil over the silent connections of one target."""

    def __init__(self, target: Target, settings: IdleSettings, tools: Tools) -> None:
        self._target = target
        self._settings = settings
        self._tools = tools
        self._budget = tools.budget
        endpoint = target.endpoint
        self._key = f"idle {target.name} {endpoint.dialect}://{endpoint.host}:{endpoint.port}"
        known = tools.memory.recall(self._key)
        self._bracket = Bracket.remembered(settings.ladder, known.get("bracket", {}))
        self._experiments = Experiments.remembered(known.get("experiments", {}))
        self._under_way: set[Job] = set()
        self._news = asyncio.Event()
        self._verified = time.monotonic()
        self._budget.when_stopped(lambda: tools.watcher.call(self._stir))

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
        while True:
            job = self._next() if self._tools.opener.harmless() else None
            if job is None or not self._budget.take(claimed=False):
                await self._wait()
                continue
            self._under_way.add(job)
            try:
                await self._carry_out(job)
            finally:
                self._under_way.discard(job)
                self._budget.give_back(claimed=False)
                self._count()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(PAUSE):
                await self._news.wait()
        except TimeoutError:
            pass
        self._news.clear()

    def _next(self) -> Job | None:
        """Say what is worth holding now."""
        bracket = self._bracket
        trying = [job.variant for job in self._under_way if job.experiment]
        if bracket.settled and bracket.killed is not None:
            variant = self._experiments.next(bracket.killed, trying)
            if variant is not None:
                seconds = self._experiments.seconds(bracket.killed)
                return Job(seconds=seconds, variant=variant, experiment=True)
            pause = max(VERIFY, bracket.killed)
            if trying or self._under_way or time.monotonic() - self._verified < pause:
                return None
        rung = bracket.next([job.seconds for job in self._under_way if not job.experiment])
        return None if rung is None else Job(seconds=rung)

    async def _carry_out(self, job: Job) -> None:
        try:
            connection = await opened(
                self._target, self._tools, self._settings.timeout, partial(self._prepare, job.variant)
            )
        except ProbeError as error:
            self._count(error.failure())
            await asyncio.sleep(PAUSE)
            return
        job.connection, job.begun = connection, time.monotonic()
        self._count()
        try:
            heard = await self._silently(job, connection)
        except BaseException:
            await connection.leave(GOODBYE)
            raise
        if isinstance(heard, Death):
            await self._bury(job, connection, heard)
        else:
            await self._leave(connection)
            if heard:
                self._learn(job, Fate.SURVIVED, job.seconds)
        self._verified = time.monotonic()

    def _prepare(self, variant: Variant, session: Session) -> None:
        if variant in (Variant.OUTLASTING, Variant.BOTH):
            session.outlast()
        if variant is not Variant.PLAIN and not session.direct():
            self._experiments.pooled = True

    async def _silently(self, job: Job, connection: HeldConnection) -> Death | bool:
        """Be silent, then use it once; give the end, or whether it was not broken off."""
        pause = min(self._settings.keepalive, max(1.0, job.seconds / 8))
        if job.variant in (Variant.KEEPALIVE, Variant.BOTH):
            connection.keep_alive(pause)
        until = job.begun + job.seconds
        while (left := until - time.monotonic()) > 0:
            death = await connection.rest(min(left, pause) if job.variant is Variant.ACTIVE else left)
            if death is None and self._useless(job):
                return False
            if death is None:
                heard = await connection.use(QUERY, self._settings.timeout)
                death = heard if isinstance(heard, Death) else None
            if death is not None:
                return death
        return True

    def _useless(self, job: Job) -> bool:
        obsolete = not job.experiment and self._bracket.obsolete(job.seconds)
        return self._budget.stopped or obsolete

    async def _leave(self, connection: HeldConnection) -> None:
        """Say goodbye; where nobody heard it, the server has to be told in another way."""
        if not await connection.leave(GOODBYE):
            self._tools.leftovers.add(connection.number, connection.born)

    async def _bury(self, job: Job, connection: HeldConnection, death: Death) -> None:
        """Find out what a death was, report it, and learn from it if it was one of idleness."""
        connection.abandon()
        if not death.used:
            self._drop(connection, death)
        finding = await inquire(self._target, self._tools, connection, death)
        if death.used:
            self._drop(connection, death, finding)
        if finding.idle or job.variant is Variant.ACTIVE:
            fate = Fate.IN_VAIN if death.used else Fate.TOLD
            self._learn(job, fate, job.seconds if death.used else death.silent, death, finding)

    def _drop(self, connection: HeldConnection, death: Death, finding: Finding | None = None) -> None:
        cause = death.cause
        if cause is Cause.UNKNOWN or death.end is End.SILENCE:
            blamed = self._experiments.cause(death.silent)
            unexplained = finding is not None and finding.reachable
            cause = blamed or (Cause.UNKNOWN if unexplained else cause)
        self._report([drop(self._target.name, KIND.name, connection.born, death, cause)])

    def _learn(
        self,
        job: Job,
        fate: Fate,
        seconds: float,
        death: Death | None = None,
        finding: Finding | None = None,
    ) -> None:
        if job.experiment:
            outcome = Outcome(
                variant=job.variant,
                fate=fate,
                seconds=seconds,
                end=death.end if death else None,
                cause=death.cause if death and death.end is End.ERROR else Cause.UNKNOWN,
                listed=finding.listed if finding else None,
            )
            self._experiments.take(outcome, self._bracket.killed)
        else:
            self._bracket.take(Hold(seconds=seconds, fate=fate))
        self._tools.memory.keep(
            self._key, {"bracket": self._bracket.known(), "experiments": self._experiments.known()}
        )
        self._tell()
        self._stir()

    def _stir(self) -> None:
        """Wake those who have nothing to do, and those whose silence can teach nothing any more."""
        self._news.set()
        for job in self._under_way:
            if job.connection is not None and self._useless(job):
                job.connection.stir()

    def _tell(self) -> None:
        bracket, timeouts = self._bracket, self._experiments.timeouts
        survived, causes = bracket.survived, [cause for cause, _ in timeouts]
        seen = IdleObservation(
            target=self._target.name,
            probe=KIND.name,
            started=time.time(),
            duration=0.0,
            survived=survived,
            killed=bracket.killed,
            settled=bracket.settled,
            timeouts=timeouts,
            pool_recycle=None if survived is None else pool_recycle(survived),
            keepalive=None if survived is None else keepalive(survived, causes),
        )
        self._report([seen])

    def _count(self, failure: Failure | None = None) -> None:
        seen = HeldObservation(
            target=self._target.name,
            probe=KIND.name,
            started=time.time(),
            duration=0.0,
            failure=failure,
            held=sum(job.connection is not None for job in self._under_way),
        )
        self._report([seen])


KIND = Standing(name="idle", settings=IdleSettings, build=Idle)
