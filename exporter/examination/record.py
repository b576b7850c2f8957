"""What has been seen of the one target, as far as a report wants more of it than what was seen last."""

import threading
from collections import deque
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from exporter.model import (
    Checkout,
    DropObservation,
    Invalidation,
    MtuObservation,
    Observation,
    PingObservation,
    PoolObservation,
    TcpObservation,
)

KEPT: Final = 20_000
"""Delays that are kept: of more than an hour, five a second."""


@dataclass(slots=True, kw_only=True)
class Delays:
    """Packets that were sent, and the delays of those that were answered, in seconds."""

    sent: int = 0
    lost: int = 0
    seconds: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))

    @property
    def median(self) -> float | None:
        """The delay that half of them stay below."""
        return median(self.seconds) if self.seconds else None

    @property
    def p99(self) -> float | None:
        """The delay that 99 of 100 stay below."""
        return sorted(self.seconds)[int(0.99 * (len(self.seconds) - 1))] if self.seconds else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the record says at one moment.

    `seen` counts observations by probe and `failed` those of them that failed; `mtu` is the latest look at
    packet sizes that came to anything; `checkouts` and `invalidations` are all of the pool's, which has been
    exercised `rounds` times, `rested` times after a rest.
    """

    echoes: Delays
    connects: Delays
    seen: dict[str, int]
    failed: dict[str, int]
    mtu: MtuObservation | None
    rounds: int
    rested: int
    checkouts: tuple[Checkout, ...]
    invalidations: tuple[Invalidation, ...]
    drops: dict[str, int]


class Record:
    """Adds up what is observed; a sink, safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._echoes, self._connects = Delays(), Delays()
        self._seen: dict[str, int] = {}
        self._failed: dict[str, int] = {}
        self._drops: dict[str, int] = {}
        self._mtu: MtuObservation | None = None
        self._rounds = self._rested = 0
        self._checkouts: deque[Checkout] = deque(maxlen=KEPT)
        self._invalidations: deque[Invalidation] = deque(maxlen=KEPT)

    def record(self, observation: Observation) -> None:
        """Take in an observation."""
        with self._lock:
            self._count(observation)
            match observation:
                case PingObservation():
                    self._echoes.sent += observation.sent
                    self._echoes.lost += observation.lost
                    self._echoes.seconds.extend(observation.rtts)
                case TcpObservation(connects=connects):
                    answered = [each.seconds for each in connects if each.failure is None]
                    self._connects.sent += len(connects)
                    self._connects.lost += len(connects) - len(answered)
                    self._connects.seconds.extend(answered)
                case MtuObservation():
                    self._mtu = observation
                case PoolObservation():
                    self._take_pool(observation)
                case DropObservation(probe=probe):
                    self._drops[probe] = self._drops.get(probe, 0) + 1
                case _:
                    pass  # what was seen last of it is enough

    def told(self) -> Told:
        """Give what is known by now."""
        with self._lock:
            return Told(
                echoes=_copied(self._echoes),
                connects=_copied(self._connects),
                seen=dict(self._seen),
                failed=dict(self._failed),
                mtu=self._mtu,
                rounds=self._rounds,
                rested=self._rested,
                checkouts=tuple(self._checkouts),
                invalidations=tuple(self._invalidations),
                drops=dict(self._drops),
            )

    def _count(self, observation: Observation) -> None:
        probe = observation.probe
        self._seen[probe] = self._seen.get(probe, 0) + 1
        if observation.failure is not None:
            self._failed[probe] = self._failed.get(probe, 0) + 1

    def _take_pool(self, pool: PoolObservation) -> None:
        if pool.checkouts:
            self._rounds += 1
            self._rested += pool.rested > 0
        self._checkouts.extend(pool.checkouts)
        self._invalidations.extend(pool.invalidations)


def _copied(delays: Delays) -> Delays:
    return Delays(sent=delays.sent, lost=delays.lost, seconds=deque(delays.seconds))
