"""What was seen last, for those who show it."""

import threading
from collections import deque
from typing import Final

from exporter.model import (
    DnsObservation,
    DropObservation,
    HeldObservation,
    InquestObservation,
    Observation,
    PathObservation,
    PingObservation,
    Seen,
    ServerObservation,
    SessionObservation,
    TcpObservation,
)
from exporter.runtime.account import went_well
from exporter.runtime.hops import Hops
from exporter.runtime.trend import Trend

HOUR: Final = (60.0, 60)
SIX_HOURS: Final = (600.0, 36)
"""Width of a bin in seconds, and how many there are."""
DROPS: Final = 10
"""Drops of one target that are kept."""


class Latest:
    """Keeps what was seen last of every target. Safe to use from any thread; quick enough to be a sink.

    A target that is forgotten may come back, and is a new one then: its probes should have stopped before.
    """

    def __init__(self) -> None:
        self._sights: dict[str, _Sight] = {}

    def record(self, observation: Observation) -> None:
        """Take in an observation."""
        sight = self._sights.get(observation.target)
        if sight is None:  # where two threads meet here, one sight is left, and both have it
            sight = self._sights.setdefault(observation.target, _Sight(observation.started))
        sight.record(observation)

    def forget(self, target: str) -> None:
        """Let go of what was seen of a target."""
        self._sights.pop(target, None)

    def of(self, target: str, now: float) -> Seen | None:
        """Give what was seen of a target, with the hours that end `now`; None before it was seen."""
        sight = self._sights.get(target)
        return None if sight is None else sight.seen(now)

    def server(self, target: str) -> tuple[ServerObservation, ServerObservation | None] | None:
        """Give the latest look, and the latest with a view, which may be the same; None before the first."""
        sight = self._sights.get(target)
        return None if sight is None else sight.server


class _Sight:
    """What was seen of one target."""

    def __init__(self, since: float) -> None:
        self._lock = threading.Lock()
        self._since = since
        self._trouble: float | None = None
        self._probes: dict[str, float] = {}
        self._looks: dict[type[Observation], Observation] = {}
        self._usable: SessionObservation | None = None
        self._names: dict[str, DnsObservation] = {}
        self._hops = Hops()
        self._held: dict[str, HeldObservation] = {}
        self._drops: deque[DropObservation] = deque(maxlen=DROPS)
        self._hour: dict[str, Trend] = {}
        self._six_hours: dict[str, Trend] = {}
        self.server: tuple[ServerObservation, ServerObservation | None] | None = None

    def record(self, observation: Observation) -> None:
        with self._lock:
            self._probes[observation.probe] = observation.started
            self._looks[type(observation)] = observation
            if _bad(observation):
                self._trouble = max(observation.started, self._trouble or 0.0)
            self._sort_in(observation)

    def _sort_in(self, observation: Observation) -> None:
        match observation:
            case PingObservation():
                self._add("ping", observation.started, observation.rtts, observation.lost)
            case TcpObservation():
                answered = [each.seconds for each in observation.connects if each.failure is None]
                lost = len(observation.connects) - len(answered)
                self._add("tcp", observation.started, answered, lost)
            case SessionObservation():
                self._usable = observation if observation.usable else self._usable
            case PathObservation():
                self._hops.take(observation)
            case DnsObservation():
                self._names[observation.resolver] = observation
            case HeldObservation():
                self._held[observation.probe] = observation
            case DropObservation():
                self._drops.appendleft(observation)
            case ServerObservation():
                known = None if self.server is None else self.server[1]
                self.server = observation, observation if observation.view else known
            case _:
                pass  # its latest look is all there is

    def _add(self, probe: str, started: float, delays: "tuple[float, ...] | list[float]", lost: int) -> None:
        if delays or lost:
            self._hour.setdefault(probe, Trend(*HOUR)).add(started, delays, lost)
            self._six_hours.setdefault(probe, Trend(*SIX_HOURS)).add(started, delays, lost)

    def seen(self, now: float) -> Seen:
        with self._lock:
            return Seen(
                since=self._since,
                trouble=self._trouble,
                probes=dict(self._probes),
                looks=dict(self._looks),
                usable=self._usable,
                known=self.server and self.server[1],
                names=dict(self._names),
                hops=self._hops.seen(),
                held=dict(self._held),
                drops=tuple(self._drops),
                hour={probe: trend.bins(now) for probe, trend in self._hour.items()},
                six_hours={probe: trend.bins(now) for probe, trend in self._six_hours.items()},
            )


def _bad(observation: Observation) -> bool:
    """Tell whether it is a sign of trouble; silent connections are there to be dropped."""
    expected = isinstance(observation, DropObservation | InquestObservation) and observation.probe == "idle"
    return not expected and not went_well(observation)
