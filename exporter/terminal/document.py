"""A report as one JSON document, for programs."""

from typing import Any

from exporter import __version__
from exporter.examination.report import Advice, Finding, Report, Setting
from exporter.model import IdleObservation, rfc3339
from exporter.terminal.idleness import way
from exporter.terminal.outcome import healthy


def document(report: Report, host: str) -> dict[str, Any]:
    """Write a report made on `host`: times are RFC 3339 in UTC, everything else in base units."""
    return {
        "schema": 1,
        "conndrop": __version__,
        "host": host,
        "target": report.target,
        "url": report.url,
        "server": report.server or None,
        "started": rfc3339(report.started),
        "ended": rfc3339(report.started + report.seconds),
        "seconds": round(report.seconds, 3),
        "cut_short": report.cut_short,
        "healthy": healthy(report),
        "verdict": report.verdict,
        "sides": [{"side": look.side, "state": look.state, "text": look.text} for look in report.looks],
        "findings": [_finding(finding) for finding in report.findings],
        "settings": _settings(report.advice),
        "idle": None if report.idle is None else _idle(report.idle, report),
        "unsure": list(report.unsure),
        "facts": dict(report.facts),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "severity": finding.severity,
        "cause": finding.cause,
        "summary": finding.summary,
        "confidence": round(finding.confidence, 2),
        "candidates": list(finding.candidates),
        "evidence": list(finding.evidence),
        "fix": [{"text": step.text, "copy": list(step.copy)} for step in finding.fix],
    }


def _settings(advice: Advice) -> dict[str, Any]:
    return {
        "create_engine": advice.create_engine or None,
        "engine": _listed(advice.engine),
        "client": _listed(advice.client),
        "server": _listed(advice.server),
        "host": _listed(advice.host),
    }


def _listed(settings: tuple[Setting, ...]) -> list[dict[str, str]]:
    return [{"name": each.name, "value": each.value, "why": each.why} for each in settings]


def _idle(idle: IdleObservation, report: Report) -> dict[str, Any]:
    how = way(report)
    return {
        "survived_seconds": idle.survived,
        "killed_seconds": idle.killed,
        "settled": idle.settled,
        "way": None if how is None else how[0],
        "timeouts": [{"cause": cause, "seconds": seconds} for cause, seconds in idle.timeouts],
        "pool_recycle_seconds": idle.pool_recycle,
        "keepalive_seconds": idle.keepalive,
    }
