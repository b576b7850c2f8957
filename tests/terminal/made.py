"""Progress and reports made by hand."""

from dataclasses import replace
from typing import Final

from exporter.examination.report import (
    Advice,
    Finding,
    Look,
    Progress,
    Report,
    Rung,
    Setting,
    Side,
    State,
)
from exporter.model import (
    Cause,
    DropObservation,
    End,
    IdleObservation,
    Incident,
    Seen,
    Severity,
    Step,
)

STARTED: Final = 1_790_000_000.0
CODE: Final = """\
from sqlalchemy import URL, create_engine

engine = create_engine(
    URL.create("postgresql+psycopg2", username="app", host="db-7.orders.eu-central.example.com", port=5432),
    pool_pre_ping=True,
    pool_recycle=239,
)
"""
LONG: Final = (
    "looked up and looked up again until every one of its resolvers had said the same thing twice " * 30
)
HOSTILE: Final = (
    "\x1b[2J\x1b]0;owned\x07\x1b[31mred",
    "two\nlines\r\x85\u2028\u2029\x0b",
    "\u202egnirts\u2066 \u200b\ufeff",
    "# head **bold** [link](javascript:x) <script>alert(1)</script> ![](x) | cell | `code`",
    "``` \n``` \n~~~",
    "- item",
    "1. one",
    "> quote @everyone #1 ~~gone~~ &lt; \\",
    "[bold red]markup[/] [/]",
    LONG,
)
"""What a server, a resolver or a certificate may say."""

IDLE: Final = IdleObservation(
    target="orders",
    probe="idle",
    started=STARTED,
    duration=0.0,
    survived=299.0,
    killed=301.0,
    settled=True,
    timeouts=((Cause.MIDDLEBOX_IDLE_TIMEOUT, 300.4),),
    pool_recycle=239.0,
    keepalive=60.0,
)
LOOKS: Final = (
    Look(side=Side.DNS, state=State.GOOD, text="192.0.2.7 in 3.1 ms"),
    Look(side=Side.PING, state=State.ABSENT, text="this host lets nobody ping"),
    Look(side=Side.TCP, state=State.GOOD, text="12.5 ms median of 40 connects"),
    Look(side=Side.SESSION, state=State.GOOD, text="open in 61 ms: tcp 12 ms, auth 30 ms, query 12 ms"),
    Look(side=Side.POOL, state=State.WAITING),
    Look(side=Side.HOLD, state=State.BAD, text="4 min 59 s survived, 5 min 1 s kills"),
)
FINDING: Final = Finding(
    severity=Severity.CRITICAL,
    cause=Cause.MIDDLEBOX_IDLE_TIMEOUT,
    summary="Something on the way to orders forgets connections that are silent for 300.4 s",
    evidence=("2 silent connections died unheard", "the server listed them for as long as it was asked"),
    fix=(
        Step(text="Let the pool give up connections in time", copy=("create_engine(url, pool_recycle=239)",)),
        Step(text="Ask whoever runs the NAT"),
    ),
    confidence=0.934,
    candidates=(Cause.MIDDLEBOX_IDLE_TIMEOUT, Cause.NET_BLACKHOLE),
)
HEALTHY: Final = Report(
    target="orders",
    url="postgresql://app@db-7.orders.example.com:5432/shop",
    started=STARTED,
    seconds=61.2,
    verdict="Nothing is wrong at orders: dns, tcp, session are good.",
    looks=LOOKS[:4],
    seen=Seen(since=STARTED),
    server="PostgreSQL 17.5",
)
ILL: Final = replace(
    HEALTHY,
    verdict=f"{FINDING.summary}.",
    looks=LOOKS,
    findings=(FINDING,),
    cut_short=True,
    advice=Advice(
        create_engine=CODE,
        engine=(Setting(name="pool_recycle", value="239", why="a connection is replaced in time"),),
        server=(Setting(name="tcp_keepalives_idle", value="60", why="keeps devices awake"),),
    ),
    unsure=("It was ended after 61.2 s: what was not seen by then is not known",),
    idle=IDLE,
    facts={"tcp": {"sent": 40, "lost": 0}},
)
INCIDENT: Final = Incident(
    id="1",
    target="orders",
    cause=Cause.MIDDLEBOX_IDLE_TIMEOUT,
    severity=Severity.CRITICAL,
    started=STARTED,
    summary=FINDING.summary,
)


def progress(
    *, rungs: int = 4, elapsed: float = 12.0, idle: IdleObservation | None = IDLE, ill: bool = True
) -> Progress:
    """Make a progress with so many connections left silent."""
    return Progress(
        target="orders",
        elapsed=elapsed,
        left=108.0,
        looks=LOOKS,
        rungs=tuple(
            Rung(seconds=30.0 * (number + 1), silent=elapsed, armed="keepalive" * (number % 2))
            for number in range(rungs)
        ),
        idle=idle,
        incidents=(INCIDENT,) if ill else (),
    )


def hostile(text: str) -> Report:
    """Make a report in which somebody else has said `text` wherever somebody else has a say."""
    step = Step(text=text, copy=(text,))
    finding = replace(FINDING, summary=text, evidence=(text, text), fix=(step,))
    setting = Setting(name=text, value=text, why=text)
    return replace(
        ILL,
        target=text,
        url=text,
        verdict=text,
        server=text,
        looks=tuple(replace(look, text=text) for look in LOOKS),
        findings=(finding,),
        advice=Advice(create_engine=CODE, engine=(setting,), server=(setting,)),
        unsure=(text,),
    )


def dropped(end: End, *, used: bool) -> Report:
    """Make a report in which silent connections ended in that way."""
    drop = DropObservation(
        target="orders",
        probe="idle",
        started=STARTED,
        duration=301.0,
        end=end,
        silent=301.0,
        used=used,
        tcp=None,
    )
    return replace(ILL, seen=replace(ILL.seen, drops=(drop,)))
