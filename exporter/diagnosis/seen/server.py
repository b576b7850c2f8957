"""What the server says of itself, and from where it sees us."""

from collections.abc import Callable, Iterator
from typing import Final

from exporter.diagnosis.seen.window import Window
from exporter.diagnosis.sign import Fact, Sign
from exporter.model import Change, DropObservation, Observation, Scope, ServerObservation, ServerView, rfc3339

IDLE_LIMITS: Final = ("wait_timeout", "idle_session_timeout", "client_idle_timeout")
"""Settings by which servers and poolers end who is silent."""


class Server:
    """Folds looks at the server into facts; `share` of its slots in use makes it full.

    `ailed` tells when the latest symptom of any trouble was seen, in monotonic seconds.
    """

    def __init__(self, share: float, ailed: Callable[[], float]) -> None:
        self._share, self._ailed = share, ailed
        self._view: ServerView | None = None
        self._looked = self._restarted = self._became_other = self._died = float("-inf")
        self._told = self._restarted
        self._kept = self._kept_before = False
        self._before = self._now = ""
        self._direct: bool | None = None
        self._read_only = False

    def take(self, at: float, observation: Observation) -> bool:
        """Take in a look (see `Side`)."""
        if isinstance(observation, DropObservation) and observation.probe == "server":
            self._died = at
        if not isinstance(observation, ServerObservation) or observation.view is None:
            return False
        self._kept = observation.kept and self._kept_before
        self._kept_before = observation.kept
        noticed = self._ailed() >= self._looked
        before, view = self._view, observation.view
        self._view, self._looked = view, at
        if observation.own_address and view.address:
            self._direct = observation.own_address == view.address
        if Change.RESTART in observation.changes:
            self._restarted, self._told = at - (view.uptime or 0.0), at
        if Change.IDENTITY in observation.changes:
            self._became_other = at
            self._before, self._now = (before.identity if before else ""), view.identity
        closed = bool(view.read_only) and before is not None and before.read_only is False
        self._read_only = bool(view.read_only) and (self._read_only or closed)
        # A restart that is learnt of at the next look is no news where it was met: it was over by then.
        return closed or not (noticed or {Change.RESTART, Change.IDENTITY}.isdisjoint(observation.changes))

    def standing(self, at: float) -> bool:  # noqa: ARG002  all sides alike
        """Whether it takes no writes any more, though it used to."""
        return self._read_only

    def settle(self) -> None:
        """Take the server as it is for the usual."""
        self._read_only = False

    @property
    def limits(self) -> dict[str, float] | None:
        """Give the settings by which it ends who is silent, in seconds; None where they are not known."""
        if self._view is None:
            return None
        settings = self._view.settings
        return {name: settings[name] for name in IDLE_LIMITS if settings.get(name)}

    def facts(self, window: Window) -> Iterator[Fact]:
        """Tell what it said in the window."""
        if self._direct is not None:
            words = "under our own address" if self._direct else "under another address than our own"
            sign = Sign.DIRECT if self._direct else Sign.INDIRECT
            yield Fact(sign=sign, text=f"the server sees us {words}", values=self._address())
        view = self._view
        if view is None or not window.has(self._looked):
            return
        yield from self._life(view, window)
        if self._kept and window.after(self._looked) and not window.has(self._died):
            text = "the connection over which the server is asked stands"
            yield Fact(sign=Sign.HELD_OTHERS_LIVE, text=text)
        if self._read_only:
            yield Fact(sign=Sign.SERVER_READ_ONLY, text="the server takes no writes any more")
        if view.lock_waiters:
            waiting = "session waits for a lock" if view.lock_waiters == 1 else "sessions wait for locks"
            text = f"at the server, {view.lock_waiters} {waiting}"
            yield Fact(sign=Sign.SERVER_LOCKS, text=text)
        yield from self._full(view)

    def _life(self, view: ServerView, window: Window) -> Iterator[Fact]:
        since = rfc3339(view.started) if view.started is not None else ""
        if window.has(self._became_other):
            text = f"another server answers: it was {self._before or 'one'}, and is {self._now or 'another'}"
            values = {"before": self._before, "now": self._now}
            yield Fact(sign=Sign.SERVER_OTHER, text=text, values={k: v for k, v in values.items() if v})
        elif window.has(self._restarted) or self._told == window.first:
            text = f"the server has started anew{f' at {since}' if since else ''}"
            yield Fact(sign=Sign.SERVER_RESTARTED, text=text)
        elif since and window.after(self._looked):
            yield Fact(sign=Sign.SERVER_GOES_ON, text=f"the server has been running since {since}")

    def _full(self, view: ServerView) -> Iterator[Fact]:
        for limit in view.limits:
            if limit.scope is Scope.SERVER and limit.connections >= self._share * limit.most:
                text = f"{limit.connections} of {limit.most} connections are in use at the server"
                values = {"connections": f"{limit.connections}", "connections_max": f"{limit.most}"}
                yield Fact(sign=Sign.SERVER_FULL, text=text, values=values)

    def _address(self) -> dict[str, str]:
        address = self._view.address if self._view is not None else ""
        return {"our_address": address} if address else {}
