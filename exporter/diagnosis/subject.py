"""Whom a judgement is about, and from where on something is called bad."""

from dataclasses import dataclass

from exporter.diagnosis.catalogue.entry import Family
from exporter.model import Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One target. `loss` and `saturation` are shares, `latency` is in seconds.

    `named` tells that its host is a name that has to be resolved. `trials` are those that can be made at it.
    """

    target: str
    host: str
    port: int
    family: Family
    named: bool = False
    trials: frozenset[Trial] = frozenset(Trial)
    loss: float = 0.01
    latency: float = 0.1
    saturation: float = 0.9
