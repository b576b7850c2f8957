"""What the server itself says of its connections, limits, counters and settings."""

import asyncio
import contextlib
import math
import threading
import time
from collections.abc import Sequence
from typing import Final

from pydantic import Field

from exporter.db.dialect import PROGRAM
from exporter.model import Observation, ProbeError, ServerObservation, ServerView, Target
from exporter.probes.acquaintance import Acquaintance
from exporter.probes.drops import drop
from exporter.probes.kept import Kept
from exporter.probes.kind import Kind, Tools
from exporter.settings import Duration, ProbeSettings

SHARE: Final = 0.5
"""Part of the time for the first of two ways to get a view: what is left is for the other."""
OLD: Final = 600.0
"""Seconds after which a connection is replaced: a new one may leave from another address of ours."""
SHARE_OF_ALL: Final = 0.2
"""Part of a server's slots that connections of ours, of all targets, may take for any to be kept."""
IDLE_LIMITS: Final = ("idle_session_timeout", "wait_timeout", "client_idle_timeout")
"""Settings that say for how long PostgreSQL, MySQL and PgBouncer put up with who asks nothing."""


class ServerSettings(ProbeSettings):
    """The server's own view of its connections, limits, refusals and settings, over one kept connection."""

    interval: Duration = Field(default=30.0, description="time between two looks")
    timeout: Duration = Field(default=5.0, description="longest time one look may take")
    compatible_names: bool = Field(
        default=False, description="publish series of mysqld_exporter or postgres_exporter, too"
    )


class ServerProbe:
    """Looks at one server over a connection that it keeps, or over a new one each time if none may be kept.

    A run reports nothing where none is kept and the budget has none left, or the server is left alone (see
    `exporter.db.dialect.Opener.harmless`).
    """

    def __init__(self, target: Target, settings: ServerSettings, tools: Tools) -> None:
        self._target = target
        self._settings = settings
        self._tools = tools
        self._known = Acquaintance()
        self._kept: Kept | None = None
        self._own_address = ""
        self._turn = threading.Lock()
        self._over = False
        tools.undo.callback(tools.watcher.keep(self._part_in_the_end))

    def run(self) -> Sequence[Observation]:
        """Look once (see `exporter.probes.kind.Probe`)."""
        if not self._turn.acquire(blocking=False):
            return ()  # whoever looks now sees the same; to wait here would keep others from their turn
        try:
            return () if self._over else self._once()
        finally:
            self._turn.release()

    def _once(self) -> Sequence[Observation]:
        started, begun = time.time(), time.monotonic()
        drops: list[Observation] = []
        view, failure = None, None
        try:
            view = self._look(begun + self._settings.timeout, drops)
        except ProbeError as error:
            failure = error.failure()
        if view is None and failure is None:
            return drops
        meeting = self._known.meet(view)
        look = ServerObservation(
            target=self._target.name,
            probe=KIND.name,
            started=started,
            duration=time.monotonic() - begun,
            failure=failure,
            view=meeting.view,
            changes=meeting.changes,
            counters=meeting.counters,
            own=self._tools.opener.footprint.so_far(),
            own_connections=self._tools.budget.open,
            own_address=self._own_address if view is not None else "",
            kept=self._kept is not None,
            compatible=self._target.endpoint.dialect if self._settings.compatible_names else "",
        )
        return (*drops, look)

    def _look(self, until: float, drops: list[Observation]) -> ServerView | None:
        """Look over the connection that is kept; over another one if there is none, or it has died."""
        kept = self._kept
        if kept is None:
            return self._look_anew(until)
        if kept.age > OLD or not kept.leads_to(self._target.endpoint.host):
            with contextlib.suppress(ProbeError):  # a full server lets no other in: this one goes on
                view = self._look_anew(_part_of(until))
                if view is not None:
                    return view
        try:
            view = self._ask(kept, _part_of(until))
        except ProbeError as error:
            if kept.goes_on_after(error):
                raise
            self._give_up()
            death = kept.fail(error)
            if death is None:
                raise
            drops.append(drop(self._target.name, KIND.name, death))
            return self._look_anew(until)
        if not self._may_keep(view):
            self._give_up()
            kept.part()
        return view

    def _look_anew(self, until: float) -> ServerView | None:
        """Look over a new connection, and keep it, in place of the old one, if one may be kept."""
        if not self._tools.opener.harmless() or not self._tools.budget.enter():
            return None
        try:
            new = Kept.opened(self._target, self._tools, until)
            try:
                view = self._ask(new, until)
            except ProbeError as error:
                new.fail(error)
                raise
            except BaseException:
                new.part_at_once()
                raise
            old, self._kept = self._kept, new
            if old is not None:
                old.part()
            elif not (self._may_keep(view) and self._tools.budget.keep()):
                self._kept = None
                new.part()
            return view
        finally:
            self._tools.budget.leave()

    def _give_up(self) -> None:
        """Keep none any more."""
        self._kept = None
        self._tools.budget.let_go()

    def _may_keep(self, view: ServerView) -> bool:
        """Whether a connection would last until the next look, and there are not too many of ours already.

        Who has a target for each database of a server would keep as many connections there. Others may take
        all the slots they like: they are no reason to go.
        """
        idle = [view.settings[name] for name in IDLE_LIMITS if view.settings.get(name)]
        lasts = min(idle, default=math.inf) > self._settings.interval + self._settings.timeout
        ours = view.applications.get(PROGRAM, 0)
        return lasts and (view.most is None or ours <= max(1, SHARE_OF_ALL * view.most))

    def _ask(self, kept: Kept, until: float) -> ServerView:
        self._own_address = kept.own_address
        view = kept.view(until, tables=self._settings.compatible_names)
        free = _free(view)
        if free is not None and not self._tools.budget.stopped:
            self._tools.budget.learn(free)
        return view

    async def _part_in_the_end(self) -> None:
        """Say goodbye when the probe ends; goes on until then."""
        try:
            await asyncio.Event().wait()
        finally:
            await self._tools.watcher.part(self._end)

    def _end(self) -> None:
        """Look no more, and say goodbye once the look that goes on is over."""
        with self._turn:
            self._over = True
            kept = self._kept
            if kept is not None:
                self._give_up()
                kept.part_at_once()


def _free(view: ServerView) -> int | None:
    """Count the sessions like ours that the server would take beside those there are, where it tells."""
    left = [limit.most - limit.connections for limit in view.limits if limit.ours]
    return max(0, min(left)) if left else None


def _part_of(until: float) -> float:
    """Give the moment at which the first way has to leave the rest to the second (monotonic seconds)."""
    now = time.monotonic()
    return now + SHARE * (until - now)


KIND = Kind(name="server", settings=ServerSettings, build=ServerProbe)
