"""Readings of a tool against the wire: how far off delays are, and what was called lost that was not."""

import bisect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tests.bench.ours import Reading
from tests.lab.truth import Echo, Handshake

NEAR: Final = 0.5
"""Seconds around a reading's beginning in which its packet is looked for: half of the interval."""
FAR_OFF: Final = 100e-6
"""An error that no user should see, in seconds."""
SECOND: Final = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """A question on the wire: when it left, and when it was answered; seconds since the epoch, seconds."""

    left: int
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a tool's readings; `errors` are without sign, in seconds, in order of size.

    `judged` counts the readings whose packet was found, `phantoms` those called lost though it was answered.
    """

    errors: Sequence[float]
    judged: int
    phantoms: int

    def quantile(self, share: float) -> float:
        """Give the error that such a share of the readings does not exceed."""
        return self.errors[round(share * (len(self.errors) - 1))]

    @property
    def far_off(self) -> float:
        """Share of the readings that are off by more than 100 µs."""
        return 1 - bisect.bisect_right(self.errors, FAR_OFF) / len(self.errors)


def echo_trips(echoes: Iterable[Echo]) -> dict[str, list[Trip]]:
    """Give each destination's echoes in order."""
    found: dict[str, list[Trip]] = {}
    for echo in echoes:
        seconds = (echo.replies[0] - echo.sent) / SECOND if echo.replies else None
        found.setdefault(echo.destination, []).append(Trip(left=echo.sent, seconds=seconds))
    return found


def connect_trips(handshakes: Iterable[Handshake]) -> dict[str, list[Trip]]:
    """Give each destination's connects in order."""
    found: dict[str, list[Trip]] = {}
    for shake in handshakes:
        seconds = (shake.answers[0] - shake.syns[0]) / SECOND if shake.answers else None
        found.setdefault(shake.destination, []).append(Trip(left=shake.syns[0], seconds=seconds))
    return found


def judge(readings: Iterable[Reading], wire: Mapping[str, Sequence[Trip]]) -> Verdict:
    """Hold each reading against the packet of its destination that left nearest to its beginning."""
    errors, judged, phantoms = [], 0, 0
    for reading in readings:
        trip = _nearest(wire.get(reading.destination, ()), reading.started * SECOND)
        if trip is None:
            continue
        judged += 1
        if reading.lost and trip.seconds is not None:
            phantoms += 1
        elif reading.seconds is not None and trip.seconds is not None:
            errors.append(abs(reading.seconds - trip.seconds))
    return Verdict(errors=sorted(errors), judged=judged, phantoms=phantoms)


def _nearest(trips: Sequence[Trip], began: float) -> Trip | None:
    after = bisect.bisect_left(trips, began, key=lambda trip: trip.left)
    around = trips[max(0, after - 1) : after + 1]
    near = [trip for trip in around if abs(trip.left - began) < NEAR * SECOND]
    return min(near, key=lambda trip: abs(trip.left - began), default=None)
