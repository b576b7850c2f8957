"""What was seen last of one target, by all its probes together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from exporter.model.held import DropObservation, HeldObservation
from exporter.model.network import DnsObservation
from exporter.model.observation import Observation, SessionObservation
from exporter.model.server import ServerObservation
from exporter.model.trend import Bin

Kind = TypeVar("Kind", bound=Observation)


@dataclass(frozen=True, slots=True, kw_only=True)
class HopSeen:
    """What the latest rounds say of one hop: how many of `sent` were `lost`, and its delays in seconds.

    Delays are None where none is known, `latest` where that of the latest round is not.
    """

    ttl: int
    sent: int
    lost: int
    latest: float | None = None
    best: float | None = None
    mean: float | None = None
    worst: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is known of one target since the daemon began.

    `since` and `trouble` are when anything, and when something bad, was first and last seen, in seconds since
    the epoch. `probes` says when each probe reported last, `looks` holds the latest observation of each type.
    `usable` is the latest session that was of use, `known` the latest look at the server that had a view.
    `names` are by name server, `held` by probe; `drops` are the latest ones, newest first. `hour` and
    `six_hours` are by probe, oldest bin first.
    """

    since: float
    trouble: float | None = None
    probes: Mapping[str, float] = field(default_factory=dict)
    looks: Mapping[type[Observation], Observation] = field(default_factory=dict)
    usable: SessionObservation | None = None
    known: ServerObservation | None = None
    names: Mapping[str, DnsObservation] = field(default_factory=dict)
    hops: tuple[HopSeen, ...] = ()
    held: Mapping[str, HeldObservation] = field(default_factory=dict)
    drops: tuple[DropObservation, ...] = ()
    hour: Mapping[str, tuple[Bin, ...]] = field(default_factory=dict)
    six_hours: Mapping[str, tuple[Bin, ...]] = field(default_factory=dict)

    def last(self, kind: type[Kind]) -> Kind | None:
        """Give the latest observation of one type."""
        found = self.looks.get(kind)
        return found if isinstance(found, kind) else None
