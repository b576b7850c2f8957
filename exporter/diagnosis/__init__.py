"""Judgements from what the probes saw: pure, without clocks and without a look at the world."""

from exporter.diagnosis.bracket import Bracket
from exporter.diagnosis.evidence import Fate, Hold
from exporter.diagnosis.route import RouteJudge

__all__ = ["Bracket", "Fate", "Hold", "RouteJudge"]
