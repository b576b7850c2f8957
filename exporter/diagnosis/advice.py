"""What to set so that no connection is silent for too long.

A pool that lets go of connections in time is safe from every idle timeout. Keepalives keep a middlebox
awake, but no proxy and no server: these count questions only.
"""

from collections.abc import Collection, Mapping
from math import floor, inf
from typing import Final

from exporter.model import Cause

SHARE: Final = 0.8
"""How much of a silence that was survived a pooled connection may live."""
LONGEST_KEEPALIVE: Final = 60.0
PROBES: Final = 3
SHORTEST_INTERVAL: Final = 5.0
LONGEST_INTERVAL: Final = 30.0
"""Keepalives: seconds until the first, how many unanswered end a connection, seconds between those."""
SHORT: Final = 10.0
"""Seconds below which a second decimal is the third digit."""
DEAF: Final = frozenset({Cause.PROXY_IDLE_TIMEOUT, Cause.SERVER_IDLE_TIMEOUT})
"""Idle timeouts that keepalives do not put off."""


def pool_recycle(survived: float) -> float:
    """How old a pooled connection may get, in whole seconds, where so long a silence was survived."""
    return float(floor(SHARE * survived))


def keepalive(survived: float, causes: Collection[Cause] = ()) -> float | None:
    """After how many silent seconds to send a keepalive; None where none helps.

    `causes` are the idle timeouts that have been told apart, none if there was no telling yet.
    """
    if causes and DEAF.issuperset(causes):
        return None
    return min(LONGEST_KEEPALIVE, survived / 3)


def pool_recycle_unsafe(
    pool_recycle: float | None, killed: float | None, survived: float | None
) -> bool | None:
    """Whether a pool with that setting hands out dead connections; None if that is not known.

    All in seconds; a `pool_recycle` of None or below zero lets connections grow old without limit.
    """
    age = inf if pool_recycle is None or pool_recycle < 0 else pool_recycle
    if killed is not None and age >= killed:
        return True
    if survived is not None and age <= survived:
        return False
    return None


def idle_values(
    survived: float | None, killed: float | None, causes: Collection[Cause] = ()
) -> Mapping[str, str]:
    """Write what was measured, and what to set, by the names that the catalogue has for them.

    `survived` and `killed` are silences in seconds, between which the timeout lies; `causes` as for
    `keepalive`. What is not known is not there, nor are keepalives where none help.
    """
    measured = {"survived": survived, "killed": killed}
    values = {name: _written(seconds) for name, seconds in measured.items() if seconds is not None}
    if survived is None:
        return values
    values["pool_recycle"] = f"{pool_recycle(survived):.0f}"
    idle = keepalive(survived, causes)
    return values if idle is None else {**values, **_keepalives(survived, idle)}


def _written(seconds: float) -> str:
    """Write as many digits as charts do: 9.97, 10.7."""
    return f"{round(seconds, 2 if seconds < SHORT else 1):g}"


def _keepalives(survived: float, idle: float) -> Mapping[str, str]:
    first = max(1, floor(idle))
    interval = floor(min(LONGEST_INTERVAL, max(SHORTEST_INTERVAL, survived / 10)))
    return {
        "keepalive_idle": str(first),
        "keepalive_interval": str(interval),
        "keepalive_count": str(PROBES),
        "user_timeout": str(1000 * (first + PROBES * interval)),
    }
