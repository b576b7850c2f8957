"""What one exercise of a pool shows, and how a connection in it came to its end."""

import time
from dataclasses import dataclass, field

from exporter.model import Cause, Checkout, End, Failure, Invalidation, ProbeError, TcpInfo
from exporter.net.tcp_info import tcp_info


class NoneLeft(Exception):
    """There is no connection for us now; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSettings:
    """What SQLAlchemy calls the same; times are seconds, `recycle` None for never, `overflow` -1 for any."""

    size: int
    overflow: int
    wait: float
    recycle: float | None
    pre_ping: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """One connection that was found dead; times are seconds (see `exporter.model.DropObservation`)."""

    age: float
    silent: float
    end: End
    used: bool
    tcp: TcpInfo | None
    failure: Failure


@dataclass(slots=True, kw_only=True)
class Round:
    """What one exercise showed; `lost` are those that the server may still list, with their birth."""

    rested: float
    checkouts: list[Checkout] = field(default_factory=list)
    invalidations: list[Invalidation] = field(default_factory=list)
    deaths: list[Death] = field(default_factory=list)
    lost: list[tuple[int, float]] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    waiting: int = 0
    overflow: int = 0


@dataclass(slots=True)
class Life:
    """What is known of one connection; times are monotonic seconds.

    It is `rested` from the beginning of an exercise that finds it in the pool until it has been used.
    """

    born: float
    touched: float
    rested: bool = False
    before: TcpInfo | None = None
    dead: bool = False

    def look(self, descriptor: int) -> None:
        """Ask the kernel what has become of it in its rest, before it is used."""
        self.rested = True
        self.before = tcp_info(descriptor)

    def use(self) -> None:
        """Take note that it has been of use."""
        self.rested = False
        self.touched = time.monotonic()

    def death(self, descriptor: int, verdict: ProbeError) -> Death:
        """Tell of its end, before it is closed; `verdict` says what it was found out by."""
        now, info = time.monotonic(), tcp_info(descriptor)
        told = self.before is not None and (self.before.ended or self.before.reset)
        return Death(
            age=now - self.born,
            silent=now - self.touched,
            end=_end((self.before, info), verdict),
            used=not told,
            tcp=self.before if told else info,
            failure=verdict.failure(),
        )


def _end(infos: tuple[TcpInfo | None, ...], verdict: ProbeError) -> End:
    """Say how a connection ended by what was known before it was used, and is known now."""
    if verdict.said:
        return End.ERROR
    if verdict.cause is Cause.NET_BLACKHOLE:
        return End.SILENCE  # also where the kernel has given up and closed
    for info in infos:
        if info is not None and (info.ended or info.reset):
            return End.FIN if info.ended else End.RST
    return End.SILENCE
