"""The page of one target."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from exporter.model import (
    Bin,
    DropObservation,
    Incident,
    Observation,
    PingObservation,
    PoolObservation,
    Seen,
    Target,
)
from exporter.web.pages.holding import Holding, holding, told
from exporter.web.pages.idleness import Idleness, idleness
from exporter.web.pages.limits import Server, server
from exporter.web.pages.overview import DELAYS
from exporter.web.pages.path import Path, path
from exporter.web.pages.session import Session, session
from exporter.web.pages.sources import Sources
from exporter.web.pages.state import active_of
from exporter.web.pages.verdict import Verdict, verdict

FAILURES: Final = 3
PAST: Final = 5
"""Failures of each probe, and incidents that are over, that the page shows."""
KINDS: Final = {"ping": "echoes (ICMP)", "tcp": "TCP connects"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """Delay and loss as one probe sees them; `loss` is a share of 1 over the last hour."""

    probe: str
    kind: str
    hour: Sequence[Bin]
    six_hours: Sequence[Bin]
    sent: int
    loss: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """One failure; `number` leads to its log."""

    number: int
    seen: Observation
    cause: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """All that is shown of one target; what nothing is known of is None or empty."""

    target: Target
    verdict: Verdict
    probes: Mapping[str, float]
    session: Session | None = None
    trends: Sequence[Trend] = ()
    path: Path | None = None
    idle: Idleness | None = None
    holding: Holding | None = None
    pool: PoolObservation | None = None
    server: Server | None = None
    failures: Sequence[Failed] = ()
    past: Sequence[Incident] = ()


def page(sources: Sources, target: Target) -> Page:
    """Gather what is known of a target."""
    name = target.name
    incidents = [incident for incident in sources.incidents() if incident.target == name]
    past = [incident for incident in incidents if incident.ended is not None]
    seen, watch = sources.now_seen(name), sources.watch(name)
    judged = verdict(seen, active_of(incidents).get(name, ()), past, watch.probes)
    if seen is None:
        return Page(target=target, verdict=judged, probes={}, past=past[:PAST])
    return Page(
        target=target,
        verdict=judged,
        probes=seen.probes,
        session=session(seen),
        trends=[_trend(seen, probe) for probe in DELAYS if seen.hour.get(probe)],
        path=path(seen),
        idle=idleness(seen, watch.rungs),
        holding=holding(seen),
        pool=seen.last(PoolObservation),
        server=server(seen),
        failures=_failures(sources.failures(name)),
        past=past[:PAST],
    )


def _trend(seen: Seen, probe: str) -> Trend:
    hour = seen.hour[probe]
    sent = sum(each.sent for each in hour)
    return Trend(
        probe=probe,
        kind=KINDS[probe],
        hour=hour,
        six_hours=seen.six_hours.get(probe, ()),
        sent=sent,
        loss=sum(each.lost for each in hour) / sent if sent else None,
    )


def _failures(failures: Sequence[tuple[int, Observation]]) -> list[Failed]:
    """Choose the latest of each probe, so that one that looks often leaves room for the others."""
    counted: Counter[str] = Counter()
    chosen = []
    for number, seen in failures:
        counted[seen.probe] += 1
        if counted[seen.probe] <= FAILURES:
            chosen.append(_failed(number, seen))
    return chosen


def _failed(number: int, seen: Observation) -> Failed:
    cause = "" if seen.failure is None else str(seen.failure.cause)
    words = "" if seen.failure is None else seen.failure.detail
    if isinstance(seen, DropObservation):
        words = f"a connection {told(seen).end}{f': {words}' if words else ''}"
    elif isinstance(seen, PingObservation) and seen.lost:
        words = words or f"{seen.lost} of {seen.sent} echoes lost"
    return Failed(number=number, seen=seen, cause=cause, words=words)
