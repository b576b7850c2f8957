"""The path as a table: who stands at each hop, and what the latest rounds say of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from exporter.model import HopSeen, PathObservation, Route, Seen
from exporter.web.pages.wording import percent, several


@dataclass(frozen=True, slots=True, kw_only=True)
class HopRow:
    """One hop; `loss` is a share of 1, `lossy` tells that the target suffers from it."""

    seen: HopSeen
    address: str
    hostname: str = ""
    network: str = ""
    loss: float
    lossy: bool = False
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """The whole path, with the one sentence that it comes to."""

    sentence: str
    rows: Sequence[HopRow]
    started: float

    @property
    def shortest(self) -> float:
        """The shortest delay of any hop, in seconds."""
        return min((row.seen.best for row in self.rows if row.seen.best is not None), default=0.0)

    @property
    def longest(self) -> float:
        """The longest delay of any hop, in seconds."""
        return max((row.seen.worst for row in self.rows if row.seen.worst is not None), default=0.0)


def path(seen: Seen) -> Path | None:
    """Say what is known of the path; None where nothing is."""
    latest = seen.last(PathObservation)
    if latest is None:
        return None
    route = latest.route or Route(hops=())
    tallies = seen.hops[: len(route.hops)] or seen.hops
    rows = [_row(hop, route, last=hop.ttl == len(route.hops)) for hop in tallies]
    return Path(sentence=_sentence(latest, route, rows), rows=rows, started=latest.started)


def _row(hop: HopSeen, route: Route, *, last: bool) -> HopRow:
    known = next((each for each in route.hops if each.ttl == hop.ttl), None)
    start = route.loss_start
    loss = hop.lost / hop.sent if hop.sent else 0.0
    return HopRow(
        seen=hop,
        address=(known.address if known else None) or "no answer",
        hostname=known.hostname if known else "",
        network=known.network if known else "",
        loss=loss,
        lossy=start is not None and hop.ttl >= start and loss > 0,
        remark=_remark(hop, route, last=last),
    )


def _remark(hop: HopSeen, route: Route, *, last: bool) -> str:
    if hop.ttl == route.loss_start:
        return "loss begins here"
    if hop.ttl in route.rate_limited:
        return "answers seldom, passes everything on"
    if last:
        return "the target"
    return "answers nothing itself" if hop.sent == hop.lost else ""


def _sentence(latest: PathObservation, route: Route, rows: Sequence[HopRow]) -> str:
    if not rows:
        return latest.failure.detail if latest.failure else "No hop has answered yet"
    if route.loss_start is not None:
        at = next((row for row in rows if row.seen.ttl == route.loss_start), rows[-1])
        owner = f" ({at.network})" if at.network else ""
        who = f"{at.hostname or at.address}{owner}"
        return f"Loss begins at hop {route.loss_start}, {who}, and goes on to the target"
    if not latest.reached:
        return "The latest round did not reach the target"
    away = f"The target is {several(len(route.hops), 'hop', 'hops')} away"
    if rows[-1].loss > 0:
        return f"{away}; {percent(rows[-1].loss)} of what is sent to it gets lost, and where is not clear yet"
    return f"{away}, and no loss goes on to it"
