"""The life of a connection that is left alone and used again, and how it came to its end."""

import time
from dataclasses import dataclass

from exporter.model import Cause, End, Failure, ProbeError, TcpInfo
from exporter.net.tcp_info import tcp_info


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """One connection that was found dead; times are seconds (see `exporter.model.DropObservation`)."""

    age: float
    silent: float
    end: End
    used: bool
    tcp: TcpInfo | None
    failure: Failure


@dataclass(slots=True)
class Life:
    """What is known of one connection; times are monotonic seconds.

    It is `rested` from `look` until it has been used. Of a pool it is `dead` once its end has been told.
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
