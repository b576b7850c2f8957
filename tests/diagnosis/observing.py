"""Observations as the probes make them, in as few words as a test needs, and what a case makes of them."""

from collections.abc import Sequence
from typing import Any

from exporter.diagnosis.case import Case
from exporter.diagnosis.sign import Fact, Sign
from exporter.diagnosis.subject import Subject
from exporter.model import (
    Cause,
    Connect,
    DnsObservation,
    DropObservation,
    End,
    Failure,
    HeldObservation,
    Hop,
    IdleObservation,
    InquestObservation,
    Limit,
    MtuObservation,
    Observation,
    PathObservation,
    Phase,
    PingObservation,
    Route,
    RouteHop,
    Scope,
    ServerObservation,
    ServerView,
    SessionObservation,
    TcpObservation,
    Trial,
    TrialObservation,
)

ADDRESS = "10.0.1.2"
BASE: dict[str, Any] = {"target": "orders", "started": 0.0}


def failure(cause: Cause, phase: Phase | None = None, **more: str) -> Failure:
    return Failure(phase=phase, cause=cause, **({"detail": f"{cause}, in our words"} | more))


def session(failed: Failure | None = None, *, seconds: float = 0.01, dns: float = 0.0) -> SessionObservation:
    phases = ((Phase.DNS, dns),) if dns else ()
    return SessionObservation(probe="session", duration=seconds, failure=failed, phases=phases, **BASE)


def drop(
    end: End,
    cause: Cause = Cause.UNKNOWN,
    *,
    probe: str = "sentinel",
    age: float = 60.0,
    silent: float = 1.0,
    used: bool = False,
    said: str = "",
    code: str = "",
) -> DropObservation:
    return DropObservation(
        probe=probe,
        duration=age,
        failure=failure(cause, said=said, code=code),
        end=end,
        silent=silent,
        used=used,
        tcp=None,
        **BASE,
    )


def held(count: int = 1, *answers: float, probe: str = "sentinel", **more: Any) -> HeldObservation:
    return HeldObservation(probe=probe, duration=0.0, held=count, answers=answers, **more, **BASE)


def echoes(sent: int = 1, lost: int = 0, rtt: float | None = 0.001, **more: Any) -> PingObservation:
    rtts = () if rtt is None else (rtt,) * (sent - lost)
    return PingObservation(probe="ping", duration=0.0, sent=sent, lost=lost, rtts=rtts, **more, **BASE)


def connect(failed: Failure | None = None, **more: Any) -> Connect:
    usual: dict[str, Any] = {"address": ADDRESS, "seconds": 0.001, "rtt": None if failed else 0.001}
    return Connect(**(usual | more), failure=failed)


def knock(*connects: Connect) -> TcpObservation:
    return TcpObservation(probe="tcp", duration=0.0, connects=connects, **BASE)


def name(*answers: str, failed: Failure | None = None, seconds: float = 0.001, **more: Any) -> DnsObservation:
    return DnsObservation(probe="dns", duration=seconds, failure=failed, answers=answers, **more, **BASE)


def path(*addresses: str | None, reached: bool = True, route: Route | None = None) -> PathObservation:
    hops = tuple(
        Hop(ttl=ttl, address=address, reached=reached and ttl == len(addresses))
        for ttl, address in enumerate(addresses, start=1)
    )
    return PathObservation(probe="path", duration=0.0, hops=hops, route=route, **BASE)


def route(*addresses: str | None, loss_start: int | None = None, network: str = "") -> Route:
    hops = (RouteHop(ttl=ttl, address=one, network=network) for ttl, one in enumerate(addresses, start=1))
    return Route(hops=tuple(hops), loss_start=loss_start)


def sizes(mtu: int | None, *, blackhole: bool | None, failed: Failure | None = None) -> MtuObservation:
    return MtuObservation(probe="mtu", duration=0.0, mtu=mtu, blackhole=blackhole, failure=failed, **BASE)


def server(*changes: Any, own_address: str = "", used: int | None = None, **view: Any) -> ServerObservation:
    if used is not None:
        view["limits"] = (Limit(scope=Scope.SERVER, connections=used, most=100),)
    said: dict[str, Any] = {"product": "PostgreSQL", "version": "15.18", "started": 1000.0} | view
    seen = ServerView(**said)
    return ServerObservation(
        probe="server", duration=0.0, view=seen, changes=changes, own_address=own_address, **BASE
    )


def inquest(
    end: End = End.SILENCE,
    *,
    silent: float = 10.0,
    used: bool = True,
    listed: bool | None = True,
    idle: bool = True,
) -> InquestObservation:
    return InquestObservation(
        probe="idle",
        duration=0.0,
        end=end,
        silent=silent,
        used=used,
        reachable=True,
        listed=listed,
        idle=idle,
        **BASE,
    )


def idle(
    survived: float | None, killed: float | None, *timeouts: tuple[Cause, float], settled: bool = True
) -> IdleObservation:
    return IdleObservation(
        probe="idle",
        duration=0.0,
        survived=survived,
        killed=killed,
        settled=settled,
        timeouts=timeouts,
        **BASE,
    )


def trial(which: Trial, failed: Failure | None = None, **more: Any) -> TrialObservation:
    return TrialObservation(probe="trial", duration=0.0, trial=which, failure=failed, **more, **BASE)


SUBJECT = Subject(target="orders", host="db.example.com", port=5432, family="postgresql", named=True)
REFUSED = failure(Cause.SERVER_DOWN, Phase.TCP, code="ECONNREFUSED")
DEAF = failure(Cause.NET_BLACKHOLE, Phase.TCP)
Seen = tuple[float, Observation]
SYMPTOM: Seen = (100.0, session(failure(Cause.UNKNOWN, Phase.AUTH)))
"""A failure that shows nothing but that there is trouble."""


def case_of(*seen: Seen, subject: Subject = SUBJECT) -> Case:
    case = Case(subject)
    for at, observation in seen:
        case.take(at, observation)
    return case


def facts_at(at: float, *seen: Seen, subject: Subject = SUBJECT) -> list[Fact]:
    return case_of(*seen, subject=subject).facts(at)


def signs(facts: Sequence[Fact]) -> set[Sign]:
    return {fact.sign for fact in facts}


def fact(facts: Sequence[Fact], sign: Sign) -> Fact:
    return next(one for one in facts if one.sign is sign)
