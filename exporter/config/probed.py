"""A target as it is probed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
