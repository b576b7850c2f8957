"""The phases of a session, one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass

from exporter.model import Seen, SessionObservation
from exporter.web.pages.wording import duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The latest session; `phases` are in seconds, the one that `failed` is the last of them."""

    seen: SessionObservation
    sentence: str
    phases: Sequence[tuple[str, float]]
    failed: str | None
    usable: SessionObservation | None


def session(seen: Seen) -> Session | None:
    """Say how the latest session went; None before the first."""
    latest = seen.last(SessionObservation)
    if latest is None:
        return None
    phases = [(str(phase), seconds) for phase, seconds in latest.phases]
    failed = latest.failure.phase if latest.failure is not None else None
    if failed is not None:
        phases.append((str(failed), max(0.0, latest.duration - sum(seconds for _, seconds in phases))))
    return Session(
        seen=latest,
        sentence=_sentence(latest, phases),
        phases=phases,
        failed=None if failed is None else str(failed),
        usable=None if latest.usable else seen.usable,
    )


def _sentence(latest: SessionObservation, phases: Sequence[tuple[str, float]]) -> str:
    if latest.failure is not None:
        where = f" in phase {latest.failure.phase}" if latest.failure.phase else ""
        return f"The latest session failed{where} after {duration(latest.duration)}: {latest.failure.detail}"
    longest = max(phases, key=lambda phase: phase[1], default=("", 0.0))
    most = f", most of it in phase {longest[0]} ({duration(longest[1])})" if longest[0] else ""
    return f"The latest session took {duration(latest.duration)}{most}"
