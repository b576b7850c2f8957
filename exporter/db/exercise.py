"""What a pool is exercised with, and what one exercise shows."""

from dataclasses import dataclass, field

from exporter.db.life import Death
from exporter.model import Checkout, Invalidation


class NoneLeft(Exception):
    """There is no connection for us now; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSettings:
    """What SQLAlchemy calls the same; times are seconds, `recycle` None for never, `overflow` -1 for any."""

    size: int
    overflow: int
    wait: float
    recycle: float | None
    pre_ping: bool


@dataclass(slots=True, kw_only=True)
class Round:
    """What one exercise showed; `lost` are those that the server may still list, with their birth."""

    rested: float
    checkouts: list[Checkout] = field(default_factory=list)
    invalidations: list[Invalidation] = field(default_factory=list)
    deaths: list[Death] = field(default_factory=list)
    lost: list[tuple[int, float]] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    waiting: int = 0
    overflow: int = 0
