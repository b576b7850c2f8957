"""The page of one target: what is wrong first, then what every probe saw."""

import re
from dataclasses import replace
from typing import Any

import pytest

from exporter.model import (
    Cause,
    DnsObservation,
    Failure,
    HeldObservation,
    IdleObservation,
    Limit,
    MtuObservation,
    PathObservation,
    Phase,
    PingObservation,
    PoolObservation,
    Route,
    Scope,
    Severity,
)
from tests.markup import Markup
from tests.seen import NOW, REFUSED, broken, healthy, incident, server, session, target
from tests.status import PROBES, Status, only, three


@pytest.fixture(scope="module")
def plain() -> Status:
    """Give pages of three targets."""
    return three()


def test_a_target_in_trouble_is_told_of_in_one_sentence_with_evidence_and_fix(plain: Status) -> None:
    page = Markup(plain.page("/targets/orders"))
    said = page.words
    assert "orders ✖ Failing" in said
    assert "Nothing listens at orders any more. server.down since" in said
    order = [
        said.index(part)
        for part in ("Nothing listens", "What to do", "Start the server", "What this rests on")
    ]
    assert order == sorted(order)
    assert "<pre>systemctl start postgresql\ndf -h\n</pre>" in plain.page("/targets/orders")
    assert "12 of 12 connects were refused" in said
    assert "Not watched by pool: why" in said
    assert "The latest session failed in phase tcp after 13 ms: nothing listens on port 5432" in said
    assert "Silent connections are ended between 4 min and 6 min." in said
    assert "middlebox.idle_timeout after 5 min 50 s" in said
    assert "create_engine(url, pool_recycle=192, pool_pre_ping=True) TCP_KEEPIDLE = 120" in said
    assert "Loss begins at hop 2, no answer, and goes on to the target" in said
    assert "10.0.0.1 0 % 2 1 ms 1 ms 1 ms 1 ms" in said
    assert "answers seldom, passes everything on" in said
    assert (
        "sentinel: 0 connections kept busy, to see restarts, kills and black holes; the latest drop was"
        in said
    )
    assert "idle: 4 connections kept silent, to find idle timeouts; none has dropped since" in said
    assert "reset, noticed on use" in said
    assert "96 of 97 connections (99 %) are in use by the whole server" in said
    assert "idle_session_timeout off statement_timeout 30 s" in said
    assert "GRANT pg_monitor TO probe" in said
    assert "echoes lost" in said


def test_what_every_probe_shows_is_there(plain: Status) -> None:
    ids = Markup(plain.page("/targets/orders")).ids
    wanted = {"main", "verdict", "session", "delay", "path", "idle", "held", "server", "failures", "probes"}
    assert wanted <= set(ids)


def test_what_a_probe_saw_that_is_off_is_shown_no_more() -> None:
    everything_off = dict.fromkeys(PROBES, "it is switched off")
    found = only(*broken("orders"), probes=everything_off)
    ids = Markup(found.page("/targets/orders")).ids
    assert not {"session", "delay", "path", "idle", "pool", "server"} & set(ids)
    assert "Watched by" not in Markup(found.page("/targets/orders")).words
    assert "The target is well" in Markup(found.page("/")).words


def test_failures_lead_to_their_logs(plain: Status) -> None:
    numbers = re.findall(r"/logs\?id=(\d+)", plain.page("/targets/orders"))
    assert len(numbers) > 3
    for number in numbers:
        code, headers, content = plain.get(f"/logs?id={number}")
        assert (code, headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
        assert b" of orders, " in content
        assert content.endswith(b" s\n")


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (Status(targets=[target()]), "Nothing has been seen yet: the first round of probes is under way."),
        (only(session()), "No trouble seen since 22:26 UTC, 10 s ago."),
        (only(session(REFUSED, NOW - 90), session()), "No trouble seen since 22:25 UTC, 1 min ago."),
        (
            only(session(started=NOW - 9000), incidents=[incident(ended=NOW - 7200)]),
            "No trouble seen since 20:26 UTC, 2 h ago.",
        ),
        (
            only(session(started=NOW - 900_000)),
            "No trouble seen since 2026-11-11 12:26 UTC, 10 d ago.",
        ),
        (
            only(session(REFUSED)),
            "No session has worked: nothing listens on port 5432 since 22:26 UTC, 10 s ago.",
        ),
        (
            only(session(started=NOW - 99), session(REFUSED)),
            "nothing listens on port 5432 since 22:25 UTC, 1 min ago.",
        ),
    ],
)
def test_every_target_has_a_verdict(found: Status, verdict: str) -> None:
    assert verdict in Markup(found.page("/targets/orders")).words


def test_what_has_no_name_yet_names_what_it_could_be() -> None:
    found = only(session(), incidents=[incident(cause=Cause.UNKNOWN)])
    said = Markup(found.page("/targets/orders")).words
    assert "No cause stands out yet. It could be, likeliest first: net.unreachable." in said


def test_several_incidents_of_one_target_are_all_named() -> None:
    more = incident(
        number=2,
        severity=Severity.INFO,
        summary="The name has another address",
        cause=Cause.DNS_ANSWER_CHANGED,
    )
    said = Markup(only(session(), incidents=[more, incident()]).page("/targets/orders")).words
    assert said.index("Nothing listens") < said.index(
        "Besides: The name has another address (dns.answer_changed)"
    )


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({}, "The first connections are still silent: nothing is known yet."),
        ({"survived": 60.0}, "Connections survive 1 min of silence; longer ones are being tried."),
        ({"survived": 60.0, "settled": True}, "1 min of silence; nothing ended a longer one."),
        ({"killed": 60.0}, "ended after 1 min at the latest; the search goes on."),
        ({"survived": 30.0, "killed": 60.0, "settled": True}, "ended between 30 s and 1 min."),
    ],
)
def test_what_is_known_of_silence_is_said(found: dict[str, Any], words: str) -> None:
    fields: dict[str, Any] = {"survived": None, "killed": None, **found}
    seen = IdleObservation(target="orders", probe="idle", started=NOW, duration=0.0, **fields)
    assert words in Markup(only(seen).page("/targets/orders")).words


def test_what_is_known_of_the_path_is_said() -> None:
    about: dict[str, Any] = {"target": "orders", "probe": "path", "started": NOW, "duration": 0.1}
    failed = Failure(phase=None, cause=Cause.DNS_FAILURE, detail="the name does not resolve")
    assert (
        "the name does not resolve"
        in Markup(only(PathObservation(**about, failure=failed)).page("/targets/orders")).words
    )
    assert "No hop has answered yet" in Markup(only(PathObservation(**about)).page("/targets/orders")).words
    [whole] = [seen for seen in healthy("orders") if isinstance(seen, PathObservation)]
    said = Markup(only(whole).page("/targets/orders")).words
    assert "The target is 3 hops away, and no loss goes on to it" in said
    assert "gateway.example.com 10.0.0.1 lan" in said
    short = replace(whole, hops=whole.hops[:2])
    assert "The latest round did not reach the target" in Markup(only(short).page("/targets/orders")).words
    lossy = replace(whole, route=replace(whole.route or Route(hops=()), loss_start=1))
    said = Markup(only(lossy).page("/targets/orders")).words
    assert "Loss begins at hop 1, gateway.example.com (lan), and goes on to the target" in said


def test_the_pool_is_told_of() -> None:
    everything = dict.fromkeys(PROBES, "")
    said = Markup(only(*broken("orders"), probes=everything).page("/targets/orders")).words
    assert "1 of 2 checkouts failed: nothing listens on port 5432" in said
    assert "Let go of 1 (stale)" in said
    assert "pool_recycle 30 min: longer than a connection may be silent here" in said
    calm = PoolObservation(
        target="orders", probe="pool", started=NOW, duration=0.1, rested=60.0, recycle_unsafe=False
    )
    said = Markup(only(calm, probes=everything).page("/targets/orders")).words
    assert "0 checkouts went well" in said
    assert "pool_recycle never: safe here" in said


def test_limits_of_the_server_are_told_of() -> None:
    view = server("orders").view
    assert view is not None
    full = Limit(scope=Scope.ACCOUNT, name="app", connections=10, most=10)
    roomy = Limit(scope=Scope.SERVER, connections=1, most=100)
    none = Limit(scope=Scope.DATABASE, name="d", connections=0, most=0)
    seen = server(
        "orders", view=replace(view, limits=(roomy, full), replica=True, read_only=True, replication_lag=0.5)
    )
    said = Markup(only(seen).page("/targets/orders")).words
    assert "10 of 10 connections (100 %) are in use by account app" in said
    assert "the whole server 1 100 1 % room left account app 10 10 100 % full" in said
    assert "replica, read-only" in said
    assert (
        "full"
        in Markup(only(server("orders", view=replace(view, limits=(none,)))).page("/targets/orders")).words
    )
    said = Markup(only(server("orders", view=replace(view, limits=()))).page("/targets/orders")).words
    assert "The server tells of no limit on connections" in said


def test_probes_without_a_part_of_their_own_are_listed_with_their_logs() -> None:
    about: dict[str, Any] = {"target": "orders", "started": NOW, "duration": 0.1}
    found = only(
        MtuObservation(**about, probe="mtu", mtu=1500),
        DnsObservation(**about, probe="dns", answers=("192.0.2.1",)),
        HeldObservation(**about, probe="leftovers", held=0),
        PingObservation(**about, probe="ping", failure=REFUSED),
    )
    said = Markup(found.page("/targets/orders")).words
    assert "dns: reported just now, its latest log" in said
    assert "tls: has not reported yet" in said
    assert b"answers: 192.0.2.1" in found.get("/logs?target=orders&module=dns")[2]


def test_phases_of_a_session_that_failed_elsewhere() -> None:
    elsewhere = Failure(phase=None, cause=Cause.UNKNOWN, detail="internal error")
    said = Markup(only(session(elsewhere)).page("/targets/orders")).words
    assert "The latest session failed after 100 ms: internal error" in said
    goodbye = replace(session(replace(REFUSED, phase=Phase.CLOSE)), phases=((Phase.TCP, 0.05),))
    said = Markup(only(goodbye).page("/targets/orders")).words
    assert "✔ Well" in said
    assert "failed in phase close" in said
