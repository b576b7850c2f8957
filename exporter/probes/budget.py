"""How many connections all probes of one target may have: nobody is to be hurt by being watched."""

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from exporter.model import Cause, Observation

log = logging.getLogger(__name__)

RESERVED: Final = 3
"""Connections kept back for visits: a session, a TLS handshake, one that looks after what is held."""
SHARE: Final = 0.2
"""Part of the server's free slots that we may take."""
FULL: Final = frozenset({Cause.SERVER_SATURATED, Cause.SERVER_ACCOUNT_LIMIT})
FIRST_REST: Final = 60.0
LONGEST_REST: Final = 900.0
"""Seconds without held connections after a server was found full, doubling up to the longest."""
LOOK_AGAIN: Final = 300.0
"""Seconds after which what is known of free slots may be wrong: only who opens a connection learns more."""


class Budget:
    """Counts the connections of one target against its limit; safe to use from any thread.

    Some are held, others only come and go: visits. Who keeps connections all the time claims them beforehand;
    others that are held take what is left. Once the server turns anybody away because it is full, nothing may
    be held for a while, and there is but one visit at a time. Who has nothing, because there was too little
    free, gets one connection after a while, to look again. One may be kept whatever the server has free: it
    tells who has taken the rest.
    """

    def __init__(self, limit: int, now: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._now = now
        self._lock = threading.Lock()
        self._claims = 0
        self._claimed = 0
        self._others = 0
        self._kept = 0
        self._visits = 0
        self._free = limit / SHARE
        self._learnt = now()
        self._rest = FIRST_REST
        self._stopped_until = 0.0
        self._listeners: list[Callable[[], None]] = []
        self._short: set[str] = set()

    @property
    def allowance(self) -> int:
        """Connections that may be open now, all probes together."""
        with self._lock:
            return self._allowance()

    @property
    def stopped(self) -> bool:
        """Whether nothing may be held because the server is full."""
        return self._now() < self._stopped_until

    @property
    def words(self) -> str:
        """Say how many may be open now, and what limits them."""
        with self._lock:
            allowance = self._allowance()
            left = _left(allowance)
            by_us = allowance == self._limit - self._kept
            limit = (
                f"connection_budget {self._limit}" if by_us else f"a fifth of {int(self._free)} free slots"
            )
            return f"{left} to hold and {allowance - left} for visits, by {limit}"

    @property
    def exceeded(self) -> bool:
        """Whether more is held than may be, by what was learnt last."""
        with self._lock:
            return self._claimed + self._others > _left(self._allowance())

    @property
    def open(self) -> int:
        """Connections that are open now."""
        with self._lock:
            return self._claimed + self._others + self._kept + self._visits

    def keep(self) -> bool:
        """Take the one connection that is not given back to a full server; tell whether the limit allows it.

        It does where all that are claimed can be had beside it.
        """
        with self._lock:
            if self._limit == 1 or self._claims > _left(self._limit - 1):
                return False
            self._kept = 1
            return True

    def let_go(self) -> None:
        """Put it back."""
        with self._lock:
            self._kept = 0

    def claim(self, connections: int) -> Callable[[], None]:
        """Say that so many are going to be taken with `claimed`; what is returned takes that back."""
        with self._lock:
            self._claims += connections
        return partial(self._give_up, connections)

    def take(self, *, claimed: bool) -> bool:
        """Take one connection, to hold it; tell whether there was one."""
        with self._lock:
            if not (self._has_room(self._allowance(), claimed) or self._may_look(claimed)):
                return False
            if claimed:
                self._claimed += 1
            else:
                self._others += 1
            return True

    def give_back(self, *, claimed: bool) -> None:
        """Put one back that was taken."""
        with self._lock:
            if claimed:
                self._claimed -= 1
            else:
                self._others -= 1

    def complain(self, target: str, probe: str) -> None:
        """Log, once, that a probe may not hold what it wants; of a full server it has been said already."""
        if not self.stopped and probe not in self._short:
            self._short.add(probe)
            fields = {"target": target, "probe": probe, "budget": self.words}
            log.warning("connections not held", extra={"fields": fields})

    def enter(self) -> bool:
        """Begin a visit; tell whether there is room for it. One at a time there always is."""
        with self._lock:
            if self._visits and self._visits >= self._allowance() - self._claimed - self._others:
                return False
            self._visits += 1
            return True

    def leave(self) -> None:
        """End a visit."""
        with self._lock:
            self._visits -= 1

    def learn(self, free_slots: int) -> None:
        """Take note of how many more sessions the server would take beside those there are."""
        with self._lock:
            self._free = free_slots + self._claimed + self._others + self._kept
            self._learnt = self._now()
            self._rest = FIRST_REST

    def when_stopped(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` when everything has to be given back; in any thread, so it must be quick.

        What is returned ends that.
        """
        self._listeners.append(listener)
        return partial(self._listeners.remove, listener)

    def notice(self, observation: Observation) -> bool:
        """Look for a server that is full; tell whether that stops us only now."""
        failure = observation.failure
        if failure is None or failure.cause not in FULL:
            return False
        with self._lock:
            if self.stopped:
                return False
            self._stopped_until = self._now() + self._rest
            self._rest = min(2 * self._rest, LONGEST_REST)
        for listener in tuple(self._listeners):
            listener()
        return True

    def _give_up(self, connections: int) -> None:
        with self._lock:
            self._claims -= connections

    def _has_room(self, allowance: int, claimed: bool) -> bool:
        mine = self._claimed if claimed else max(self._claims, self._claimed)
        return self._others + mine < _left(allowance)

    def _may_look(self, claimed: bool) -> bool:
        """Whether one may be let through to learn how much is free now."""
        if self.stopped or (self._claimed if claimed else self._others):
            return False
        if self._now() - self._learnt < LOOK_AGAIN or not self._has_room(self._limit - self._kept, claimed):
            return False
        self._learnt = self._now()
        return True

    def _allowance(self) -> int:
        return 0 if self.stopped else min(self._limit - self._kept, int(SHARE * self._free))


def _left(allowance: int) -> int:
    """How many of these may be held; the others are for visits."""
    return allowance - min(RESERVED, (allowance + 1) // 2)
