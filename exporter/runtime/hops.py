"""What the latest rounds along a path say of each hop."""

import math
from array import array
from typing import Final

from exporter.model import HopSeen, PathObservation

NO_ANSWER: Final = math.nan
UNTIMED: Final = math.inf
"""An answer whose delay nobody knows, such as a refusal that the kernel has told of."""
ROUNDS: Final = 60
"""Rounds that are taken together: half an hour, if nothing else is configured."""


class Hops:
    """Adds up rounds; begins anew where the route has changed."""

    def __init__(self) -> None:
        self._delays: dict[int, array[float]] = {}

    def take(self, path: PathObservation) -> None:
        """Take in one round."""
        if path.route is not None and path.route.changes:
            self._delays.clear()
        for hop in path.hops:
            delays = self._delays.setdefault(hop.ttl, array("d"))
            delays.append(NO_ANSWER if hop.address is None else UNTIMED if hop.rtt is None else hop.rtt)
            del delays[:-ROUNDS]

    def seen(self) -> tuple[HopSeen, ...]:
        """Give the hops, the nearest first."""
        return tuple(_seen(ttl, self._delays[ttl]) for ttl in sorted(self._delays))


def _seen(ttl: int, delays: "array[float]") -> HopSeen:
    timed = [delay for delay in delays if math.isfinite(delay)]
    sent, lost = len(delays), sum(map(math.isnan, delays))
    if not timed:
        return HopSeen(ttl=ttl, sent=sent, lost=lost)
    return HopSeen(
        ttl=ttl,
        sent=sent,
        lost=lost,
        latest=delays[-1] if math.isfinite(delays[-1]) else None,
        best=min(timed),
        mean=sum(timed) / len(timed),
        worst=max(timed),
    )
