"""The front page: all targets, the worst first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

from exporter.model import Bin, DropObservation, Incident, Seen, Target
from exporter.web.pages.sources import Sources
from exporter.web.pages.state import State, active_of, state
from exporter.web.pages.wording import several

DELAYS: Final = ("ping", "tcp")
"""Probes that tell delay and loss, the one to be shown first."""
NAMED: Final = 3
"""Targets in trouble that the first sentence names where there are many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One target.

    `bins` are of the last hour, and so is `loss`, a share of 1; `delay` is of the latest minute, in seconds.
    """

    target: Target
    state: State
    incident: Incident | None
    others: int
    bins: Sequence[Bin]
    delay: float | None
    loss: float | None
    drop: DropObservation | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What the front page shows; `rows` are those that are asked for, of `total`."""

    verdict: str
    state: State
    rows: Sequence[Row]
    total: int
    text: str
    wanted: str


def overview(sources: Sources, query: str) -> Overview:
    """Look at all targets; `q` of the query is looked for in their names, `state` is theirs."""
    given = parse_qs(query)
    text, wanted = given.get("q", [""])[0][:100], given.get("state", [""])[0][:20]
    active = active_of(sources.incidents())
    rows = [
        _row(target, sources.now_seen(target.name), active.get(target.name, ()))
        for target in sources.targets()
    ]
    rows.sort(key=lambda row: (row.state.rank, -(row.loss or 0.0), row.target.name))
    return Overview(
        verdict=_verdict(rows),
        state=rows[0].state if rows else State.WAITING,
        rows=[row for row in rows if _matches(row, text.casefold(), wanted)],
        total=len(rows),
        text=text,
        wanted=wanted,
    )


def shown_bins(hours: Mapping[str, tuple[Bin, ...]]) -> tuple[Bin, ...]:
    """Give the bins of the probe that tells most."""
    return next((hours[probe] for probe in DELAYS if hours.get(probe)), ())


def _row(target: Target, seen: Seen | None, active: Sequence[Incident]) -> Row:
    bins = () if seen is None else shown_bins(seen.hour)
    sent = sum(each.sent for each in bins)
    return Row(
        target=target,
        state=state(seen, active),
        incident=active[0] if active else None,
        others=max(0, len(active) - 1),
        bins=bins,
        delay=bins[-1].median if bins else None,
        loss=sum(each.lost for each in bins) / sent if sent else None,
        drop=seen.drops[0] if seen is not None and seen.drops else None,
    )


def _verdict(rows: Sequence[Row]) -> str:
    of_all = f"of {several(len(rows), 'target', 'targets')}"
    if not rows:
        return "No targets are configured yet"
    if ill := [row.target.name for row in rows if row.state.ill]:
        if len(rows) == 1:
            return f"{ill[0]} is in trouble"
        return f"{len(ill)} {of_all} {'is' if len(ill) == 1 else 'are'} in trouble: {_named(ill)}"
    if notable := [row.target.name for row in rows if row.state is State.NOTABLE]:
        return f"No trouble; worth knowing of {len(notable)} {of_all}: {_named(notable)}"
    if waiting := sum(row.state is State.WAITING for row in rows):
        return f"Nothing has been seen yet of {waiting} {of_all}"
    return "The target is well" if len(rows) == 1 else f"All {len(rows)} targets are well"


def _named(names: Sequence[str]) -> str:
    """Name all, or the first ones; the name of a single one more is no longer than to say so."""
    if len(names) <= NAMED + 1:
        return ", ".join(names)
    return f"{', '.join(names[:NAMED])} and {len(names) - NAMED} more"


def _matches(row: Row, text: str, wanted: str) -> bool:
    where = row.target.endpoint
    cause = row.incident.cause if row.incident is not None else ""
    words = (row.target.name, where.host, where.dialect, cause, *row.target.labels.values())
    return wanted in ("", row.state.value.name) and any(text in word.casefold() for word in words)
