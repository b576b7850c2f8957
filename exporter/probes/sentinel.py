"""Connections that are kept busy: they see restarts, kills, resets and black holes as they happen."""

import asyncio
import math
import random
import time
from functools import partial

from pydantic import Field

from exporter.db.dialect import TRIVIAL_QUERY, Session
from exporter.model import End, Failure, HeldObservation, ProbeError, Target
from exporter.probes.holding import Death, HeldConnection, drop
from exporter.probes.kind import Report, Standing, Tools
from exporter.probes.opening import opened
from exporter.probes.outage import Outage
from exporter.settings import Duration, ProbeBlock

STAGGER = 15.0
"""Seconds by which one sentinel is younger than the next: an age limit ends one by one, an event all."""
TOGETHER = 0.1
"""Seconds within which deaths are taken for one event."""
JITTER = 0.3
"""Seconds within which a first opening is made: many exporters may have seen the same event."""
FIRST_RETRY = 0.5
LONGEST_RETRY = 30.0
"""Seconds until an opening that failed is tried again, twice as long each time."""
TELL = 5.0
"""Seconds after which an outage that goes on is reported."""
COLLECT = 15.0
"""Seconds for which heartbeats are collected before they are reported."""
TICK = 0.05
"""Heartbeats of all sentinels fall on multiples of so many seconds: waking up costs more than asking."""
CLOSELY = 10.0
"""Seconds for which all are looked at closely once one has dropped, or somebody has asked."""
CLOSE = 1.0
"""Seconds between two queries on each meanwhile; each answer is told at once."""
GOODBYE = 1.0
"""Seconds that a server has to close."""


class SentinelSettings(ProbeBlock):
    """Connections kept busy with a query: they see how established connections die."""

    connections: int = Field(default=1, ge=1, le=8, description="how many, of different ages; at most 8")
    heartbeat: Duration = Field(default=5.0, description="time between two queries on each")
    timeout: Duration = Field(
        default=10.0, description="longest time that opening one may take, and a server to answer"
    )
    query: str = Field(
        default=TRIVIAL_QUERY, min_length=1, description="what is asked; it must return little"
    )


class Sentinel:
    """The vigil over all sentinels of one target."""

    def __init__(self, target: Target, settings: SentinelSettings, tools: Tools) -> None:
        self._target = target
        self._settings = settings
        self._tools = tools
        self._budget = tools.budget
        self._standing: set[HeldConnection] = set()
        self._outage = Outage()
        self._answers: list[float] = []
        self._revived = 0
        self._told = -math.inf
        self._closely_until = -math.inf
        self._fell: dict[int, float] = {}
        tools.undo.callback(self._budget.claim(settings.connections))
        tools.undo.callback(self._budget.when_stopped(lambda: tools.watcher.call(self._stir)))
        look_closely = partial(tools.watcher.call, self._look_closely)
        tools.undo.callback(tools.on_demand.offer(KIND.name, look_closely))

    async def keep(self, report: Report) -> None:
        """Hold all sentinels (see `exporter.probes.kind.Vigil`)."""
        self._report = report
        self._tell()  # that nothing is held yet; it may be long until something can be
        async with asyncio.TaskGroup() as sentinels:
            for place in range(self._settings.connections):
                sentinels.create_task(self._stand(place))

    async def _stand(self, place: int) -> None:
        """Hold the sentinel of one place, whenever the budget has a connection for it."""
        begin = random.uniform(0, min(TELL, self._settings.heartbeat))  # noqa: S311  no secret
        await asyncio.sleep(place * STAGGER + begin)
        while True:
            if self._budget.take(claimed=True):
                try:
                    await self._hold(place)
                finally:
                    self._budget.give_back(claimed=True)
            else:
                self._budget.complain(self._target.name, KIND.name)
            await asyncio.sleep(TELL)

    async def _hold(self, place: int) -> None:
        """Hold a connection and its successors until it has to be given back."""
        connection = await self._open()
        try:
            if self._budget.exceeded:
                return  # the server has less to spare than was thought
            self._rise(connection)
            while (death := await self._watch(connection)) is not None:
                self._fall(connection, death)
                connection = await self._successor(place, connection, death)
                self._rise(connection)
        finally:
            self._standing.discard(connection)
            await connection.leave(GOODBYE)
        self._outage.end(time.monotonic())
        self._tell()

    async def _watch(self, connection: HeldConnection) -> Death | None:
        """Keep a connection busy until it dies; None if it has to be given back."""
        due = time.monotonic()
        while not self._budget.stopped:
            heard = await connection.use(self._settings.query, self._settings.timeout)
            if isinstance(heard, Death):
                return heard
            self._answers.append(heard)
            now = time.monotonic()
            closely = now < self._closely_until
            if closely or now - self._told >= COLLECT:
                self._tell()
            pause = min(self._settings.heartbeat, CLOSE) if closely else self._settings.heartbeat
            due = min(max(due + pause, now), now + pause)  # whoever was stirred has not waited until due
            death = await connection.rest(_at_a_tick(due) - time.monotonic())
            if death is not None:
                return death
        return None

    async def _successor(self, place: int, old: HeldConnection, death: Death) -> HeldConnection:
        """Open another one; but where a silent one answers after all before that, it goes on itself."""
        self._fell[place] = time.monotonic()
        opening = asyncio.create_task(self._open_anew(place))
        reviving = asyncio.create_task(old.revive() if death.end is End.SILENCE else _never())
        try:
            done, _ = await asyncio.wait({opening, reviving}, return_when=asyncio.FIRST_COMPLETED)
            if reviving in done and opening not in done and reviving.result():
                self._revived += 1
                return old
            successor = await opening
        except asyncio.CancelledError:
            if opening.done() and not opening.cancelled() and opening.exception() is None:
                await opening.result().leave(GOODBYE)  # it has come in this very moment
            raise
        finally:
            opening.cancel()
            reviving.cancel()
        old.abandon()
        if death.end in (End.SILENCE, End.RST):
            self._tools.leftovers.add(old.number, old.born)
        return successor

    async def _open_anew(self, place: int) -> HeldConnection:
        """Open another connection; later than others that died of the same event, so that the ages differ."""
        await asyncio.sleep(random.uniform(TOGETHER, JITTER))  # noqa: S311  no secret
        mine = self._fell[place]
        if any(abs(mine - at) < TOGETHER for other, at in self._fell.items() if other != place):
            await asyncio.sleep(place * STAGGER)
        return await self._open()

    async def _open(self) -> HeldConnection:
        """Open a connection, however often it takes."""
        pause = FIRST_RETRY
        while True:
            begun = time.monotonic()
            try:
                if self._tools.opener.harmless() and not self._budget.stopped:
                    return await opened(self._target, self._tools, self._settings.timeout, self._try)
            except ProbeError as error:
                if not self._standing:
                    self._outage.begin(begun)
                self._tell(error.failure())
            if self._budget.stopped:
                self._outage.end(time.monotonic())  # nobody looks
            await self._pause(random.uniform(0.5, 1) * pause)  # noqa: S311  no secret
            pause = min(2 * pause, LONGEST_RETRY)

    def _try(self, session: Session) -> None:
        """Ask once what is going to be asked: what the server refuses shows as a failure to open."""
        if self._settings.query != TRIVIAL_QUERY:
            session.query(self._settings.query, guarded=False)

    async def _pause(self, seconds: float) -> None:
        """Wait, and go on telling of the outage."""
        while seconds > 0:
            await asyncio.sleep(min(seconds, TELL))
            seconds -= TELL
            self._tell()

    def _rise(self, connection: HeldConnection) -> None:
        self._standing.add(connection)
        self._outage.end(time.monotonic())
        self._tell()

    def _fall(self, connection: HeldConnection, death: Death) -> None:
        self._standing.discard(connection)
        if not self._standing:
            # Of a silent one it is known since when nobody has answered.
            self._outage.begin(connection.asked if death.used else death.at)
        self._report([drop(self._target.name, KIND.name, connection.born, death)])
        self._tell()
        self._look_closely()

    def _tell(self, failure: Failure | None = None) -> None:
        now = time.monotonic()
        self._told = now
        answers, self._answers = tuple(self._answers), []
        revived, self._revived = self._revived, 0
        seen = HeldObservation(
            target=self._target.name,
            probe=KIND.name,
            started=time.time(),
            duration=0.0,
            failure=failure,
            held=len(self._standing),
            answers=answers,
            outage=self._outage.take(now),
            revived=revived,
        )
        self._report([seen])

    def _look_closely(self) -> None:
        """Have all that stand ask now, and often for a while; while that goes on nothing changes."""
        now = time.monotonic()
        if now >= self._closely_until:
            self._closely_until = now + CLOSELY
            self._stir()

    def _stir(self) -> None:
        for connection in self._standing:
            connection.stir()


def _at_a_tick(due: float) -> float:
    return math.ceil(due / TICK) * TICK


async def _never() -> bool:
    await asyncio.Event().wait()
    return False


KIND = Standing(name="sentinel", settings=SentinelSettings, build=Sentinel)
