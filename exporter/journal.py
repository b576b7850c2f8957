"""Log lines: failures, what is found out about idle timeouts, servers that changed, incidents."""

import logging

from exporter.model import (
    Cause,
    Change,
    DnsObservation,
    DropObservation,
    HeldObservation,
    IdleObservation,
    Incident,
    InquestObservation,
    MtuObservation,
    Observation,
    PathObservation,
    PingObservation,
    ServerObservation,
    ServerView,
    Stage,
    TrialObservation,
    rfc3339,
)

log = logging.getLogger(__name__)

CHANGES = {
    Change.RESTART: "server has restarted",
    Change.IDENTITY: "another server answers",
    Change.ADDRESS: "server sees another address of ours",
}


class Journal:
    """Logs failures as they are observed.

    A session that fails is a warning each time, and so is a connection that drops, but for the silent ones of
    `idle`: these drop where there is a timeout to be found, and are an information. The other probes look
    often: of a row of failures the first is a warning, the end of the row an information, and the others are
    there at level debug; another cause is worth another warning. What is known of an idle timeout is told
    once it is certain, and when it has become something else. A privilege that our account does not have is
    a warning once.
    """

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str, str], tuple[int, Cause | None]] = {}
        self._findings: dict[str, dict[str, object]] = {}
        self._views: dict[str, ServerView] = {}

    def record(self, observation: Observation) -> None:
        """Log what went wrong in one observation, if anything."""
        lost = isinstance(observation, PingObservation) and observation.lost > 0
        if isinstance(observation, ServerObservation) and observation.view is not None:
            self._met(observation, observation.view)
        if isinstance(observation, DropObservation):
            # Silent connections are there to be dropped.
            level = logging.INFO if observation.probe == "idle" else logging.WARNING
            log.log(level, "connection dropped", extra={"fields": _drop(observation)})
        elif isinstance(observation, IdleObservation):
            self._found(observation)
        elif isinstance(observation, InquestObservation):
            return  # the drop that it was about has been told
        elif isinstance(observation, TrialObservation):
            log.info("trial made", extra={"fields": _fields(observation) | _outcome(observation)})
        elif observation.probe == "session":
            if observation.failure is not None:
                log.warning("probe failed", extra={"fields": _fields(observation)})
        elif lost or observation.failure is not None:
            self._failed(observation, "echo lost" if lost else "probe failed")
        elif self._rows and _answered(observation):
            self._succeeded(observation)

    def forget(self, target: str) -> None:
        """Let go of a target, once its probes have stopped; one of its name that comes later is another."""
        self._findings.pop(target, None)
        self._views.pop(target, None)
        for key in [key for key in self._rows.copy() if key[0] == target]:
            self._rows.pop(key, None)

    def incident(self, stage: Stage, incident: Incident, before: Cause) -> None:
        """Log that an incident began, has a name, or is over; `before` is the cause it had until now."""
        fields = _incident(incident)
        match stage:
            case Stage.OPENED:
                log.warning("incident opened", extra={"fields": fields})
            case Stage.NAMED:
                told = {"evidence": "; ".join(incident.evidence), "fix": "".join(map(str, incident.fix[:1]))}
                renamed = {} if before is Cause.UNKNOWN else {"before": before}
                named = fields | renamed | {name: text for name, text in told.items() if text}
                log.warning("incident named", extra={"fields": named})
            case Stage.CLOSED:
                lasted = (incident.ended or incident.started) - incident.started
                log.info("incident closed", extra={"fields": fields | {"duration": f"{lasted:.3f}"}})

    def _met(self, look: ServerObservation, view: ServerView) -> None:
        """Tell of a server that is not as it was, and of what it does not let us see."""
        before = self._views.get(look.target)
        self._views[look.target] = view
        about: dict[str, object] = {"target": look.target, "probe": look.probe}
        for change in look.changes:
            assert before is not None  # noqa: S101  there is no change without
            fields = about | _change(change, before, view)
            log.warning(CHANGES[change], extra={"fields": fields})
        known = before.missing if before is not None else ()
        for missing in view.missing:
            if missing not in known:
                needed = {"privilege": missing.privilege, "needed_for": missing.needed_for}
                fields = about | needed | {"grant": missing.grant}
                log.warning("privilege missing", extra={"fields": fields})

    def _found(self, idle: IdleObservation) -> None:
        """Tell of what is certain, once."""
        if not idle.settled:
            return
        fields = {"target": idle.target, "probe": idle.probe} | _finding(idle)
        if self._findings.get(idle.target) != fields:
            self._findings[idle.target] = fields
            found = "no idle timeout on the ladder" if idle.killed is None else "idle timeout found"
            log.info(found, extra={"fields": fields})

    def _failed(self, observation: Observation, message: str) -> None:
        key, failure = _key(observation), observation.failure
        cause = failure.cause if failure is not None else None
        row, before = self._rows.get(key, (0, None))
        self._rows[key] = row + 1, cause
        level = logging.DEBUG if row and cause == before else logging.WARNING
        log.log(level, message, extra={"fields": _fields(observation)})

    def _succeeded(self, observation: Observation) -> None:
        row, _ = self._rows.pop(_key(observation), (0, None))
        if row:
            again = (
                "echo answered again" if isinstance(observation, PingObservation) else "probe succeeded again"
            )
            log.info(again, extra={"fields": {**_fields(observation), "failed": row}})


def _drop(drop: DropObservation) -> dict[str, object]:
    fields = _fields(drop)
    del fields["duration"]
    times = {"age": f"{drop.duration:.3f}", "silent": f"{drop.silent:.3f}"}
    return fields | {"end": drop.end, **times, "used": "yes" if drop.used else "no"}


def _finding(idle: IdleObservation) -> dict[str, object]:
    """Say what was found, in seconds; what was not is left out."""
    certain: dict[str, float | None] = {"survived": idle.survived}
    if idle.killed is not None:
        certain |= {"killed": idle.killed, "pool_recycle": idle.pool_recycle, "keepalive": idle.keepalive}
    fields: dict[str, object] = {name: f"{value:.1f}" for name, value in certain.items() if value is not None}
    if idle.killed is not None:
        fields["cause"] = ",".join(cause for cause, _ in idle.timeouts) or Cause.UNKNOWN
    return fields


def _incident(incident: Incident) -> dict[str, object]:
    return {
        "target": incident.target,
        "id": incident.id,
        "cause": incident.cause,
        "severity": incident.severity,
        "summary": incident.summary,
        "confidence": f"{incident.confidence:.2f}",
    }


def _outcome(trial: TrialObservation) -> dict[str, object]:
    """Say what was tried, and what passed of it; what was not found out is left out."""
    sizes = {"small": trial.small, "there": trial.there, "back": trial.back}
    found = {name: "yes" if passed else "no" for name, passed in sizes.items() if passed is not None}
    return {"trial": str(trial.trial), **found}


def _change(change: Change, before: ServerView, now: ServerView) -> dict[str, object]:
    match change:
        case Change.ADDRESS:
            return {"before": before.address, "now": now.address}
        case Change.RESTART:
            return {"started": rfc3339(now.started or 0.0)}
        case Change.IDENTITY:
            return {"before": before.identity, "now": now.identity, "started": rfc3339(now.started or 0.0)}


def _answered(observation: Observation) -> bool:
    """Tell whether what has not failed was answered: only that ends a row."""
    match observation:
        case PingObservation():
            return bool(observation.rtts)
        case PathObservation():
            return observation.reached
        case MtuObservation():
            return observation.mtu is not None
        case HeldObservation():
            return observation.held > 0
    return True


def _key(observation: Observation) -> tuple[str, str, str]:
    """Tell one row from another: each name server that is asked has its own."""
    resolver = observation.resolver if isinstance(observation, DnsObservation) else ""
    return observation.target, observation.probe, resolver


def _fields(observation: Observation) -> dict[str, object]:
    fields: dict[str, object] = {"target": observation.target, "probe": observation.probe}
    if isinstance(observation, DnsObservation) and observation.resolver:
        fields["resolver"] = observation.resolver
    failure = observation.failure
    if failure is not None:
        fields |= {"phase": failure.phase, "cause": failure.cause}
    fields["duration"] = f"{observation.duration:.6f}"
    if failure is not None:
        said = "" if failure.said == failure.detail else failure.said  # once is enough
        fields["detail"] = failure.detail
        fields |= {name: text for name, text in (("code", failure.code), ("said", said)) if text}
    return {name: value for name, value in fields.items() if value is not None}
