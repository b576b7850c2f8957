"""The clock of a session: every instant belongs to exactly one phase, and every phase has its deadline."""

import time
from collections.abc import Mapping

from exporter.model import Cause, Phase, ProbeError, TcpInfo
from exporter.net.keepalive import asked_for
from exporter.net.routes import routed
from exporter.net.tcp_info import never_left, tcp_info
from exporter.net.waiting import READABLE, Stop, Stopped, wait

CLOSE_SHARE = 0.1
"""Part of the timeout kept back for saying goodbye, whatever the phases before it used up."""
CONNECTED = frozenset({Phase.TLS, Phase.AUTH, Phase.QUERY})
SOON = 0.2
"""Seconds in which most words of a server come."""


class PhaseClock:
    """Splits the time of one session into phases and keeps each within its limit.

    `timeout` bounds the whole; `limits` may bound single phases more tightly. Time is cut at `enter`,
    so that the phases add up to the whole without a gap. All times are monotonic seconds.
    """

    def __init__(self, timeout: float, limits: Mapping[Phase, float], stop: Stop) -> None:
        self._limits = limits
        self._stop = stop
        self.restart(timeout)

    def restart(self, timeout: float) -> None:
        """Begin anew with so many seconds: for what lives longer than one look, and is used again."""
        self._spent: dict[Phase, float] = {}
        self.phase = Phase.DNS
        self.started = self._since = time.perf_counter()
        self._open_until = self.started + timeout * (1 - CLOSE_SHARE)
        self._close_until = self.started + timeout

    def enter(self, phase: Phase) -> None:
        """Begin `phase`, or go on with it: the time since the last cut belongs to the phase until now."""
        self._cut()
        self.phase = phase

    def skip(self, phase: Phase) -> None:
        """Leave the current phase as if it had not been: its time belongs to `phase`."""
        self._spent.pop(self.phase, None)
        self.phase = phase

    def give(self, phase: Phase, to: Phase) -> None:
        """Let the time of `phase`, which turned out not to take place, belong to another one."""
        if phase in self._spent:
            self._spent[to] = self._spent.get(to, 0.0) + self._spent.pop(phase)

    def finish(self) -> tuple[tuple[Phase, float], ...]:
        """Stop the clock and return the seconds spent in each phase, in the order they began."""
        self._cut()
        return tuple(self._spent.items())

    @property
    def elapsed(self) -> float:
        """Seconds from the start to the last cut."""
        return self._since - self.started

    def since_connected(self) -> float:
        """Seconds since the last connect succeeded: that is when a server begins to count a session's age."""
        self._cut()
        return sum(self._spent.get(phase, 0.0) for phase in (Phase.TLS, Phase.AUTH))

    def remaining(self) -> float:
        """Seconds left for the current phase."""
        now = time.perf_counter()
        until = self._close_until if self.phase is Phase.CLOSE else self._open_until
        limit = self._limits.get(self.phase)
        if limit is not None:
            until = min(until, self._since + limit - self._spent.get(self.phase, 0.0))
        return until - now

    def wait(self, descriptor: int, events: int = READABLE, *, within: float | None = None) -> None:
        """Wait for `descriptor` until the phase's deadline (or `within` seconds, if sooner).

        Raises ProbeError when the time is up, with the cause that the kernel's view of the socket suggests.
        """
        seconds = self.remaining() if within is None else min(within, self.remaining())
        if seconds <= 0 or not self._ready(descriptor, events, seconds):
            raise self.overdue(descriptor)

    def check(self, descriptor: int) -> None:
        """Raise as `wait` does when the time is up: for loops that may never have to wait."""
        if self._stop.thrown:
            raise Stopped
        if self.remaining() <= 0:
            raise self.overdue(descriptor)

    def overdue(self, descriptor: int) -> ProbeError:
        """Say that the phase's time is up."""
        spent = self._spent.get(self.phase, 0.0) + time.perf_counter() - self._since
        if self.phase is Phase.TCP and never_left(descriptor):
            return ProbeError(Cause.CLIENT_LOCAL_NETWORK, f"nothing has left this host within {spent:.3f} s")
        info = tcp_info(descriptor)
        mute = info is not None and not info.bytes_received and self.phase is not Phase.TCP
        what = "not a byte" if mute else "no answer"
        cause = _silence(self.phase, info, spent)
        if cause is Cause.NET_BLACKHOLE and not routed(descriptor):
            cause = Cause.CLIENT_LOCAL_NETWORK
        return ProbeError(cause, f"{what} within {spent:.3f} s in phase {self.phase}")

    def _ready(self, descriptor: int, events: int, seconds: float) -> bool:
        """Wait; where a server's word is late, have the kernel ask whether its host is still there."""
        if self.phase not in CONNECTED or seconds <= SOON:
            return wait(descriptor, events, seconds, self._stop)
        until = time.perf_counter() + seconds
        if wait(descriptor, events, SOON, self._stop):
            return True
        with asked_for(descriptor):
            return wait(descriptor, events, max(0.0, until - time.perf_counter()), self._stop)

    def _cut(self) -> None:
        now = time.perf_counter()
        self._spent[self.phase] = self._spent.get(self.phase, 0.0) + now - self._since
        self._since = now


def _silence(phase: Phase, info: TcpInfo | None, waited: float) -> Cause:
    """Name the cause of a silence: packets that did not arrive, or did not even leave, or no answer to them.

    What cannot leave waits unsent while the kernel probes (see `exporter.diagnosis.silence`).
    """
    if phase is Phase.TCP:
        return Cause.NET_BLACKHOLE
    if info is not None and ((info.unacked and info.retransmits) or info.deserted(waited)):
        return Cause.NET_BLACKHOLE
    if info is not None and info.not_sent and info.probes:
        return Cause.CLIENT_LOCAL_NETWORK
    if phase is Phase.TLS and info is not None and info.bytes_received:
        return Cause.TLS_HANDSHAKE
    return Cause.SERVER_UNRESPONSIVE


class Closed(ProbeError):
    """The peer has ended the connection."""


def closed_by_peer(phase: Phase, descriptor: int, *, reset: bool | None = None) -> ProbeError:
    """Say that the peer ended the connection in `phase`.

    `reset` tells what the last read said, where that is known; otherwise the kernel's state has to do.
    A listener that accepts and closes without a word is the mark of a proxy whose backend is gone: a
    database that is down refuses, and one that is up greets or answers first.
    """
    info = tcp_info(descriptor)
    if reset is None:
        reset = info is not None and info.reset
    # A reset may follow a FIN and hide it; the FIN has been counted as a byte all the same.
    unseen_fin = info is not None and info.reset and not reset
    spoke = info is None or info.bytes_received > unseen_fin
    if phase is Phase.TLS and spoke:
        cause = Cause.TLS_HANDSHAKE
    elif not spoke and not reset:
        cause = Cause.PROXY_BACKEND_UNAVAILABLE
    else:
        cause = Cause.UNKNOWN
    how = "reset" if reset else "closed"
    before = "" if spoke else " before its first byte"
    kind = ProbeError if reset else Closed
    return kind(cause, f"connection {how} by the peer{before} in phase {phase}")
