"""What is seen of connections that are held: how they die, how long they live, how they are used again."""

from dataclasses import dataclass
from enum import StrEnum

from exporter.model.cause import Cause
from exporter.model.observation import Failure, Observation
from exporter.model.tcp import TcpInfo


class End(StrEnum):
    """How a connection came to its end, as it arrived here.

    The peer closed without a word, or said why and closed; it was reset; or nothing came at all, and only
    a timeout or packets sent again and again told.
    """

    FIN = "fin"
    ERROR = "error"
    RST = "rst"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True, kw_only=True)
class DropObservation(Observation):
    """One established connection that ended, or stopped answering, without our wanting it.

    `started` is when the end arrived, `duration` how long the connection had lived, `silent` how long there
    had been no traffic on it when it ended or was used in vain. `used` tells that it died of being used:
    nothing had told before. `tcp` is what the kernel knew before anything was read; `failure` names the
    cause as far as this one end tells, and keeps the peer's own words.
    """

    end: End
    silent: float
    used: bool
    tcp: TcpInfo | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InquestObservation(Observation):
    """What a look from outside has told of the death of a silent connection, seconds after it.

    `started`, `end`, `silent` and `used` are as in the drop, `duration` is how long after it. `reachable`
    tells whether a fresh connection could be opened right after, `listed` whether the server still listed the
    dead one (None: not known), `idle` whether idleness can have been the reason: nothing that was kept busy
    has died with it.
    """

    end: End
    silent: float
    used: bool
    reachable: bool
    listed: bool | None
    idle: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """One connection that is left alone on purpose, for so many `seconds` in all.

    `begun` is in seconds since the epoch. `armed` says in what way it is kept from being ended, empty for not
    at all.
    """

    seconds: float
    begun: float
    armed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldObservation(Observation):
    """How the connections are doing that one probe holds.

    `held` of them stand now. `answers` are the delays of heartbeats answered since the last report, in
    seconds; `outage` is for how many seconds of the time since then none could be used, `revived` how many
    fell silent and answered after all. A `failure` is why one could not be opened. `silences` are those left
    alone, the shortest first.
    """

    held: int
    answers: tuple[float, ...] = ()
    outage: float = 0.0
    revived: int = 0
    silences: tuple[Silence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleObservation(Observation):
    """What is known of how long a connection may be silent on this path.

    `survived` is the longest silence after which a connection could still be used, `killed` the shortest
    that ended one, both in seconds and None while there was none: the timeout lies between. `settled` tells
    that they are as close as they are to come and have been confirmed. `timeouts` names each layer that
    ends silent connections, with the seconds after which it does, once experiments have told.
    `pool_recycle` and `keepalive` are what to set, in seconds.
    """

    survived: float | None
    killed: float | None
    settled: bool = False
    timeouts: tuple[tuple[Cause, float], ...] = ()
    pool_recycle: float | None = None
    keepalive: float | None = None


class Invalidation(StrEnum):
    """Why a pool let go of a connection.

    `STALE`: it was handed out dead, and the application met the error. `PRE_PING`: it was found dead before
    it was handed out, and replaced. `RECYCLE`: it had reached the age of `pool_recycle`. `POOL`: another one
    had been found dead, upon which SQLAlchemy trusts none that is as old.
    """

    STALE = "stale"
    PRE_PING = "pre_ping"
    RECYCLE = "recycle"
    POOL = "pool"

    @classmethod
    def unseen(cls, age: float, recycle: float | None) -> "Invalidation":
        """Say why a connection of this age was replaced unseen; seconds, `recycle` None for never."""
        return cls.RECYCLE if recycle is not None and age > recycle else cls.POOL


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """One connection taken out of a pool and used.

    `seconds` until the pool had handed it out, or had failed to: then it was not `handed_out`.
    """

    seconds: float
    handed_out: bool = True
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolObservation(Observation):
    """One exercise of a pool that has the application's own settings.

    `rested` is how many seconds its connections had been left alone before. `invalidations` are those let
    go of since the last exercise; `waiting` stand in the pool now, `overflow` were taken out beyond its size.
    `skipped` connections were not taken out because we may not have so many. `recycle` is the setting, in
    seconds, None for never; `recycle_unsafe` tells whether a connection may not be silent here for as long,
    None while nobody knows.
    """

    rested: float
    checkouts: tuple[Checkout, ...] = ()
    invalidations: tuple[Invalidation, ...] = ()
    waiting: int = 0
    overflow: int = 0
    skipped: int = 0
    recycle: float | None = None
    recycle_unsafe: bool | None = None
