"""Each cause by its evidence, and beside it the nearest look-alike, told apart by one sign."""

from collections.abc import Sequence
from typing import Final

import pytest

from exporter.diagnosis.judging import judge
from exporter.diagnosis.rules import RULES
from exporter.diagnosis.sign import Fact, Sign
from exporter.diagnosis.verdict import Ask, Verdict
from exporter.model import Cause

Shown = Sign | tuple[Sign, Cause]
C, S = Cause, Sign
BUSY: Final = (S.HELD_WORKS, S.ECHO_WORKS, S.TCP_WORKS)
"""All is well but what fails."""
WELL: Final = (S.FRESH_WORKS, S.ECHO_WORKS, S.TCP_WORKS)
"""New connections work."""
GONE: Final = (S.FRESH_UNANSWERED, S.HELD_SILENT, S.ECHO_GAP)


def said(cause: Cause) -> tuple[Sign, Cause]:
    return S.SAID, cause


def found(cause: Cause) -> tuple[Sign, Cause]:
    return S.IDLE_FOUND, cause


EVIDENCE: Final[dict[Cause, list[tuple[Shown, ...]]]] = {
    C.CLIENT_RESOURCES: [(S.FRESH_RESOURCES, *BUSY), (S.HOST_STALLED, S.ECHO_WORKS)],
    C.CLIENT_LOCAL_NETWORK: [
        (S.FRESH_NEVER_SENT, S.HELD_STOPPED_HERE, S.ECHO_NEVER_SENT),
        (S.FRESH_LOCAL, S.HELD_STOPPED_HERE),
        (S.FRESH_LOCAL, S.HELD_SILENT, S.ECHO_GAP),
        (S.FRESH_LOCAL, S.HELD_SILENT, S.ECHO_GAP, S.ECHO_UNREACHABLE),
        (S.HELD_STOPPED_HERE, S.SERVER_GOES_ON, S.DIRECT, *WELL),
    ],
    C.CLIENT_POOL_EXHAUSTED: [(said(C.CLIENT_POOL_EXHAUSTED), *WELL, S.HELD_WORKS)],
    C.CLIENT_CONNECTION_MISUSE: [(said(C.CLIENT_CONNECTION_MISUSE), *WELL, S.HELD_WORKS)],
    C.DNS_FAILURE: [(said(C.DNS_FAILURE), *BUSY), (said(C.DNS_FAILURE), S.NAME_SLOW, *BUSY)],
    C.DNS_SLOW: [(S.NAME_SLOW, *WELL, S.HELD_WORKS)],
    C.DNS_ANSWER_CHANGED: [
        (S.ANSWER_CHANGED, S.FRESH_SOMETIMES, S.FRESH_REFUSED, S.HELD_WORKS),
        (S.ANSWER_CHANGED, S.FRESH_REFUSED, S.HELD_WORKS),
    ],
    C.DNS_IPV6_BROKEN: [(S.SIX_BROKEN, *WELL, S.HELD_WORKS)],
    C.NET_LOSS: [(S.ECHO_LOSS, S.SYN_RESENT, S.HELD_SLOW, S.FRESH_WORKS), (S.ECHO_LOSS, S.HELD_SLOW)],
    C.NET_CORRUPTION: [(S.CHECKSUMS, S.ECHO_LOSS, S.SYN_RESENT, S.HELD_SLOW)],
    C.NET_LATENCY: [(S.DELAY_UP, S.DELAY_UP_TCP, S.FRESH_WORKS, S.HELD_WORKS, S.HELD_SLOW)],
    C.NET_BLACKHOLE: [
        GONE,
        (S.HELD_SILENT, S.FRESH_UNANSWERED),
        (S.HELD_SILENT, S.ECHO_GAP),
        (S.HELD_SILENT, S.ECHO_GAP, S.HELD_REVIVED, S.FRESH_WORKS, S.SYN_RESENT),
    ],
    C.NET_UNREACHABLE: [
        (S.FRESH_UNREACHABLE, S.HELD_SILENT, S.ECHO_GAP, S.FRESH_UNANSWERED),
        (*GONE, S.ECHO_UNREACHABLE, S.FRESH_ALL_FAIL, S.PATH_SHORT),
        (S.FRESH_UNANSWERED, S.ECHO_UNREACHABLE),
        # A network that is gone takes all hosts, the path begins to fail in the midst of a login, and held
        # ones live on after it.
        (*GONE, S.ECHO_UNREACHABLE, S.EVERYBODY),
        (S.FRESH_STUCK, S.HELD_SILENT, S.ECHO_GAP, S.ECHO_UNREACHABLE, S.EVERYBODY),
        (*GONE, S.ECHO_UNREACHABLE, S.HELD_REVIVED),
    ],
    C.NET_MTU_BLACKHOLE: [
        (S.BIG_STALL, S.BIG_VANISH, S.FRESH_WORKS, S.HELD_WORKS),
        (S.BIG_VANISH, S.FRESH_TLS_STALLS, *BUSY),
        (S.BIG_STALL, S.HELD_WORKS, S.ECHO_WORKS),
    ],
    C.MIDDLEBOX_IDLE_TIMEOUT: [
        (S.IDLE_VANISHED, *WELL, S.HELD_WORKS),
        (S.IDLE_RESET, S.IDLE_NOT_SETTING, S.DIRECT, *WELL, S.HELD_WORKS),
        (found(C.MIDDLEBOX_IDLE_TIMEOUT), S.IDLE_RESET, *WELL, S.HELD_WORKS),
    ],
    C.MIDDLEBOX_STATE_LOST: [
        (S.HELD_SILENT, S.HELD_OTHERS_GONE, *WELL, S.SERVER_GOES_ON),
        (S.HELD_SILENT, S.HELD_MANY, S.FRESH_WORKS),
        (S.HELD_RESET_ON_USE, S.HELD_OTHERS_GONE, *WELL),
    ],
    C.MIDDLEBOX_LIFETIME_LIMIT: [
        (S.HELD_EQUAL_AGE, S.HELD_RESET, *WELL),
        (S.HELD_EQUAL_AGE, S.HELD_SILENT, S.HELD_OTHERS_LIVE, *WELL),
    ],
    C.MIDDLEBOX_CONNECT_BLOCKED: [
        (S.FRESH_UNANSWERED, S.FRESH_ALL_FAIL, S.HELD_WORKS, S.ECHO_WORKS),
        (S.FRESH_UNANSWERED, S.FRESH_ALL_FAIL, S.HELD_SILENT, S.ECHO_WORKS),
        (
            S.FRESH_UNANSWERED,
            S.FRESH_ALL_FAIL,
            S.HELD_SILENT,
            S.HELD_MANY,
            S.ECHO_WORKS,
            S.PATH_SHORT,
            S.DIRECT,
        ),
        (S.FRESH_REFUSED, S.FRESH_ALL_FAIL, S.HELD_WORKS, S.ECHO_WORKS),
        (S.FRESH_REFUSED, S.HELD_RESET_ON_USE, S.ECHO_WORKS, S.PATH_NEARER),
    ],
    C.MIDDLEBOX_CONNECT_LIMITED: [
        (S.SYN_RESENT, S.ECHO_WORKS, S.HELD_WORKS, S.FRESH_WORKS),
        (S.SYN_RESENT, S.FRESH_SOMETIMES, S.FRESH_UNANSWERED, S.HELD_WORKS, S.ECHO_WORKS),
        (S.FRESH_SOMETIMES, S.FRESH_UNANSWERED, S.HELD_WORKS, S.ECHO_WORKS),
    ],
    C.PROXY_IDLE_TIMEOUT: [
        (found(C.PROXY_IDLE_TIMEOUT), S.IDLE_CLOSED, *WELL, S.HELD_WORKS),
        (S.IDLE_CLOSED, S.IDLE_NOT_SETTING, S.INDIRECT, *WELL),
        (said(C.PROXY_IDLE_TIMEOUT), *WELL),
    ],
    C.PROXY_BACKEND_UNAVAILABLE: [
        (S.FRESH_HUNG_UP, S.FRESH_HUNG_UP_LATE, S.HELD_CLOSED, S.ECHO_WORKS, S.TCP_WORKS),
        (S.FRESH_HUNG_UP, S.FRESH_ALL_FAIL, S.INDIRECT, S.TCP_WORKS),
        (S.FRESH_QUERY_STALLS, S.HELD_UNANSWERED, S.INDIRECT, S.TCP_WORKS, S.ECHO_WORKS),
        (said(C.PROXY_BACKEND_UNAVAILABLE), S.ECHO_WORKS),
    ],
    C.PROXY_SATURATED: [
        (S.FRESH_HUNG_UP, S.FRESH_HUNG_UP_LATE, *BUSY),
        (said(C.PROXY_SATURATED), *BUSY),
    ],
    C.PROXY_RESTARTED: [
        (S.HELD_CLOSED, S.HELD_MANY, S.FRESH_REFUSED, S.SERVER_GOES_ON, S.INDIRECT),
        (S.HELD_CLOSED, S.HELD_MANY, S.FRESH_REFUSED, S.SERVER_GOES_ON, S.INDIRECT, S.ECHO_WORKS),
    ],
    C.SERVER_IDLE_TIMEOUT: [
        (said(C.SERVER_IDLE_TIMEOUT), S.IDLE_AT_SETTING, *WELL, S.HELD_WORKS),
        (S.IDLE_AT_SETTING, S.IDLE_RESET, *WELL, S.HELD_WORKS),
        (S.IDLE_AT_SETTING, S.IDLE_CLOSED, S.INDIRECT, *WELL),
        (found(C.SERVER_IDLE_TIMEOUT), S.IDLE_RESET, *WELL),
    ],
    C.SERVER_SESSION_KILLED: [
        (said(C.SERVER_SESSION_KILLED), *WELL, S.SERVER_GOES_ON),
        # One was just being used as all were ended: what it had sent is answered with a reset.
        (S.HELD_CLOSED, S.HELD_RESET_ON_USE, S.HELD_MANY, *WELL, S.DIRECT, S.SERVER_GOES_ON),
        (S.HELD_CLOSED, S.HELD_ONE, S.DIRECT, S.SERVER_GOES_ON, *WELL),
        (S.HELD_CLOSED, S.HELD_MANY, S.DIRECT, S.SERVER_GOES_ON, *WELL),
    ],
    C.SERVER_RESTART: [
        (said(C.SERVER_SESSION_KILLED), S.HELD_MANY, S.FRESH_REFUSED, S.ECHO_WORKS),
        (said(C.SERVER_SESSION_KILLED), S.SERVER_RESTARTED, S.FRESH_REFUSED),
        (S.HELD_CLOSED, S.HELD_MANY, S.SERVER_RESTARTED, S.FRESH_REFUSED, S.DIRECT),
        (said(C.SERVER_RESTART), S.FRESH_REFUSED),
    ],
    C.SERVER_DOWN: [
        (S.HELD_CLOSED, S.FRESH_REFUSED, S.FRESH_REFUSED_LONG, S.FRESH_ALL_FAIL, S.ECHO_WORKS),
        (S.FRESH_REFUSED, S.FRESH_REFUSED_LONG, S.FRESH_ALL_FAIL, S.ECHO_WORKS),
        (S.FRESH_REFUSED, S.FRESH_REFUSED_LONG, S.FRESH_ALL_FAIL),
        (
            S.FRESH_REFUSED,
            S.FRESH_REFUSED_LONG,
            S.HELD_MANY,
            *map(said, (C.SERVER_SESSION_KILLED, C.SERVER_RESTART)),
        ),
    ],
    C.SERVER_UNRESPONSIVE: [
        (S.FRESH_MUTE, S.HELD_UNANSWERED, S.TCP_WORKS, S.ECHO_WORKS),
        (S.FRESH_MUTE, S.FRESH_QUERY_STALLS, S.HELD_UNANSWERED, S.INDIRECT, S.TCP_WORKS, S.ECHO_WORKS),
        (S.FRESH_MUTE, *BUSY),
        (S.HELD_UNANSWERED, S.TCP_WORKS, S.ECHO_WORKS),
    ],
    C.SERVER_SATURATED: [(said(C.SERVER_SATURATED), S.SERVER_FULL, *BUSY)],
    C.SERVER_ACCOUNT_LIMIT: [(said(C.SERVER_ACCOUNT_LIMIT), *BUSY)],
    C.SERVER_HOST_BLOCKED: [(said(C.SERVER_HOST_BLOCKED), *BUSY)],
    C.SERVER_READ_ONLY: [(S.SERVER_READ_ONLY, S.SERVER_GOES_ON), (said(C.SERVER_READ_ONLY), *BUSY)],
    C.SERVER_SLOW_QUERY: [
        (S.FRESH_QUERY_STALLS, S.SERVER_LOCKS, *BUSY),
        (said(C.SERVER_SLOW_QUERY), S.FRESH_QUERY_STALLS, *BUSY),
    ],
    C.SERVER_RESOURCE: [(said(C.SERVER_RESOURCE), *BUSY)],
    C.FAILOVER_ENDPOINT_CHANGED: [
        (S.SERVER_OTHER, S.HELD_RESET_ON_USE, *WELL),
        (S.SERVER_OTHER, S.HELD_SILENT, *WELL),
    ],
    C.AUTH_CREDENTIALS: [(said(C.AUTH_CREDENTIALS), *BUSY)],
    C.AUTH_NOT_ALLOWED: [
        (said(C.AUTH_NOT_ALLOWED), *BUSY),
        (said(C.AUTH_CREDENTIALS), S.TLS_LETS_IN, *BUSY),
    ],
    C.TLS_CERTIFICATE: [(said(C.TLS_CERTIFICATE), *BUSY)],
    C.TLS_HANDSHAKE: [
        (said(C.TLS_HANDSHAKE), S.FRESH_TLS_STALLS, *BUSY),
        (S.FRESH_TLS_STALLS, S.BIG_PASSES, *BUSY),
    ],
}


def facts_of(shown: Sequence[Shown]) -> list[Fact]:
    pairs = [one if isinstance(one, tuple) else (one, None) for one in shown]
    return [Fact(sign=sign, text=f"{sign}", cause=cause) for sign, cause in pairs]


def judged(shown: Sequence[Shown]) -> Verdict:
    return judge(facts_of(shown), lambda _: frozenset({Ask.SESSION}))


def named(shown: Sequence[Shown]) -> list[Cause]:
    return [finding.cause for finding in judged(shown).named]


def test_every_cause_has_a_row_and_evidence_here() -> None:
    assert set(RULES) == set(Cause) - {Cause.UNKNOWN} == set(EVIDENCE)


@pytest.mark.parametrize(
    ("cause", "shown"), [(cause, shown) for cause, ways in EVIDENCE.items() for shown in ways]
)
def test_a_cause_is_named_by_its_evidence(cause: Cause, shown: tuple[Shown, ...]) -> None:
    verdict = judged(shown)
    scores = {finding.cause: finding.score for finding in verdict.candidates}
    assert [finding.cause for finding in verdict.named] == [cause], scores
    assert not verdict.asks
    assert 0.5 < verdict.confidence < 1


@pytest.mark.parametrize(
    "shown",
    [
        (),
        (S.FRESH_UNANSWERED, S.HELD_WORKS, S.ECHO_WORKS),  # blocked, or some of them only
        (S.HELD_SILENT, *WELL, S.SERVER_GOES_ON),  # all of them, or this one only
        (S.HELD_RESET_ON_USE, S.HELD_OTHERS_LIVE, *WELL),
        (S.FRESH_REFUSED, S.ECHO_WORKS),  # down, or only restarting
        (S.FRESH_REFUSED, S.HELD_CLOSED, S.ECHO_WORKS),
        (said(C.SERVER_SESSION_KILLED),),  # one session, or the whole server
        # A proxy that came back at once, or somebody who killed them all.
        (S.HELD_CLOSED, S.HELD_MANY, S.SERVER_GOES_ON, S.INDIRECT, *WELL),
        (S.FRESH_MUTE, S.INDIRECT, S.TCP_WORKS, S.ECHO_WORKS),  # the server, or a proxy that cannot reach it
        (S.HELD_SILENT,),
        (
            S.HELD_EQUAL_AGE,
            S.HELD_CLOSED,
            S.SERVER_COUNTS_KILLED,
            S.SERVER_GOES_ON,
            *WELL,
        ),  # or a task that kills
        (S.HELD_EQUAL_AGE, S.HELD_SILENT, S.SERVER_GOES_ON),  # an age, or outages at regular times
        (S.HELD_SILENT, S.FRESH_UNANSWERED, S.FRESH_ALL_FAIL, S.HELD_REVIVED),  # the port, or everything
        (S.HELD_CLOSED, S.HELD_MANY),
        (S.HELD_RESET,),
        (S.ECHO_GAP,),
        (S.IDLE_RESET, *WELL),
        (S.IDLE_CLOSED, S.IDLE_NOT_SETTING, S.DIRECT, *WELL),
        (S.FRESH_HUNG_UP, S.HELD_WORKS),
        (S.FRESH_HUNG_UP, S.FRESH_HUNG_UP_LATE),  # no backend, or a queue
        (S.FRESH_QUERY_STALLS, S.HELD_UNANSWERED, S.DIRECT, S.TCP_WORKS),
        (said(C.AUTH_CREDENTIALS), S.MAY_WANT_TLS),
        (S.BIG_VANISH, *WELL),
        (S.ECHO_LOSS, *WELL),
    ],
)
def test_too_little_evidence_names_nothing_and_asks_for_more(shown: tuple[Shown, ...]) -> None:
    verdict = judged(shown)
    assert not verdict.named, {finding.cause: finding.score for finding in verdict.candidates}
    assert verdict.asks


def test_two_are_named_where_each_has_its_proof() -> None:
    both = (found(C.MIDDLEBOX_IDLE_TIMEOUT), found(C.SERVER_IDLE_TIMEOUT), *WELL, S.HELD_WORKS)
    assert set(named(both)) == {C.MIDDLEBOX_IDLE_TIMEOUT, C.SERVER_IDLE_TIMEOUT}


def test_what_is_proven_is_named_beside_what_only_looks_like_it() -> None:
    gone = (said(C.AUTH_NOT_ALLOWED), said(C.SERVER_SESSION_KILLED), S.DIRECT, S.SERVER_GOES_ON)
    assert named(gone) == [C.AUTH_NOT_ALLOWED]
    down = (S.SERVER_RESTARTED, S.FRESH_REFUSED, S.FRESH_REFUSED_LONG, S.HELD_CLOSED, S.ECHO_WORKS)
    assert named(down) == [C.SERVER_DOWN], "what is proven and far behind is not named"


def test_a_trouble_that_follows_another_takes_its_place() -> None:
    killed = (said(C.SERVER_SESSION_KILLED), S.HELD_MANY, S.DIRECT, S.SERVER_GOES_ON)
    assert named((*killed, S.FRESH_WORKS)) == [C.SERVER_SESSION_KILLED]
    assert named((*killed, *GONE)) == [C.NET_BLACKHOLE]


def test_what_was_seen_too_seldom_does_not_count_in_full() -> None:
    once = Fact(sign=S.IDLE_VANISHED, text="once", strength=0.5)
    assert not judge([once, *facts_of(WELL)], lambda _: frozenset()).named


def test_the_weightiest_evidence_comes_first() -> None:
    finding = judged((S.HELD_CLOSED, S.ECHO_WORKS, S.FRESH_REFUSED, S.FRESH_REFUSED_LONG)).named[0]
    assert [fact.sign for fact in finding.facts] == [
        S.FRESH_REFUSED_LONG,
        S.FRESH_REFUSED,
        S.ECHO_WORKS,
        S.HELD_CLOSED,
    ]
