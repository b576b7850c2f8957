"""Judgements from what the probes saw: pure, without clocks and without a look at the world."""

from exporter.diagnosis.route import RouteJudge

__all__ = ["RouteJudge"]
