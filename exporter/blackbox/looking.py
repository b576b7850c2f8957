"""The one way to look on request: timed, and with every failure told in our words."""

import time
from collections.abc import Callable, Mapping
from typing import Final

from exporter.blackbox import dns, http, icmp, session, tcp
from exporter.blackbox.errand import Errand, Trail
from exporter.model import Failure, Look, Phase, ProbeError
from exporter.net.phases import PhaseClock

PROBERS: Final[Mapping[str, Callable[[Errand, Trail], None]]] = {
    "tcp": tcp.look,
    "icmp": icmp.look,
    "dns": dns.look,
    "http": http.look,
    "session": session.look,
    "resolve": dns.resolve,
}
"""How each prober looks. The last is for targets of ours only."""
PARTING: Final = 0.2
"""Seconds for the goodbye to a server that need not hear it."""
TIMED: Final = ("session", "tcp")
"""Probers whose phases are those of the clock."""


def look(errand: Errand, names: Mapping[str, str]) -> tuple[Look, str]:
    """Look once; give what was seen, and the log of it. `names` stand in each of its lines.

    Raises Forbidden where it is not allowed to look, and Stopped when the daemon ends.
    """
    limits = {} if errand.opener or errand.encryption else {Phase.CLOSE: PARTING}
    trail = Trail(PhaseClock(errand.seconds, limits, errand.stop), dict(names))
    trail.say("Beginning probe", probe=errand.prober, timeout_seconds=errand.seconds)
    begun = time.perf_counter()
    failure = None
    try:
        PROBERS[errand.prober](errand, trail)
    except ProbeError as error:
        failure = error.failure(trail.clock.phase)
    duration = time.perf_counter() - begun
    _say_how_it_went(trail, failure, duration)
    seen = Look(
        prober=errand.prober,
        duration=duration,
        timeout=errand.seconds,
        failure=failure,
        lookup=trail.lookup,
        address=trail.address,
        phases=_phases(errand, trail, failure),
        shown=trail.shown,
        page=trail.page,
        records=trail.records,
    )
    return seen, "".join(f"{line}\n" for line in trail.lines)


def _phases(errand: Errand, trail: Trail, failure: Failure | None) -> Mapping[str, float]:
    """Give the phases that were completed."""
    if errand.prober not in TIMED:
        return trail.phases
    completed = {str(phase): seconds for phase, seconds in trail.clock.finish()}
    if failure is not None:
        completed.pop(str(failure.phase), None)
    return completed | trail.phases


def _say_how_it_went(trail: Trail, failure: Failure | None, duration: float) -> None:
    if failure is None:
        trail.say("Probe succeeded", duration_seconds=f"{duration:.6f}")
        return
    told = {"phase": failure.phase, "cause": failure.cause, "err": failure.detail}
    further = {"said": failure.said, "code": failure.code, "offender": failure.offender}
    trail.say("Probe failed", level="error", **told, **{name: text for name, text in further.items() if text})
    trail.say("Probe ended", duration_seconds=f"{duration:.6f}")
