"""What an examination is to look at, and for how long."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from exporter.examination.report import Side
from exporter.model import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolPlan:
    """The application's own pool settings, in SQLAlchemy's words; None where its default holds."""

    pool_size: int | None = None
    max_overflow: int | None = None
    pool_timeout: float | None = None
    pool_recycle: float | None = None
    pool_pre_ping: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One target, and how it is looked at.

    `where` is a URL, or the name of a target in the configuration at `config`. `password` is used where the
    URL has none. `hold` is for how many seconds connections are left silent at the most, 0 for not at all;
    `ladder` are the silences that are tried, in seconds, fitting ones if it is empty. `sides` are looked at,
    and no others. `budget` is how many connections may be open at once. `seconds` is how long the rest may
    take.
    """

    where: str
    config: Path | None = None
    password: Secret | None = None
    hold: float = 0.0
    ladder: Sequence[float] = ()
    pool: PoolPlan | None = None
    sides: frozenset[Side] = field(default_factory=lambda: frozenset(Side))
    budget: int = 9
    seconds: float = 20.0


class PlanError(Exception):
    """The plan cannot be carried out; the text says why, and what to do."""
