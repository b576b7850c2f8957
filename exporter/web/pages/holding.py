"""Connections that are held, and how the latest of them dropped."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from exporter.model import DropObservation, End, HeldObservation, Seen

ENDS: Final = {
    End.FIN: "closed by the other side without a word",
    End.ERROR: "ended by the server, which said why",
    End.RST: "reset",
    End.SILENCE: "went silent",
}
PURPOSES: Final = {
    "sentinel": "kept busy, to see restarts, kills and black holes",
    "idle": "kept silent, to find idle timeouts",
    "pool": "kept as the application's pool would",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """One probe that holds connections; it has `begun` at a moment, and one has `dropped` last at another."""

    probe: str
    purpose: str
    held: HeldObservation
    begun: float
    dropped: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """One drop: how it ended, in words."""

    seen: DropObservation
    end: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """All that are held, and the latest drops, newest first."""

    holders: Sequence[Holder]
    drops: Sequence[Drop]


def holding(seen: Seen) -> Holding | None:
    """Say what is held; None where no probe holds anything."""
    if not seen.held and not seen.drops:
        return None
    latest = {drop.probe: drop.started for drop in reversed(seen.drops)}
    holders = [
        Holder(
            probe=probe,
            purpose=PURPOSES.get(probe, ""),
            held=held,
            begun=seen.since,
            dropped=latest.get(probe),
        )
        for probe, held in sorted(seen.held.items())
    ]
    return Holding(holders=holders, drops=[told(drop) for drop in seen.drops])


def told(drop: DropObservation) -> Drop:
    """Put a drop into words."""
    end = ENDS[drop.end] + (", noticed on use" if drop.used else "")
    return Drop(seen=drop, end=end, why="" if drop.failure is None else drop.failure.detail)
