"""Incidents as they are written down, and read again from a file that may hold anything."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from exporter.model import Cause, Incident, Severity, Step, rfc3339

MOST_LINES: Final = 100
LONGEST: Final = 4000
"""What is read of one incident: lines of evidence and of advice, and characters of each."""
SENSELESS: Final = (ValueError, TypeError, KeyError, OverflowError)
"""What reading something else as an incident can end with."""


class Kept(NamedTuple):
    """An incident, and when something of it was seen last, in seconds since the epoch."""

    incident: Incident
    seen: float


def written(kept: Kept) -> dict[str, Any]:
    """Write an incident as JSON can hold it; the target's name stands above it."""
    incident = kept.incident
    return {
        "id": incident.id,
        "cause": str(incident.cause),
        "severity": str(incident.severity),
        "started": incident.started,
        "ended": incident.ended,
        "seen": kept.seen,
        "summary": incident.summary,
        "evidence": list(incident.evidence),
        "fix": [{"text": step.text, "copy": list(step.copy)} for step in incident.fix],
        "confidence": incident.confidence,
        "candidates": [str(cause) for cause in incident.candidates],
    }


def read(target: str, known: Any, most: int) -> list[Kept]:
    """Read the last `most` incidents of `target`; what makes no sense is left out."""
    listed = known.get("incidents") if isinstance(known, Mapping) else None
    if not isinstance(listed, list):
        return []
    found = [_one(target, one) for one in listed[-most:]]
    return [kept for kept in found if kept is not None]


def _one(target: str, one: Any) -> Kept | None:
    try:
        started = _moment(one["started"])
        ended = None if one["ended"] is None else max(started, _moment(one["ended"]))
        incident = Incident(
            id=_text(one["id"]),
            target=target,
            cause=Cause(one["cause"]),
            severity=Severity(one["severity"]),
            started=started,
            ended=ended,
            summary=_text(one["summary"]),
            evidence=_lines(one["evidence"]),
            fix=tuple(_step(step) for step in _list(one["fix"])),
            confidence=min(1.0, max(0.0, _number(one["confidence"]))),
            candidates=tuple(Cause(cause) for cause in _list(one["candidates"])),
        )
        return Kept(incident, max(started, _moment(one["seen"])))
    except SENSELESS:
        return None


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("no number")
    return float(value)


def _moment(value: Any) -> float:
    """Read seconds since the epoch, such as a calendar has."""
    seconds = _number(value)
    if not rfc3339(seconds):
        raise ValueError("no moment")
    return seconds


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("no text")
    # What is no Unicode would break whoever shows it.
    return value[:LONGEST].encode(errors="replace").decode()


def _list(value: Any) -> Sequence[Any]:
    if not isinstance(value, list):
        raise TypeError("no list")
    return value[:MOST_LINES]


def _lines(value: Any) -> tuple[str, ...]:
    return tuple(_text(line) for line in _list(value))


def _step(value: Any) -> Step:
    """Read one thing to do; older files have text only."""
    if isinstance(value, str):
        return Step(text=_text(value))
    return Step(text=_text(value["text"]), copy=_lines(value["copy"]))
