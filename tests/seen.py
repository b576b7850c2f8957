"""What probes see: of a target that is well, of one that is not, with the words of hostile peers as well."""

from typing import Any

from exporter.model import (
    Cause,
    Checkout,
    Connect,
    DropObservation,
    End,
    Endpoint,
    Failure,
    HeldObservation,
    Hop,
    IdleObservation,
    Incident,
    Invalidation,
    Limit,
    Missing,
    Observation,
    PathObservation,
    Phase,
    PingObservation,
    PoolObservation,
    Route,
    RouteHop,
    Scope,
    ServerObservation,
    ServerView,
    SessionObservation,
    Severity,
    Step,
    Target,
    TcpObservation,
    TlsObservation,
)

NOW = 1_795_300_000.0
NASTY = "<script>alert(1)</script>\x1b[31m\u202e\x00'\"&"
REFUSED = Failure(
    phase=Phase.TCP,
    cause=Cause.SERVER_DOWN,
    detail="nothing listens on port 5432",
    said="Connection refused",
)


def target(name: str = "orders", host: str = "db.example.com", **labels: str) -> Target:
    """Make a target."""
    endpoint = Endpoint(dialect="postgresql", host=host, port=5432, user="u", password=None, database="d")
    return Target(name=name, endpoint=endpoint, labels=labels)


def incident(of: str = "orders", number: int = 1, **more: Any) -> Incident:
    """Make an incident; it began ten minutes ago and goes on, if not told otherwise."""
    known: dict[str, Any] = {
        "cause": Cause.SERVER_DOWN,
        "severity": Severity.CRITICAL,
        "started": NOW - 600,
        "summary": f"Nothing listens at {of} any more",
        "evidence": ("12 of 12 connects were refused", "echoes to the host are answered"),
        "fix": (Step(text="Start the server", copy=("systemctl start postgresql", "df -h")),),
        "confidence": 0.95,
        "candidates": (Cause.NET_UNREACHABLE,),
    }
    return Incident(id=f"{of}-{number}", target=of, **{**known, **more})


def echoes(of: str, minutes: int = 60, lost: int = 0) -> list[Observation]:
    """Echoes of as many minutes, one a second; in each of the latest five minutes some are lost."""
    seen: list[Observation] = []
    for minute in range(minutes):
        started = NOW - 60 * (minutes - minute)
        rtts = tuple(0.010 + (second * 7 % 13) / 1000 for second in range(60))
        seen.append(
            PingObservation(target=of, probe="ping", started=started, duration=0.01, sent=60, rtts=rtts)
        )
        if lost and minutes - minute <= 5:
            seen.append(
                PingObservation(target=of, probe="ping", started=started, duration=1.0, sent=lost, lost=lost)
            )
    return seen


def healthy(of: str) -> list[Observation]:
    """What every probe sees of a target that is well."""
    about: dict[str, Any] = {"target": of, "started": NOW - 10}
    hops = tuple(Hop(ttl=ttl, address=f"10.0.0.{ttl}", rtt=ttl / 1000, reached=ttl == 3) for ttl in (1, 2, 3))
    route = Route(
        hops=(
            RouteHop(ttl=1, address="10.0.0.1", hostname="gateway.example.com", network="lan"),
            RouteHop(ttl=2, address="10.0.0.2"),
            RouteHop(ttl=3, address="10.0.0.3"),
        )
    )
    return [
        *echoes(of),
        TcpObservation(
            **about, probe="tcp", duration=0.011, connects=(Connect(address="10.0.0.3", seconds=0.011),)
        ),
        SessionObservation(
            **about,
            probe="session",
            duration=0.05,
            phases=(
                (Phase.DNS, 0.001),
                (Phase.TCP, 0.012),
                (Phase.TLS, 0.02),
                (Phase.AUTH, 0.01),
                (Phase.QUERY, 0.006),
                (Phase.CLOSE, 0.001),
            ),
        ),
        PathObservation(**about, probe="path", duration=0.1, hops=hops, route=route),
        TlsObservation(
            **about, probe="tls", duration=0.03, version="TLSv1.3", cipher="x", problem="self-signed"
        ),
        HeldObservation(**about, probe="sentinel", duration=0.01, held=1, answers=(0.011,)),
        HeldObservation(**about, probe="idle", duration=0.01, held=4),
        IdleObservation(**about, probe="idle", duration=0.01, survived=240.0, killed=None),
        server(of),
    ]


def server(of: str, said: str = "", **more: Any) -> ServerObservation:
    """What a server says of itself; it uses the words of `said` where it can."""
    view = ServerView(
        product="PostgreSQL",
        version=said or "17.2",
        started=NOW - 86400,
        replica=False,
        read_only=False,
        address="192.0.2.7",
        limits=(Limit(scope=Scope.SERVER, connections=96, most=97),),
        accounts={said or "app": 90, "probe": 6},
        settings={"idle_session_timeout": 0.0, "statement_timeout": 30.0},
        missing=(Missing(privilege="pg_monitor", needed_for="ages", grant="GRANT pg_monitor TO probe"),),
    )
    return ServerObservation(
        target=of, probe="server", started=NOW - 20, duration=0.02, **{"view": view, **more}
    )


def broken(of: str, said: str = "") -> list[Observation]:
    """What every probe sees of a target that was well and is not; the peer's words are `said`."""
    about: dict[str, Any] = {"target": of, "started": NOW - 5}
    failure = Failure(
        phase=Phase.TCP, cause=Cause.SERVER_DOWN, detail=said or REFUSED.detail, said=said or REFUSED.said
    )
    hops = (Hop(ttl=1, address="10.0.0.1", rtt=0.001), Hop(ttl=2), Hop(ttl=3))
    route = Route(
        hops=(
            RouteHop(ttl=1, address="10.0.0.1", hostname=said, network=said),
            RouteHop(ttl=2, address=None),
            RouteHop(ttl=3, address="10.0.0.3"),
        ),
        loss_start=2,
        rate_limited=(1,),
    )
    return [
        *healthy(of),
        *echoes(of, minutes=5, lost=3),
        TcpObservation(
            **about,
            probe="tcp",
            duration=0.011,
            failure=failure,
            connects=(Connect(address="10.0.0.3", seconds=0.01, syn_retransmits=1, failure=failure),),
        ),
        SessionObservation(
            **about, probe="session", duration=0.013, phases=((Phase.DNS, 0.001),), failure=failure
        ),
        PathObservation(**about, probe="path", duration=1.0, hops=hops, route=route),
        DropObservation(
            **about,
            probe="sentinel",
            duration=3600.0,
            end=End.RST,
            silent=5.0,
            used=True,
            tcp=None,
            failure=failure,
        ),
        HeldObservation(**about, probe="sentinel", duration=0.01, held=0, failure=failure),
        IdleObservation(
            **about,
            probe="idle",
            duration=0.01,
            survived=240.0,
            killed=360.0,
            settled=True,
            timeouts=((Cause.MIDDLEBOX_IDLE_TIMEOUT, 350.0),),
            pool_recycle=192.0,
            keepalive=120.0,
        ),
        PoolObservation(
            **about,
            probe="pool",
            duration=0.2,
            rested=300.0,
            checkouts=(Checkout(seconds=0.01), Checkout(seconds=30.0, handed_out=False, failure=failure)),
            invalidations=(Invalidation.STALE,),
            waiting=3,
            recycle=1800.0,
            recycle_unsafe=True,
        ),
        server(of, said, view=None, failure=failure),
    ]


def session(failure: Failure | None = None, started: float = NOW - 10) -> SessionObservation:
    """Make a session of `orders` without any phase."""
    return SessionObservation(
        target="orders", probe="session", started=started, duration=0.1, phases=(), failure=failure
    )
