"""The report: what was found in one sentence, what to set, and what could not be told."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from exporter.examination import words
from exporter.examination.advising import Need, advise
from exporter.examination.aiming import Aim
from exporter.examination.ending import shut
from exporter.examination.evidence import Evidence
from exporter.examination.facts import facts
from exporter.examination.findings import IDLE_TIMEOUTS, findings
from exporter.examination.looks import Sight, looks
from exporter.examination.pace import holds, ladder, pool
from exporter.examination.plan import Plan, PoolPlan
from exporter.examination.report import Finding, Look, Report, Side, State
from exporter.model import IdleObservation, Incident, Severity

ENOUGH: Final = 6.0
"""So many times its timeout takes it to find it, to confirm it, and to tell the layer."""
ON_THE_WAY: Final = {Side.PING, Side.PATH, Side.MTU}
"""Sides that this host may not let us look at, or that others keep from us."""
USUAL: Final = 600.0
"""Seconds of silence worth trying where none was tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All that is known at the end of an examination.

    `started` is in seconds since the epoch, `seconds` is how long it took.
    """

    aim: Aim
    plan: Plan
    sight: Sight
    incidents: Sequence[Incident]
    started: float
    seconds: float
    cut_short: bool

    @property
    def idle(self) -> IdleObservation | None:
        """What is known of silence."""
        return self.sight.seen.last(IdleObservation)


def report(known: Known) -> Report:
    """Tell all that has been found."""
    described = pool(known.aim, known.plan)
    evidence = Evidence(aim=known.aim, sight=known.sight, incidents=known.incidents, pool=described)
    found = findings(evidence)
    seen = looks(known.sight, known.plan.sides, holding=holds(known.plan))
    causes = frozenset(finding.cause for finding in found if finding.cause is not None)
    need = Need(
        aim=known.aim,
        pool=described or PoolPlan(),
        causes=causes,
        idle=known.idle,
        limits=evidence.limits,
    )
    view = known.sight.view
    return Report(
        target=known.aim.probed.target.name,
        url=known.aim.url,
        started=known.started,
        seconds=known.seconds,
        verdict=verdict(known, found, seen),
        looks=seen,
        seen=known.sight.seen,
        cut_short=known.cut_short,
        server=words.line(f"{view.product} {view.version}") if view is not None else "",
        findings=found,
        advice=advise(need),
        unsure=tuple(_unsure(known, seen)),
        idle=known.idle,
        facts=facts(known.sight),
    )


def verdict(known: Known, found: Sequence[Finding], seen: Sequence[Look]) -> str:
    """Say in one sentence how it stands."""
    grave = [finding for finding in found if finding.severity is not Severity.INFO]
    if grave:
        more = words.several(len(grave) - 1, "further finding")
        return f"{grave[0].summary}{f'; and {more}' if len(grave) > 1 else ''}."
    target = known.aim.probed.target.name
    good = [str(look.side) for look in seen if look.state is State.GOOD and look.side is not Side.HOLD]
    bad = [str(look.side) for look in seen if look.state is State.BAD]
    ill = f"this did not go well: {', '.join(bad) or 'nothing answered'}"
    if known.cut_short:
        by_then = ill if bad else "nothing wrong by then"
        return f"Ended after {words.duration(known.seconds)}, before all was seen; {by_then}."
    if found and found[0].cause is None and set(bad) <= {str(Side.TLS)} and bad:
        first = found[0].summary
        return f"Nothing ends connections at {target} yet, but {first[:1].lower()}{first[1:]}."
    if bad or not (good or (known.idle is not None and known.idle.survived is not None)):
        return f"No cause was found at {target}, but {ill}."
    are = f"{', '.join(good)} {'is' if len(good) == 1 else 'are'} good; " if good else ""
    remarks = f"; and {words.several(len(found), 'remark')}" if found else ""
    return f"Nothing is wrong at {target}: {are}{_silence(known)}{remarks}."


def _silence(known: Known) -> str:
    idle = known.idle
    if not holds(known.plan) or idle is None or idle.survived is None:
        return "silence was not tried"
    return f"connections live on after {words.duration(idle.survived)} of silence"


def _unsure(known: Known, seen: Sequence[Look]) -> Iterator[str]:
    """Say what could not be told, and what would tell it."""
    if known.cut_short:
        yield f"It was ended after {words.duration(known.seconds)}: what was not seen by then is not known"
    yield from _about_silence(known)
    for look in seen:
        if look.state is State.WAITING and look.side is not Side.HOLD and not shut(seen):
            yield f"{look.side} came to no result in time"
        elif look.state is State.ABSENT and look.side in known.plan.sides & ON_THE_WAY:
            yield f"{look.side} told nothing: {look.text}"
    view = known.sight.view
    for missing in view.missing if view is not None else ():
        yield words.line(f"without the privilege {missing.privilege}: {missing.needed_for}; {missing.grant}")


def _about_silence(known: Known) -> Iterator[str]:
    idle, plan = known.idle, known.plan
    if not holds(plan):
        if Side.HOLD in plan.sides:
            usual = words.duration(max(ladder(replace(plan, hold=USUAL, ladder=()))))
            yield f"Silence was not tried: a hold of {words.duration(USUAL)} finds what ends it by {usual}"
        return
    top: float = max(ladder(plan))
    if idle is None or (idle.survived is None and idle.killed is None):
        yield "No silence came to its end: nobody was let in, or no connection was to spare"
    elif idle.killed is None:
        tried = idle.survived or 0.0
        yield (
            f"What ends silence after more than {words.duration(tried)} was not looked for: a hold of "
            f"{words.duration(_whole(2 * max(top, tried)))} goes further"
        )
    elif not idle.timeouts:
        enough = words.duration(_whole(ENOUGH * idle.killed))
        likely = sorted({incident.cause for incident in known.incidents} & set(IDLE_TIMEOUTS))
        what = "Which layer ends silent connections could not be told in time"
        if likely:
            what = f"That it is {likely[0]} was told by how they ended, and not tried in time"
        yield f"{what}: a hold of {enough} is enough"


def _whole(seconds: float) -> float:
    """Round up to what people would write."""
    unit = 60.0 if seconds > 60 else 10.0
    return math.ceil(seconds / unit) * unit
