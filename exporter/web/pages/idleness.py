"""How long a connection may be silent, and what to set."""

from collections.abc import Sequence
from dataclasses import dataclass

from exporter.model import Cause, IdleObservation, Seen
from exporter.web.pages.wording import duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Idleness:
    """What the ladder has found; all times are in seconds, `settings` are lines to copy."""

    sentence: str
    rungs: Sequence[float]
    survived: float | None
    killed: float | None
    pool_recycle: float | None
    keepalive: float | None
    timeouts: Sequence[tuple[Cause, float]]
    settings: Sequence[str]


def idleness(seen: Seen, rungs: Sequence[float]) -> Idleness | None:
    """Say what is known of idle timeouts; None where nobody has looked."""
    found = seen.last(IdleObservation)
    if found is None:
        return None
    advisable = found.killed is not None  # before, it is what is safe so far, and grows
    return Idleness(
        sentence=_sentence(found),
        rungs=rungs,
        survived=found.survived,
        killed=found.killed,
        pool_recycle=found.pool_recycle if advisable else None,
        keepalive=found.keepalive if advisable else None,
        timeouts=found.timeouts,
        settings=_settings(found),
    )


def _sentence(found: IdleObservation) -> str:
    if found.killed is None and found.survived is None:
        return "The first connections are still silent: nothing is known yet"
    if found.killed is None:
        least = f"Connections survive {duration(found.survived)} of silence"
        return f"{least}; {'nothing ended a longer one' if found.settled else 'longer ones are being tried'}"
    between = (
        f"after {duration(found.killed)} at the latest"
        if found.survived is None
        else f"between {duration(found.survived)} and {duration(found.killed)}"
    )
    still = "" if found.settled else "; the search goes on"
    return f"Silent connections are ended {between}{still}"


def _settings(found: IdleObservation) -> list[str]:
    """Write what to set, where something ends silent connections."""
    if found.killed is None:
        return []
    lines = []
    if found.pool_recycle is not None:
        lines.append(f"create_engine(url, pool_recycle={found.pool_recycle:.0f}, pool_pre_ping=True)")
    if found.keepalive is not None:
        lines.append(f"TCP_KEEPIDLE = {found.keepalive:.0f}")
    return lines
