"""What a configuration means once it is found to be sound."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from exporter.config.schema import Thresholds
from exporter.db.dialect import Dialect
from exporter.model import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbedTarget:
    """A target, what speaks to it, and the settings of every probe that is on, each of its own model.

    `connection_budget` is how many connections all of them together may have open at once.
    """

    target: Target
    dialect: Dialect
    probes: Mapping[str, Any]
    connection_budget: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Everything the daemon is told; `networks` are address ranges by their owner's name."""

    vantage: str | None = None
    networks: Mapping[str, Sequence[str]] = field(default_factory=dict)
    diagnosis: Thresholds = field(default_factory=Thresholds)
    targets: tuple[ProbedTarget, ...] = field(default=())
