"""One row of the rules: what speaks for a cause, and what against it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from exporter.diagnosis.sign import Sign
from exporter.model import Cause

Weights = Mapping[Sign | tuple[Sign, Cause], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One cause: what it shows in, what goes with it, and what must not be there.

    Without any of its `grounds` a cause is not thought of, whatever goes with it; to have been named by who
    refused is one, too. All weights are positive; those in `against` are taken away.
    """

    grounds: Weights = field(default_factory=dict)
    beside: Weights = field(default_factory=dict)
    against: Weights = field(default_factory=dict)
