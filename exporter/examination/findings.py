"""What ends connections, or will: the incidents that were seen, and the risks that were measured."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from exporter.diagnosis.advice import idle_values, pool_recycle_unsafe
from exporter.diagnosis.sign import Fact, Sign
from exporter.diagnosis.telling import tell
from exporter.examination import words
from exporter.examination.evidence import Evidence
from exporter.examination.looks import SOON, UNANSWERED
from exporter.examination.report import Finding
from exporter.model import (
    Cause,
    IdleObservation,
    PathObservation,
    Scope,
    Severity,
    Step,
    TcpObservation,
    TlsObservation,
)

URGENCY: Final = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)
IDLE_TIMEOUTS: Final = (
    Cause.MIDDLEBOX_IDLE_TIMEOUT,
    Cause.PROXY_IDLE_TIMEOUT,
    Cause.SERVER_IDLE_TIMEOUT,
)
SHORT: Final = 3600.0
"""Seconds below which a limit of the server's own on silence is told of, though no pool was described."""


def findings(evidence: Evidence) -> tuple[Finding, ...]:
    """Give all findings, the most urgent first; nothing is told twice."""
    seen = list(_seen(evidence))
    if _mute(evidence) and [finding.cause for finding in seen] == [Cause.UNKNOWN]:
        text = "no echo, no connect, nothing at all has been answered since this began"
        seen = [_told(evidence, Cause.NET_BLACKHOLE, text)]
    causes = {finding.cause for finding in seen}
    risks = [risk for risk in _risks(evidence) if risk.cause is None or risk.cause not in causes]
    told = [_with_recycle(finding, evidence) for finding in (*seen, *risks)]
    return tuple(sorted(told, key=lambda finding: (URGENCY.index(finding.severity), -finding.confidence)))


def _seen(evidence: Evidence) -> Iterator[Finding]:
    """Give one finding for each cause that has been named; what had no name only where nothing has one."""
    by_cause = {incident.cause: incident for incident in reversed(evidence.incidents)}
    idle = evidence.idle
    if len(by_cause) > 1 or (idle is not None and idle.killed is not None):
        by_cause.pop(Cause.UNKNOWN, None)
    for cause, incident in by_cause.items():
        yield Finding(
            severity=incident.severity,
            summary=words.line(incident.summary),
            cause=cause,
            evidence=tuple(map(words.line, incident.evidence)),
            fix=incident.fix,
            confidence=incident.confidence,
            candidates=incident.candidates,
        )
    if idle is not None and idle.killed is not None and not by_cause.keys() & set(IDLE_TIMEOUTS):
        yield from _layers(idle, evidence)


def _layers(idle: IdleObservation, evidence: Evidence) -> Iterator[Finding]:
    """Tell of silence that ends connections, and at which layer, where that is known already."""
    if not idle.timeouts:
        yield _ended(idle, evidence.aim.probed.target.name)
    for cause, seconds in idle.timeouts:
        values = dict(idle_values(idle.survived, idle.killed, [cause]))
        if cause is Cause.SERVER_IDLE_TIMEOUT and evidence.limits:
            setting = min(evidence.limits, key=lambda name: abs(evidence.limits[name] - seconds))
            values |= {"setting": setting, "seconds": f"{evidence.limits[setting]:g}"}
        yield _told(evidence, cause, f"silence of {words.duration(seconds)} ends connections", **values)


def _mute(evidence: Evidence) -> bool:
    """Whether nobody has answered anything, and nobody said why.

    That the line is down, the host off, or a firewall drops all of it cannot be told apart from here, and who
    has seen no better times waits for something to compare it with in vain.
    """
    told, connects = evidence.sight.told, evidence.sight.seen.last(TcpObservation)
    failure = connects.failure if connects is not None else None
    return (
        told.echoes.sent >= UNANSWERED
        and not told.echoes.seconds
        and not told.connects.seconds
        and failure is not None
        and failure.cause is Cause.NET_BLACKHOLE
    )


def _ended(idle: IdleObservation, target: str) -> Finding:
    """Tell of silence that ends connections, where nobody knows yet on whose account."""
    killed = words.duration(idle.killed or 0.0)
    lived = "" if idle.survived is None else f", and not after {words.duration(idle.survived)}"
    return Finding(
        severity=Severity.WARNING,
        summary=f"Connections to {target} end when they have been silent for {killed}{lived}",
        evidence=(f"two silent connections have ended within {killed}",),
        confidence=0.5,
        candidates=IDLE_TIMEOUTS,
    )


def _risks(evidence: Evidence) -> Iterator[Finding]:
    yield from _certificate(evidence)
    yield from _slots(evidence)
    yield from _sizes(evidence)
    yield from _loss(evidence)
    yield from _limit(evidence)
    yield from _writes(evidence)


def _certificate(evidence: Evidence) -> Iterator[Finding]:
    seen = evidence.sight.seen.last(TlsObservation)
    if seen is None or seen.handshake is None or seen.failure is not None:
        return
    encryption = evidence.aim.probed.dialect.prepare(evidence.aim.endpoint).encryption
    policy = encryption.policy if encryption is not None else None
    verified = policy is not None and bool(policy.objection("unknown", "unknown"))
    left = None if seen.expires is None else seen.expires - evidence.sight.now
    if left is not None and left < SOON:
        when = f"expires in {words.duration(left)}" if left > 0 else "has expired"
        yield Finding(
            severity=Severity.WARNING if verified else Severity.INFO,
            summary=f"The server's certificate {when}; who verifies it is not let in then",
            fix=(Step(text="Renew the certificate, and have the server load it"),),
            confidence=1.0,
        )
    if policy is not None and policy.required and not verified and seen.problem:
        yield Finding(
            severity=Severity.INFO,
            summary="The connection is encrypted, but nobody verifies with whom: the certificate fails",
            evidence=(words.line(seen.problem),),
            fix=(
                Step(text="Give the server a certificate that its clients can verify, and have them do so"),
            ),
            confidence=1.0,
        )


def _slots(evidence: Evidence) -> Iterator[Finding]:
    view = evidence.sight.view
    for limit in view.limits if view is not None else ():
        if limit.connections < evidence.sight.saturation * limit.most:
            continue
        whose = "the server" if limit.scope is Scope.SERVER else f"the {limit.scope} {limit.name}"
        text = f"{limit.connections} of {limit.most} connections of {whose} are in use"
        told = _told(evidence, Cause.SERVER_SATURATED, text)
        yield replace(told, severity=Severity.WARNING, summary=words.line(text[0].upper() + text[1:]))
        return


def _sizes(evidence: Evidence) -> Iterator[Finding]:
    mtu = evidence.sight.told.mtu
    if mtu is not None and mtu.blackhole:
        text = f"packets of up to {mtu.mtu} bytes pass, and larger ones vanish"
        yield _told(evidence, Cause.NET_MTU_BLACKHOLE, text, mtu=str(mtu.mtu))


def _loss(evidence: Evidence) -> Iterator[Finding]:
    path = evidence.sight.seen.last(PathObservation)
    route = path.route if path is not None else None
    if route is None or route.loss_start is None:
        return
    hop = next((each for each in route.hops if each.ttl == route.loss_start), None)
    who = f" ({hop.address}{f', {hop.network}' if hop.network else ''})" if hop and hop.address else ""
    yield _told(
        evidence, Cause.NET_LOSS, f"loss that reaches the target begins at hop {route.loss_start}{who}"
    )


def _limit(evidence: Evidence) -> Iterator[Finding]:
    """Tell of a server that ends sessions sooner than the pool gives them up."""
    name, seconds = min(evidence.limits.items(), key=lambda item: item[1], default=("", 0.0))
    unsafe = pool_recycle_unsafe(evidence.recycle, seconds, None) if name else None
    if not unsafe or (evidence.pool is None and seconds >= SHORT):
        return
    if evidence.pool is not None and evidence.pool.pool_pre_ping and seconds >= SHORT:
        return
    text = f"{name} is {words.duration(seconds)}: {_aged(evidence)}"
    told = _told(
        evidence,
        Cause.SERVER_IDLE_TIMEOUT,
        text,
        setting=name,
        seconds=f"{seconds:g}",
        **idle_values(seconds, None, [Cause.SERVER_IDLE_TIMEOUT]),
    )
    summary = (
        f"The server ends sessions that are silent for {words.duration(seconds)} ({name}); {_aged(evidence)}"
    )
    yield replace(told, severity=Severity.WARNING, summary=words.line(summary), evidence=())


def _writes(evidence: Evidence) -> Iterator[Finding]:
    """Tell of a server that takes none: nothing is wrong with that, unless somebody means to write."""
    view = evidence.sight.view
    if view is not None and (view.replica or view.read_only):
        kind = "is a replica" if view.replica else "is read-only"
        yield Finding(
            severity=Severity.INFO,
            summary=f"The server {kind}: who reads is well here, who writes gets an error",
            fix=(Step(text="If the application writes, have its URL lead to the primary"),),
            confidence=1.0,
        )


def _with_recycle(finding: Finding, evidence: Evidence) -> Finding:
    """Say of a pool that the user has described whether it lives with a timeout that was found."""
    idle = evidence.idle
    if evidence.pool is None or finding.cause not in {*IDLE_TIMEOUTS, None} or idle is None:
        return finding
    if not pool_recycle_unsafe(evidence.recycle, idle.killed, idle.survived):
        return finding
    return replace(finding, evidence=(*finding.evidence, _aged(evidence)))


def _aged(evidence: Evidence) -> str:
    recycle = evidence.recycle
    if recycle is None or recycle < 0:
        return "a pool without pool_recycle hands out connections that have ended meanwhile"
    return f"a pool with pool_recycle={recycle:g} hands out connections that have ended meanwhile"


def _told(evidence: Evidence, cause: Cause, text: str, **values: str) -> Finding:
    """Put a risk into the catalogue's words."""
    where = evidence.aim.endpoint
    fact = Fact(sign=Sign.SAID, text=text, cause=cause, values=values)
    family: Final = "postgresql" if where.dialect == "postgresql" else "mysql"
    known = {"host": where.host, "port": str(where.port)}
    told = tell(cause, evidence.aim.probed.target.name, family, [fact], known)
    return Finding(
        severity=told.severity,
        summary=words.line(told.summary),
        cause=cause,
        evidence=told.evidence,
        fix=told.fix,
        confidence=0.8,
    )
