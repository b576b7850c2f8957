"""What the probes of one target have seen of late that makes its path worth a closer look."""

import math
import time
from typing import Final

from exporter.model import (
    Cause,
    DropObservation,
    HeldObservation,
    IdleObservation,
    Observation,
    PathObservation,
    PingObservation,
    SessionObservation,
    TcpObservation,
)

RECENT: Final = 900.0
"""Seconds for which loss seen by a transport confirms loss seen along the path."""
WORTH_A_LOOK: Final = frozenset(
    {Cause.NET_BLACKHOLE, Cause.NET_UNREACHABLE, Cause.SERVER_UNRESPONSIVE, Cause.PROXY_BACKEND_UNAVAILABLE}
)
"""Causes of failed sessions that may begin on the way."""


class Suspicion:
    """Takes note of every observation of one target.

    `idle` is what is known last of its idle timeouts; `watched` whether connections are kept busy at it.
    """

    def __init__(self) -> None:
        self._confirmed = -math.inf
        self._dropped = -math.inf
        self.idle: IdleObservation | None = None
        self.watched = False
        self._reached = False

    def roused(self, observation: Observation) -> bool:
        """Tell whether `observation` speaks of loss or of a drop."""
        match observation:
            case IdleObservation():
                self.idle = observation
            case HeldObservation(probe="sentinel", held=held):
                self.watched = self.watched or held > 0
            case DropObservation(probe="sentinel"):
                self._dropped = time.monotonic()
                return True
            case PingObservation():
                return observation.lost > 0
            case TcpObservation():
                return self._lost(observation)
            case SessionObservation(failure=failure):
                return failure is not None and failure.cause in WORTH_A_LOOK
            case PathObservation():
                before, self._reached = self._reached, self._reached or observation.reached
                return before and bool(observation.hops) and not observation.reached
        return False

    @property
    def confirmed(self) -> bool:
        """Whether TCP, and not only echoes or datagrams, which some throw away first, has lost packets."""
        return time.monotonic() - self._confirmed <= RECENT

    def dropped_since(self, at: float) -> bool:
        """Whether a connection that was kept busy has dropped after `at` (monotonic seconds)."""
        return self._dropped >= at

    def _lost(self, observation: TcpObservation) -> bool:
        lost = any(
            connect.syn_retransmits
            or (connect.failure is not None and connect.failure.cause is Cause.NET_BLACKHOLE)
            for connect in observation.connects
        )
        if lost:
            self._confirmed = time.monotonic()
        return lost
