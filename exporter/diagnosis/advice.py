"""What to set so that no connection is silent for too long: numbers, and lines to copy.

A pool that lets go of connections in time is safe from every idle timeout. Keepalives keep a middlebox
awake, but no proxy and no server: these count questions only.
"""

from collections.abc import Collection, Sequence
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
DEAF: Final = frozenset({Cause.PROXY_IDLE_TIMEOUT, Cause.SERVER_IDLE_TIMEOUT})
"""Idle timeouts that keepalives do not put off."""
_RAISED: Final = {
    "postgresql": "SET idle_session_timeout = 0",
    "mysql": "SET SESSION wait_timeout = 28800",
}


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


def sentences(
    family: str, survived: float | None, timeouts: Sequence[tuple[Cause, float]] = ()
) -> tuple[str, ...]:
    """Write the settings as lines for people; none as long as no silence was survived.

    `family` is `postgresql` or `mysql`; `timeouts` are the layers that end silent connections, and after how
    many seconds, as far as they have been told apart.
    """
    if survived is None:
        return ()
    causes = [cause for cause, _ in timeouts]
    lines = [f"SQLAlchemy: create_engine(..., pool_recycle={pool_recycle(survived):.0f}, pool_pre_ping=True)"]
    idle = keepalive(survived, causes)
    if idle is not None:
        lines.append(_keepalives(family, survived, idle))
    lines += [
        f"Server: it ends sessions that are silent for {seconds:g} s; for one session: {_RAISED[family]}"
        for cause, seconds in timeouts
        if cause is Cause.SERVER_IDLE_TIMEOUT
    ]
    lines += [
        f"Proxy: it ends connections that are silent for {seconds:g} s; raise its idle timeouts, "
        "on the client's side and on the server's"
        for cause, seconds in timeouts
        if cause is Cause.PROXY_IDLE_TIMEOUT
    ]
    return tuple(lines)


def _keepalives(family: str, survived: float, idle: float) -> str:
    first = max(1, floor(idle))
    interval = floor(min(LONGEST_INTERVAL, max(SHORTEST_INTERVAL, survived / 10)))
    silent = 1000 * (first + PROBES * interval)
    if family == "postgresql":
        return (
            f"libpq: keepalives=1 keepalives_idle={first} keepalives_interval={interval} "
            f"keepalives_count={PROBES} tcp_user_timeout={silent}"
        )
    return (
        f"PyMySQL: on its socket, in SQLAlchemy's connect event: TCP_KEEPIDLE={first} "
        f"TCP_KEEPINTVL={interval} TCP_KEEPCNT={PROBES} TCP_USER_TIMEOUT={silent} SO_KEEPALIVE=1; "
        f"and read_timeout above the longest query"
    )
