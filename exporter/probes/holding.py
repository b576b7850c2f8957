"""A connection that is held: left silent, used again, and seen dying."""

import errno
import os
import time
from typing import Final, NamedTuple

from exporter.db.dialect import Held
from exporter.diagnosis.silence import judge
from exporter.model import (
    Cause,
    DropObservation,
    End,
    Failure,
    Phase,
    ProbeError,
    TcpInfo,
)
from exporter.net.keepalive import asked_for, error_of, keep_alive
from exporter.net.routes import routed
from exporter.net.tcp_info import is_open, tcp_info
from exporter.net.watcher import Eye

LOOK: Final = 0.2
"""Seconds after which a question without an answer is looked at again."""
LAST_WORDS: Final = 4
"""Times that something is read from a connection that has ended, before its end counts without a reason."""
LATE: Final = 0.05
"""Seconds beyond which an answer may have come long before we saw it, because we were late ourselves."""
TIMEOUTS: Final = {errno.ETIMEDOUT: Cause.NET_BLACKHOLE, errno.EHOSTUNREACH: Cause.NET_UNREACHABLE,
                   errno.ENETUNREACH: Cause.NET_UNREACHABLE}  # fmt: skip
"""Errors by which the kernel ends a connection on which nothing came."""


class Death(NamedTuple):
    """How a held connection came to its end: `at` and `silent` in monotonic seconds (see DropObservation)."""

    end: End
    cause: Cause
    detail: str
    said: str
    code: str
    at: float
    silent: float
    used: bool
    tcp: TcpInfo | None


class HeldConnection:
    """One connection, for one vigil; all of it happens in the watcher's thread.

    `number` is the server's for it; `born` is when it was opened, `asked` when it was used last, in monotonic
    seconds.
    """

    def __init__(self, held: Held, number: int, born: float) -> None:
        self.number = number
        self.born = born
        self._held = held
        self._eye = Eye(held.fileno())
        self._last = time.monotonic()
        self.asked = self._silent = 0.0
        self._stirred = False

    def keep_alive(self, seconds: float | None) -> None:
        """Let the kernel probe the connection while it is silent (see `exporter.net.keepalive`)."""
        keep_alive(self._held.fileno(), seconds)

    async def rest(self, seconds: float) -> Death | None:
        """Be silent for so many seconds, or until `stir`; give the end if one comes meanwhile."""
        until = time.monotonic() + seconds
        while not self._stirred and (left := until - time.monotonic()) > 0:
            if not await self._eye.ready(left):
                break
            _, death = self._take_in(used=False)
            if death is not None:
                return death
        self._stirred = False
        return None

    def stir(self) -> None:
        """End a rest before its time; where there is none, the next."""
        self._stirred = True
        self._eye.wake()

    async def use(self, sql: str, timeout: float) -> Death | float:
        """Ask something; give the seconds until the answer was complete, or the end if none came.

        That nothing comes is judged by what the kernel knows, after seconds, and by `timeout` at the latest.
        """
        if not is_open(self._held.fileno()):  # it has ended, and we were too late to see it before now
            _, death = self._take_in(used=False)
            if death is not None:
                return death
        self.asked = time.monotonic()
        self._silent = self.asked - self._last
        try:
            self._held.ask(sql)
        except ProbeError as error:
            return self._died(error, tcp_info(self._held.fileno()), 0, used=True)
        heard = await self._look(timeout)
        if heard is None:
            with asked_for(self._held.fileno()):
                while (heard := await self._look(timeout)) is None:
                    pass
        return heard

    async def _look(self, timeout: float) -> Death | float | None:
        """Wait for a moment; tell what has come of the question, None if it is still to be waited for."""
        if await self._eye.ready(LOOK):
            answered, death = self._take_in(used=True)
            if death is not None:
                return death
            if answered:
                self._last = self._came(self.asked)
                return self._last - self.asked
        return self._silence(timeout)

    async def revive(self) -> bool:
        """Go on waiting for an answer after all; tell whether it came, and not the end."""
        while True:
            if await self._eye.ready(3600.0):
                answered, death = self._take_in(used=True)
                if death is not None:
                    return False
                if answered:
                    self._last = time.monotonic()
                    return True

    async def leave(self, within: float) -> bool:
        """Say goodbye, and tell whether the server has closed within so many seconds."""
        self._stirred = False
        try:
            self._held.part()
            return await self.rest(within) is not None
        except ProbeError:
            return True
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Let go at once."""
        self._eye.close()
        self._held.abandon()

    def _take_in(self, *, used: bool) -> tuple[bool, Death | None]:
        """Record what the kernel knows, then read; tell whether an answer is complete, or how it ended."""
        descriptor = self._held.fileno()
        ended = not is_open(descriptor)
        tcp = tcp_info(descriptor) if ended else None
        number = error_of(descriptor) if tcp is not None and tcp.reset else 0
        try:
            answered = self._held.hear()
            for _ in range(LAST_WORDS if ended else 0):
                self._held.hear()
        except ProbeError as error:
            return False, self._died(error, tcp or tcp_info(descriptor), number, used=used)
        if ended:
            wordless = ProbeError(Cause.UNKNOWN, "the connection has ended")
            return False, self._died(wordless, tcp, number, used=used)
        return answered, None

    def _came(self, asked: float) -> float:
        """Say when an answer came that is here now."""
        now = time.monotonic()
        tcp = tcp_info(self._held.fileno()) if now - asked > LATE else None
        return now if tcp is None else max(asked, now - tcp.last_data_received)

    def _silence(self, timeout: float) -> Death | None:
        now = time.monotonic()
        tcp = tcp_info(self._held.fileno())
        cause = judge(tcp, now - self.asked, timeout)
        if cause is None:
            return None
        if cause is Cause.NET_BLACKHOLE and not routed(self._held.fileno()):
            cause = Cause.CLIENT_LOCAL_NETWORK
        detail = f"no answer within {now - self.asked:.1f} s"
        return Death(End.SILENCE, cause, detail, "", "", now, self._silent, True, tcp)

    def _died(self, error: ProbeError, tcp: TcpInfo | None, number: int, *, used: bool) -> Death:
        now = time.monotonic()
        end, cause, detail = End.FIN, error.cause, error.detail
        if error.said or error.code:
            end = End.ERROR
        elif number in TIMEOUTS:
            end, cause, detail = (
                End.SILENCE,
                TIMEOUTS[number],
                f"given up by the kernel: {os.strerror(number)}",
            )
        elif tcp is not None and tcp.reset:
            end, detail = End.RST, "connection reset by the peer"  # of which reading need not tell
        elif tcp is not None and tcp.ended:
            detail = "connection closed by the peer"  # libpq calls it the server, which it need not be
        # A reset leaves no trace of when it came; a FIN acknowledges something, and last words are data.
        late = 0.0 if tcp is None or tcp.reset else min(tcp.last_ack_received, tcp.last_data_received)
        at = now - late
        silent = self._silent if used else at - self._last
        return Death(end, cause, detail, error.said, error.code, at, max(0.0, silent), used, tcp)


def drop(target: str, probe: str, born: float, death: Death, cause: Cause | None = None) -> DropObservation:
    """Tell of a death; `cause` where more is known than the end itself tells."""
    return DropObservation(
        target=target,
        probe=probe,
        started=time.time() - (time.monotonic() - death.at),
        duration=death.at - born,
        failure=Failure(
            phase=Phase.QUERY if death.used else None,
            cause=cause or death.cause,
            detail=death.detail,
            said=death.said,
            code=death.code,
        ),
        end=death.end,
        silent=death.silent,
        used=death.used,
        tcp=death.tcp,
    )
