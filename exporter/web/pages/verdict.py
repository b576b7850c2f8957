"""What is wrong with one target, in one sentence, with what it rests on and what to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from exporter.model import Incident, Seen, SessionObservation, Step
from exporter.web.pages.state import State, state

MOST: Final = 12
"""Sentences of evidence or advice that a page shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`since` is a moment that the sentence goes on with, None where it ends by itself.

    `watched` are the probes that look, `unwatched` the others, each with why it does not.
    """

    state: State
    sentence: str
    since: float | None = None
    evidence: Sequence[str] = ()
    fix: Sequence[Step] = ()
    incident: Incident | None = None
    others: Sequence[Incident] = ()
    watched: Sequence[str] = ()
    unwatched: Mapping[str, str]


def verdict(
    seen: Seen | None, active: Sequence[Incident], past: Sequence[Incident], probes: Mapping[str, str]
) -> Verdict:
    """Judge what was seen; `active` incidents are the worst first, `past` ones are over."""
    watched = [probe for probe, why in probes.items() if not why]
    unwatched = {probe: why for probe, why in probes.items() if why}
    how = state(seen, active)
    if active:
        worst = active[0]
        return Verdict(
            state=how,
            sentence=worst.summary.removesuffix("."),
            since=worst.started,
            evidence=worst.evidence[:MOST],
            fix=worst.fix[:MOST],
            incident=worst,
            others=active[1:],
            watched=watched,
            unwatched=unwatched,
        )
    sentence, since = _without_incident(seen, past)
    return Verdict(state=how, sentence=sentence, since=since, watched=watched, unwatched=unwatched)


def _without_incident(seen: Seen | None, past: Sequence[Incident]) -> tuple[str, float | None]:
    if seen is None:
        return "Nothing has been seen yet: the first round of probes is under way", None
    session = seen.last(SessionObservation)
    if session is not None and session.failure is not None and not session.usable:
        since = seen.usable.started if seen.usable is not None else seen.since
        return f"No session has worked: {session.failure.detail.removesuffix('.')}", since
    latest = max((incident.ended or 0.0 for incident in past), default=0.0)
    return "No trouble seen", max(seen.since, seen.trouble or 0.0, latest)
