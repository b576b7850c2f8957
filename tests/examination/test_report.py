"""What a report makes of what was seen: lines, findings, advice and doubts, without a server."""

import ast
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from exporter.examination.advising import Need, advise
from exporter.examination.aiming import aim
from exporter.examination.engine import Client, written
from exporter.examination.looks import Sight, looks
from exporter.examination.plan import Plan, PoolPlan
from exporter.examination.record import Record
from exporter.examination.report import Finding, Report, Side, State
from exporter.examination.telling import Known, report
from exporter.model import (
    Cause,
    Checkout,
    DnsObservation,
    Failure,
    Hop,
    IdleObservation,
    Incident,
    Limit,
    MtuObservation,
    Observation,
    PathObservation,
    PingObservation,
    PoolObservation,
    Route,
    RouteHop,
    Scope,
    Seen,
    ServerView,
    SessionObservation,
    Severity,
    TcpObservation,
    TlsObservation,
    harmless,
)
from exporter.runtime.latest import Latest
from tests.examination.scene import called
from tests.seen import NASTY, NOW, broken, healthy, incident, server

URL = "postgresql://app@db.example.com/shop?sslmode=require"
ABOUT: dict[str, Any] = {"target": "orders", "started": NOW, "duration": 0.01}
FAILURE = Failure(phase=None, cause=Cause.NET_BLACKHOLE, detail="nothing came", said="no\x1b[2J route")
FOUND = IdleObservation(
    **ABOUT,
    probe="idle",
    survived=240.0,
    killed=360.0,
    settled=True,
    timeouts=((Cause.MIDDLEBOX_IDLE_TIMEOUT, 350.0),),
)


def sight(observations: Sequence[Observation], **absent: str) -> Sight:
    """Draw from what was observed."""
    latest, record = Latest(), Record()
    for each in observations:
        latest.record(each)
        record.record(each)
    return Sight(seen=latest.of("orders", NOW) or Seen(since=NOW), told=record.told(), now=NOW, absent=absent)


def told(
    observations: Sequence[Observation],
    incidents: Sequence[Incident] = (),
    cut_short: bool = False,
    **plan: Any,
) -> Report:
    """Report on what was observed."""
    made = Plan(**{"where": URL, **plan})
    known = Known(
        aim=aim(made),
        plan=made,
        sight=sight(observations),
        incidents=incidents,
        started=NOW,
        seconds=12.0,
        cut_short=cut_short,
    )
    return report(known)


def look(side: Side, *observations: Observation, **absent: str) -> tuple[State, str]:
    """Give what one side has come to."""
    drawn = looks(sight(observations, **absent), frozenset(Side), holding=True)
    (found,) = (each for each in drawn if each.side is side)
    return found.state, found.text


def view(**more: Any) -> Observation:
    """Make a look at a server that has this view."""
    known = ServerView(product="PostgreSQL", version="17.2")
    return server("orders", view=replace(known, **more))


ECHOES = PingObservation(**ABOUT, probe="ping", sent=10, rtts=(0.001,) * 9 + (0.002,))
ROUTE = Route(hops=(RouteHop(ttl=1, address="10.0.0.1", hostname="gw.example.com", network="lan"),))
HOPS = (Hop(ttl=1, address="10.0.0.1", reached=True),)
PATH = PathObservation(**ABOUT, probe="path", hops=HOPS, route=ROUTE)
TLS = TlsObservation(**ABOUT, probe="tls", handshake=0.01, version="TLSv1.3", cipher="x", verified=True)
POOL = PoolObservation(**ABOUT, probe="pool", rested=1.0, checkouts=(Checkout(seconds=0.1),))

ROWS: list[tuple[Side, list[Observation], State, str]] = [
    (Side.DNS, [], State.WAITING, ""),
    (
        Side.DNS,
        [DnsObservation(**ABOUT, probe="dns", answers=("a", "b", "c", "d"))],
        State.GOOD,
        "a, b, c … in 10 ms",
    ),
    (
        Side.DNS,
        [DnsObservation(**ABOUT, probe="dns", failure=FAILURE)],
        State.BAD,
        "nothing came: no␛[2J route",
    ),
    (Side.PING, [], State.WAITING, ""),
    (Side.PING, [ECHOES], State.GOOD, "1 ms median of 10 echoes, none lost"),
    (Side.PING, [replace(ECHOES, sent=1, rtts=(0.001,))], State.WAITING, "1 ms median of 1 echo, none lost"),
    (Side.PING, [ECHOES, replace(ECHOES, lost=4)], State.BAD, "1 ms median of 20 echoes, 4 lost"),
    (Side.PING, [replace(ECHOES, sent=6, lost=6, rtts=())], State.BAD, "none of 6 echoes was answered"),
    (Side.PING, [replace(ECHOES, sent=0, rtts=(), failure=FAILURE)], State.BAD, "nothing came: no␛[2J route"),
    (Side.PATH, [PATH], State.WAITING, "1 hop, loss begins nowhere"),
    (Side.PATH, [PATH, PATH], State.GOOD, "1 hop, loss begins nowhere"),
    (
        Side.PATH,
        [replace(PATH, route=replace(ROUTE, loss_start=1))],
        State.BAD,
        "1 hop, loss begins at hop 1 (gw.example.com)",
    ),
    (
        Side.PATH,
        [replace(PATH, route=replace(ROUTE, loss_start=2))],
        State.BAD,
        "1 hop, loss begins at hop 2",
    ),
    (Side.PATH, [replace(PATH, hops=())], State.BAD, "1 hop seen, the target does not answer"),
    (Side.PATH, [replace(PATH, route=None)], State.BAD, "no hop has answered"),
    (Side.PATH, [replace(PATH, route=None, failure=FAILURE)], State.BAD, "nothing came: no␛[2J route"),
    (Side.MTU, [MtuObservation(**ABOUT, probe="mtu", mtu=1500, blackhole=False)], State.GOOD, "1500 bytes"),
    (
        Side.MTU,
        [MtuObservation(**ABOUT, probe="mtu", mtu=1400, blackhole=True)],
        State.BAD,
        "1400 bytes pass, larger packets vanish without a word",
    ),
    (Side.MTU, [MtuObservation(**ABOUT, probe="mtu")], State.BAD, "no packet size is answered"),
    (
        Side.TCP,
        [TcpObservation(**ABOUT, probe="tcp", failure=FAILURE)],
        State.BAD,
        "nothing came: no␛[2J route",
    ),
    (Side.TLS, [TLS], State.GOOD, "TLS 1.3"),
    (
        Side.TLS,
        [replace(TLS, expires=NOW + 61.5 * 86400)],
        State.GOOD,
        "TLS 1.3, certificate good for 61 days",
    ),
    (Side.TLS, [replace(TLS, expires=NOW + 3600)], State.BAD, "TLS 1.3, certificate good for 1 h"),
    (Side.TLS, [replace(TLS, expires=NOW - 3600)], State.BAD, "TLS 1.3, certificate has expired"),
    (Side.TLS, [replace(TLS, problem="self-signed")], State.GOOD, "TLS 1.3; not verified: self-signed"),
    (
        Side.TLS,
        [replace(TLS, handshake=None)],
        State.GOOD,
        "the server offers no TLS, and the URL does not demand it",
    ),
    (Side.TLS, [replace(TLS, failure=FAILURE)], State.BAD, "nothing came: no␛[2J route"),
    (
        Side.SESSION,
        [SessionObservation(**ABOUT, probe="session", phases=(), failure=FAILURE)],
        State.BAD,
        "nothing came: no␛[2J route",
    ),
    (Side.SERVER, [view(replica=True)], State.GOOD, "PostgreSQL 17.2, a replica"),
    (Side.SERVER, [view(read_only=True)], State.GOOD, "PostgreSQL 17.2, read-only"),
    (Side.SERVER, [server("orders", view=None)], State.BAD, "nothing can be asked"),
    (Side.SERVER, [server("orders")], State.BAD, "PostgreSQL 17.2: 96 of 97 connections"),
    (Side.POOL, [POOL], State.GOOD, "1 checkout, all good"),
    (Side.POOL, [replace(POOL, rested=0.0)], State.WAITING, "1 checkout, all good"),
    (
        Side.POOL,
        [replace(POOL, checkouts=(Checkout(seconds=0.1, failure=FAILURE),))],
        State.BAD,
        "1 of 1 checkouts failed: nothing came: no␛[2J route",
    ),
    (Side.HOLD, [], State.WAITING, "nothing is known of silence yet"),
    (Side.HOLD, [FOUND], State.BAD, "4 min survived, 6 min kills: middlebox.idle_timeout after 5 min 50 s"),
    (
        Side.HOLD,
        [replace(FOUND, killed=None, timeouts=(), settled=False)],
        State.WAITING,
        "4 min survived, nothing has ended",
    ),
    (Side.HOLD, [replace(FOUND, survived=None, timeouts=())], State.BAD, "nothing survived yet, 6 min kills"),
]


@pytest.mark.parametrize(("side", "observations", "state", "text"), ROWS)
def test_each_side_is_told_in_a_line(
    side: Side, observations: list[Observation], state: State, text: str
) -> None:
    assert look(side, *observations) == (state, text)


def test_what_cannot_be_looked_at_says_why() -> None:
    assert look(Side.PING, ping="no ICMP socket may be opened") == (
        State.ABSENT,
        "no ICMP socket may be opened",
    )
    drawn = looks(sight([]), frozenset({Side.TCP}), holding=False)
    assert {each.state for each in drawn if each.side is not Side.TCP} == {State.ABSENT}


def test_hostile_words_do_nothing() -> None:
    """Those of servers, name servers and routers."""
    made = told(broken("orders", NASTY), [incident(summary=NASTY, evidence=(NASTY,))])
    lines = [made.verdict, made.server, *made.unsure, *(each.text for each in made.looks)]
    lines += [text for found in made.findings for text in (found.summary, *found.evidence)]
    assert [line for line in lines if harmless(line) != line or "\n" in line] == []
    assert json.dumps(dict(made.facts))


def found(made: Report, cause: Cause | None) -> list[Finding]:
    return [finding for finding in made.findings if finding.cause is cause]


def test_incidents_are_findings_and_none_is_told_twice() -> None:
    """The newest of a cause, and nothing without a name beside one that has one."""
    seen = [
        incident(number=3, cause=Cause.NET_LOSS, severity=Severity.WARNING, summary="Loss"),
        incident(number=2, cause=Cause.SERVER_DOWN, summary="Down again"),
        incident(number=1, cause=Cause.SERVER_DOWN, summary="Down", ended=NOW),
        incident(number=0, cause=Cause.UNKNOWN, summary="Trouble"),
    ]
    lossy = replace(PATH, route=replace(ROUTE, loss_start=1))
    made = told([*healthy("orders"), lossy], seen)
    assert [finding.summary for finding in made.findings[:2]] == ["Down again", "Loss"]
    assert len(found(made, Cause.NET_LOSS)) == 1
    assert found(made, Cause.UNKNOWN) == []
    assert made.verdict.startswith("Down again; and ")
    assert found(told([ECHOES], seen[-1:]), Cause.UNKNOWN)


def test_who_answers_nothing_is_called_so() -> None:
    """There have been no better times to compare with, which the incident waits for."""
    dark = Failure(phase=None, cause=Cause.NET_BLACKHOLE, detail="no answer")
    echoes = replace(ECHOES, sent=5, rtts=(), failure=dark)
    connect = TcpObservation(**ABOUT, probe="tcp", failure=dark)
    refused = replace(connect, failure=replace(dark, cause=Cause.SERVER_DOWN))
    unnamed = incident(number=0, cause=Cause.UNKNOWN, summary="Trouble")
    (finding,) = told([echoes, connect], [unnamed]).findings
    assert (finding.cause, finding.severity) == (Cause.NET_BLACKHOLE, Severity.CRITICAL)
    assert told([echoes, refused], [unnamed]).findings[0].cause is Cause.UNKNOWN
    assert told([ECHOES, connect], [unnamed]).findings[0].cause is Cause.UNKNOWN


def test_a_server_that_takes_no_writes_is_told_of() -> None:
    """In passing: it may be meant."""
    for how in ({"replica": True}, {"read_only": True}):
        made = told([*healthy("orders"), view(**how)])
        (finding,) = found(made, None)
        assert (finding.severity, finding.fix != ()) == (Severity.INFO, True)
        assert made.verdict.startswith("Nothing is wrong")


def test_risks_are_measured() -> None:
    """Certificates, slots, packet sizes, loss, limits."""
    soon = replace(TLS, expires=NOW + 86400 * 5, verified=False, problem="self-signed")
    made = told([soon, MtuObservation(**ABOUT, probe="mtu", mtu=1400, blackhole=True)])
    assert [finding.severity for finding in found(made, None)] == [Severity.INFO] * 2
    assert "expires in 5 days" in found(made, None)[0].summary
    (sizes,) = found(made, Cause.NET_MTU_BLACKHOLE)
    assert sizes.evidence == ("packets of up to 1400 bytes pass, and larger ones vanish",)
    over = told([replace(TLS, expires=NOW - 1)], where=URL.replace("require", "verify-full"))
    (finding,) = over.findings
    assert (finding.severity, finding.summary.split(";")[0]) == (
        Severity.WARNING,
        "The server's certificate has expired",
    )
    (loss,) = told([replace(PATH, route=replace(ROUTE, loss_start=1))]).findings
    assert loss.evidence == ("loss that reaches the target begins at hop 1 (10.0.0.1, lan)",)


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        (Limit(scope=Scope.SERVER, connections=96, most=97), "96 of 97 connections of the server are in use"),
        (
            Limit(scope=Scope.ACCOUNT, name="app", connections=9, most=10),
            "9 of 10 connections of the account app are in use",
        ),
    ],
)
def test_slots_that_are_nearly_used_up(limit: Limit, words: str) -> None:
    (finding,) = told([view(limits=(limit,))]).findings
    assert (finding.cause, finding.severity, finding.summary) == (
        Cause.SERVER_SATURATED,
        Severity.WARNING,
        words,
    )


@pytest.mark.parametrize(
    ("limit", "pool", "unsafe"),
    [
        (300.0, None, True),
        (28800.0, None, False),
        (28800.0, PoolPlan(), True),
        (28800.0, PoolPlan(pool_pre_ping=True), False),
        (28800.0, PoolPlan(pool_recycle=3600.0), False),
        (28800.0, PoolPlan(pool_recycle=30000.0), True),
        (0.0, PoolPlan(), False),
    ],
)
def test_a_limit_of_the_server_is_a_risk_where_the_pool_does_not_heed_it(
    limit: float, pool: PoolPlan | None, unsafe: bool
) -> None:
    made = told([view(settings={"idle_session_timeout": limit})], pool=pool)
    assert bool(found(made, Cause.SERVER_IDLE_TIMEOUT)) is unsafe
    assert bool(made.advice.server) is unsafe
    fixes = [line for finding in made.findings for step in finding.fix for line in step.copy]
    assert any(f"pool_recycle={0.8 * limit:.0f}," in line for line in fixes) is unsafe


def test_silence_that_ends_connections_is_told_before_its_layer_is_known() -> None:
    """With what would tell it."""
    unknown = replace(FOUND, timeouts=())
    trouble = incident(cause=Cause.UNKNOWN)
    made = told([*healthy("orders"), unknown], [trouble], hold=600.0)
    (finding,) = found(made, None)[:1]
    assert (
        finding.summary
        == "Connections to db.example.com end when they have been silent for 6 min, and not after 4 min"
    )
    assert Cause.MIDDLEBOX_IDLE_TIMEOUT in finding.candidates
    assert (
        "Which layer ends silent connections could not be told in time: a hold of 36 min is enough"
        in made.unsure
    )
    assert "pool_recycle=192" in made.advice.create_engine
    likely = told([unknown], [incident(cause=Cause.MIDDLEBOX_IDLE_TIMEOUT)], hold=600.0)
    assert likely.unsure[0].startswith("That it is middlebox.idle_timeout was told by how they ended")


def test_what_was_not_tried_is_told() -> None:
    short = told([replace(FOUND, killed=None, timeouts=())], hold=300.0)
    assert short.unsure[0].startswith(
        "What ends silence after more than 4 min was not looked for: a hold of "
    )
    assert (
        "live on after 4 min of silence"
        in told([ECHOES, replace(FOUND, killed=None, timeouts=())], hold=300.0).verdict
    )
    alone = told([replace(FOUND, killed=None, timeouts=())], hold=300.0, sides=frozenset({Side.HOLD}))
    assert alone.verdict == "Nothing is wrong at db.example.com: connections live on after 4 min of silence."
    nothing = told([], hold=300.0)
    assert nothing.unsure[0].startswith("No silence came to its end: ")
    assert "this did not go well: nothing answered" in nothing.verdict
    ended = told([], cut_short=True)
    assert ended.verdict.startswith("Ended after 12 s, before all was seen")
    assert any("pg_monitor" in line for line in told(healthy("orders")).unsure)
    assert told([], sides=frozenset({Side.TCP})).unsure == ("tcp came to no result in time",)


def need(where: str = URL, cause: Cause | None = Cause.MIDDLEBOX_IDLE_TIMEOUT, **more: Any) -> Need:
    causes = frozenset() if cause is None else frozenset({cause})
    known: dict[str, Any] = {"pool": PoolPlan(), "causes": causes, "idle": FOUND}
    return Need(**{"aim": aim(Plan(where=where)), **known, **more})


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            URL,
            {
                "connect_timeout": 5,
                "keepalives": 1,
                "keepalives_idle": 60,
                "keepalives_interval": 24,
                "keepalives_count": 3,
                "tcp_user_timeout": 132000,
            },
        ),
        (
            "postgresql+asyncpg://app@db.example.com/shop",
            {"timeout": 5, "server_settings": {"tcp_keepalives_idle": "60"}},
        ),
        ("mysql://app@h/d", {"connect_timeout": 5, "read_timeout": 60, "write_timeout": 60}),
        ("mysql+aiomysql://app@h/d", {"connect_timeout": 5}),
        ("mysql+mysqlconnector://app@h/d", {"connection_timeout": 5}),
        ("mariadb+mariadbconnector://app@h/d", {"connect_timeout": 5}),
    ],
)
def test_each_driver_is_told_in_its_own_words(url: str, expected: dict[str, object]) -> None:
    text = advise(need(url)).create_engine
    taken, _ = called(text)
    assert taken.get("connect_args", {}) == expected
    assert taken["pool_recycle"] == 192
    assert ("create_async_engine" in text) is ("asyncpg" in url or "aiomysql" in url)


def test_a_driver_that_leaves_keepalives_to_the_kernel_has_them_there() -> None:
    (setting,) = advise(need("mysql://app@h/d")).host
    assert (setting.name, setting.value) == ("net.ipv4.tcp_keepalive_time", "60")
    assert advise(need("mysql://app@h/d", cause=Cause.SERVER_IDLE_TIMEOUT)).host == ()
    assert advise(need()).host == ()


def test_a_setting_that_is_safe_is_kept() -> None:
    kept = {each.name: each.value for each in advise(need(pool=PoolPlan(pool_recycle=100.0))).engine}
    assert kept["pool_recycle"] == "100"
    changed = {each.name: each.value for each in advise(need(pool=PoolPlan(pool_recycle=1800.0))).engine}
    assert changed["pool_recycle"] == "192"
    nothing = replace(FOUND, survived=None, killed=10.0)
    known = {each.name: each.value for each in advise(need(idle=nothing)).engine}
    assert known["pool_recycle"] == "4"


def test_a_usual_limit_is_not_advised_where_it_is_set() -> None:
    for seconds, names in ((28800.0, set()), (60.0, {"wait_timeout", "interactive_timeout"})):
        advice = advise(
            need(
                "mysql://app@h/d",
                cause=Cause.SERVER_IDLE_TIMEOUT,
                idle=None,
                limits={"wait_timeout": seconds},
                pool=PoolPlan(pool_recycle=2_000_000.0),
            )
        )
        assert {setting.name for setting in advice.server} == names
    (kept,) = (
        each
        for each in advise(need(cause=None, idle=None, pool=PoolPlan(pool_recycle=2_000_000.0))).engine
        if each.name == "pool_recycle"
    )
    assert kept.value == "2000000"


def test_the_urls_own_words_are_noticed() -> None:
    (timeout,) = (
        each for each in advise(need(f"{URL}&connect_timeout=30")).client if each.name == "connect_timeout"
    )
    assert timeout.why.endswith("; the URL says 30")


def test_no_secret_is_printed_and_every_text_is_a_text() -> None:
    url = "postgresql://o%27neil%22:secret-word@h/d%5C?sslpassword=secret-word&options=-c%20x%3D1"
    text = written(aim(Plan(where=url)), {}, Client())
    assert "secret-word" not in text
    assert 'os.environ["DB_SSLPASSWORD"]' in text
    call = next(node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call) and node.keywords)
    values = [node.value for node in ast.walk(call) if isinstance(node, ast.Constant)]
    assert {"o'neil\"", "d\\", "-c x=1"} <= set(values)
