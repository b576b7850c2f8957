"""From observations to facts: what each side of a case shows, and when trouble begins and ends."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from exporter.diagnosis.case import Case
from exporter.diagnosis.sign import Fact, Sign
from exporter.diagnosis.subject import Subject
from exporter.diagnosis.verdict import Ask
from exporter.model import Cause, Change, End, HostCondition, Observation, Phase, Trial
from tests.diagnosis.observing import (
    connect,
    drop,
    echoes,
    failure,
    held,
    idle,
    inquest,
    knock,
    name,
    path,
    route,
    server,
    session,
    sizes,
    trial,
)

SUBJECT = Subject(target="orders", host="db.example.com", port=5432, family="postgresql", named=True)
Seen = tuple[float, Observation]
C, S = Cause, Sign
REFUSED = failure(C.SERVER_DOWN, Phase.TCP, code="ECONNREFUSED")
DEAF = failure(C.NET_BLACKHOLE, Phase.TCP)
SPOKEN = failure(C.PROXY_BACKEND_UNAVAILABLE, Phase.AUTH, said="server login failed")
KILLED = drop(End.ERROR, C.SERVER_SESSION_KILLED, said="killed", code="57P01")
SYMPTOM: Seen = (100.0, session(failure(C.UNKNOWN, Phase.AUTH)))
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


@pytest.mark.parametrize(
    ("failed", "sign", "cause"),
    [
        (REFUSED, S.FRESH_REFUSED, None),
        (DEAF, S.FRESH_UNANSWERED, None),
        (failure(C.NET_BLACKHOLE, Phase.AUTH), S.FRESH_STUCK, None),
        (failure(C.NET_BLACKHOLE, Phase.TLS), S.FRESH_TLS_STALLS, None),
        (failure(C.SERVER_UNRESPONSIVE, Phase.AUTH), S.FRESH_MUTE, None),
        (failure(C.SERVER_UNRESPONSIVE, Phase.QUERY), S.FRESH_QUERY_STALLS, None),
        (failure(C.PROXY_BACKEND_UNAVAILABLE, Phase.AUTH), S.FRESH_HUNG_UP, None),
        (SPOKEN, S.SAID, C.PROXY_BACKEND_UNAVAILABLE),
        (failure(C.TLS_HANDSHAKE, Phase.TLS), S.FRESH_TLS_STALLS, None),
        (failure(C.TLS_HANDSHAKE, Phase.TLS, code="alert"), S.SAID, C.TLS_HANDSHAKE),
        (failure(C.NET_UNREACHABLE, Phase.TCP), S.FRESH_UNREACHABLE, None),
        (failure(C.CLIENT_LOCAL_NETWORK, Phase.TCP), S.FRESH_LOCAL, None),
        (failure(C.CLIENT_RESOURCES, Phase.TCP), S.FRESH_RESOURCES, None),
        (failure(C.AUTH_CREDENTIALS, Phase.AUTH, code="28P01", said="no"), S.SAID, C.AUTH_CREDENTIALS),
    ],
)  # fmt: skip
def test_a_session_that_fails_shows_how(failed: object, sign: Sign, cause: Cause | None) -> None:
    facts = facts_at(100.1, (100.0, session(failed)))  # type: ignore[arg-type]  # a failure
    shown = fact(facts, sign)
    assert shown.cause is cause
    assert failed.detail in shown.text or failed.said in shown.text  # type: ignore[attr-defined]


def test_words_come_with_their_code() -> None:
    failed = failure(C.SERVER_SATURATED, Phase.AUTH, code="53300", said="too many clients already")
    shown = fact(facts_at(100.1, (100.0, session(failed))), S.SAID)
    assert shown.text == "1 new connection failed with: too many clients already (53300)"
    assert shown.values == {"code": "53300", "said": "too many clients already"}


def test_a_goodbye_that_failed_is_no_symptom() -> None:
    assert case_of((100.0, session(failure(C.UNKNOWN, Phase.CLOSE)))).symptom(100.1) is None


def test_new_connections_work_only_if_they_were_begun_after_the_trouble_had_shown() -> None:
    died = (100.0, drop(End.SILENCE, C.NET_BLACKHOLE, used=True))
    assert S.FRESH_WORKS not in signs(facts_at(100.5, (99.0, session()), died, (100.2, session(seconds=0.5))))
    assert S.FRESH_WORKS in signs(facts_at(100.5, died, (100.4, session(seconds=0.1))))


def test_some_of_the_new_ones_fail() -> None:
    mixed = [(100.0, session(DEAF)), (101.0, session()), (102.0, session(DEAF))]
    assert S.FRESH_SOMETIMES in signs(facts_at(102.5, *mixed))
    recovered = [(100.0, session(DEAF)), (101.0, session())]
    assert signs(facts_at(102.5, *recovered)).isdisjoint({S.FRESH_SOMETIMES, S.FRESH_WORKS})


def test_who_refuses_for_long_is_down() -> None:
    short = [(100.0, session(REFUSED)), (103.0, session(REFUSED))]
    assert S.FRESH_REFUSED_LONG not in signs(facts_at(103.0, *short))
    assert S.FRESH_REFUSED_LONG in signs(facts_at(106.0, *short, (106.0, session(REFUSED))))


def test_a_port_that_was_shut_from_the_start_is_named() -> None:
    """Nothing was ever held that could tell a server that is down from a port that somebody blocks."""
    case = case_of()
    for at in range(100, 107):
        case.take(at, session(REFUSED))
        case.take(at, knock(connect(REFUSED)))
        case.take(at, echoes())
    assert [finding.cause for finding in case.verdict(107.0).named] == [C.SERVER_DOWN]


def test_that_none_comes_about_takes_seconds_to_be_told() -> None:
    some = [(99.0, session()), (100.0, session(DEAF)), (103.0, session(DEAF))]
    assert S.FRESH_ALL_FAIL not in signs(facts_at(103.0, *some))
    assert S.FRESH_ALL_FAIL in signs(facts_at(106.0, *some, (106.0, session(DEAF))))
    again = [(104.0, session()), (106.0, session(DEAF))]
    assert S.FRESH_ALL_FAIL not in signs(facts_at(106.0, *some, *again))
    knocks = [(100.0 + number, knock(connect(REFUSED))) for number in range(7)]
    assert S.FRESH_ALL_FAIL in signs(facts_at(107.0, *knocks))
    case = case_of(*some, (106.0, session(DEAF)))
    case.learn(106.0, HostCondition(seconds=1.0, lag=3.0))
    assert S.FRESH_ALL_FAIL not in signs(case.facts(106.5))


def test_who_hangs_up_after_the_same_wait_has_a_queue() -> None:
    hung = failure(C.PROXY_BACKEND_UNAVAILABLE, Phase.AUTH)
    queue = [(100.0, session(hung, seconds=3.0)), (105.0, session(hung, seconds=3.01))]
    assert S.FRESH_HUNG_UP_LATE in signs(facts_at(105.0, *queue))
    uneven = [(100.0, session(hung, seconds=3.0)), (105.0, session(hung, seconds=1.0))]
    assert S.FRESH_HUNG_UP_LATE not in signs(facts_at(105.0, *uneven))
    at_once = [(100.0, session(hung)), (105.0, session(hung))]
    assert S.FRESH_HUNG_UP_LATE not in signs(facts_at(105.0, *at_once))


def test_a_slow_name_counts_in_full_once_it_is_slow_twice() -> None:
    slow = [(100.0, session(seconds=2.0, dns=1.9)), (102.0, session(seconds=2.0, dns=1.9))]
    assert fact(facts_at(100.0, slow[0]), S.NAME_SLOW).strength == 0.5
    assert fact(facts_at(102.0, *slow), S.NAME_SLOW).strength == 1.0


def test_a_held_connection_that_cannot_be_opened_is_a_failed_opening_and_one_that_stands_a_good_one() -> None:
    failing = held(0, failure=REFUSED)
    assert S.FRESH_REFUSED in signs(facts_at(100.0, (100.0, failing)))
    died = (100.0, drop(End.FIN))
    assert S.FRESH_WORKS in signs(facts_at(101.0, (99.0, held(1)), died, (100.0, held(0)), (100.5, held(1))))
    assert S.FRESH_WORKS not in signs(facts_at(101.0, (99.0, held(1)), died, (100.5, held(1))))


@pytest.mark.parametrize(
    ("one", "sign", "cause"),
    [
        (drop(End.SILENCE, C.NET_BLACKHOLE, used=True), S.HELD_SILENT, None),
        (drop(End.SILENCE, C.SERVER_UNRESPONSIVE, used=True), S.HELD_UNANSWERED, None),
        (drop(End.SILENCE, C.CLIENT_LOCAL_NETWORK, used=True), S.HELD_STOPPED_HERE, None),
        (drop(End.RST), S.HELD_RESET, None),
        (drop(End.RST, used=True), S.HELD_RESET_ON_USE, None),
        (drop(End.FIN), S.HELD_CLOSED, None),
        (KILLED, S.SAID, C.SERVER_SESSION_KILLED),
        (drop(End.ERROR, C.UNKNOWN, said="?", code="XX000"), S.HELD_CLOSED, None),
    ],
)  # fmt: skip
def test_a_connection_in_use_that_ends_shows_how(one: Observation, sign: Sign, cause: Cause | None) -> None:
    assert fact(facts_at(100.0, (100.0, one)), sign).cause is cause


def test_those_that_are_kept_busy_show_whether_held_ones_work() -> None:
    well = (101.0, held(1, 0.001, 0.002))
    assert S.HELD_WORKS in signs(facts_at(101.5, SYMPTOM, well))
    assert S.HELD_WORKS not in signs(facts_at(101.5, (99.0, held(1, 0.001)), SYMPTOM))
    assert S.HELD_WORKS not in signs(facts_at(101.5, SYMPTOM, (100.5, drop(End.FIN)), well))
    assert fact(facts_at(101.5, SYMPTOM, (101.0, held(1, 0.21))), S.HELD_SLOW).strength == 0.5


def test_one_that_answers_after_all_is_told() -> None:
    died = (100.0, drop(End.SILENCE, C.NET_BLACKHOLE, used=True))
    assert S.HELD_REVIVED in signs(facts_at(104.0, died, (103.0, held(1, revived=1))))


def test_many_at_once_are_an_event_and_one_among_others_is_none() -> None:
    others = (90.0, held(4, probe="idle"))
    one = (100.0, drop(End.FIN))
    assert S.HELD_ONE in signs(facts_at(101.0, others, one))
    assert S.HELD_ONE not in signs(facts_at(101.0, one))
    assert S.HELD_ONE not in signs(facts_at(101.0, others, (100.0, drop(End.SILENCE, C.NET_BLACKHOLE))))
    beside = (100.3, drop(End.FIN, probe="idle", silent=20.0))
    assert S.HELD_MANY in signs(facts_at(101.0, others, one, beside))
    later = (102.3, drop(End.FIN, probe="idle", silent=20.0))
    assert S.HELD_MANY not in signs(facts_at(102.5, others, one, later))
    alike = [
        (100.0, drop(End.RST, probe="idle", silent=5.0)),
        (100.1, drop(End.RST, probe="idle", silent=5.1)),
    ]
    assert S.HELD_MANY not in signs(facts_at(102.5, *alike))
    unlike = [
        (100.0, drop(End.RST, probe="idle", silent=5.0)),
        (100.1, drop(End.RST, probe="idle", silent=9.1)),
    ]
    assert S.HELD_MANY in signs(facts_at(102.5, *unlike))


def test_those_of_other_probes_live_or_have_gone_too() -> None:
    before, after = (90.0, server()), (101.0, server())
    kept = [(at, replace(seen, kept=True)) for at, seen in (before, (95.0, server()))]
    died = (100.0, drop(End.RST, used=True))
    lives = (101.0, replace(server(), kept=True))
    assert S.HELD_OTHERS_LIVE in signs(facts_at(101.5, *kept, died, lives))
    assert S.HELD_OTHERS_LIVE not in signs(facts_at(101.5, before, died, after))
    gone = (103.0, drop(End.RST, used=True, probe="server"))
    facts = signs(facts_at(103.5, *kept, died, gone, (103.1, lives[1])))
    assert S.HELD_OTHERS_GONE in facts
    assert S.HELD_OTHERS_LIVE not in facts


@pytest.mark.parametrize(
    ("ages", "times", "limit"),
    [
        ((60.0, 60.2), (100.0, 160.0), True),
        ((60.0, 80.0), (100.0, 160.0), False),
        ((1.0, 1.1), (100.0, 160.0), False),
        ((60.0, 60.1), (100.0, 100.5), False),
    ],
)
def test_equal_ages_are_a_limit_unless_they_died_together(
    ages: tuple[float, float], times: tuple[float, float], *, limit: bool
) -> None:
    deaths = [(at, drop(End.RST, age=age)) for at, age in zip(times, ages, strict=True)]
    facts = facts_at(times[1], *deaths)
    assert (S.HELD_EQUAL_AGE in signs(facts)) is limit
    if limit:
        assert fact(facts, S.HELD_EQUAL_AGE).values == {"age": "60", "pool_recycle": "48"}


def test_trouble_stands_until_a_connection_is_held_again() -> None:
    case = case_of((100.0, drop(End.FIN)))
    symptoms = case.symptom(100.5)
    assert symptoms is not None
    assert (symptoms.first, symptoms.latest, symptoms.standing) == (100.0, 100.0, True)
    case.take(101.0, held(1))
    symptoms = case.symptom(101.5)
    assert symptoms is not None
    assert not symptoms.standing
    case.settle(170.0)
    assert case.symptom(170.0) is None


@pytest.mark.parametrize(
    ("one", "sign"),
    [
        (connect(), S.TCP_WORKS),
        (connect(REFUSED), S.FRESH_REFUSED),
        (connect(DEAF, seconds=3.0, syn_retransmits=2), S.FRESH_UNANSWERED),
        (connect(DEAF, seconds=3.0), S.FRESH_NEVER_SENT),
        (connect(failure(C.DNS_IPV6_BROKEN), seconds=3.0), S.SIX_BROKEN),
    ],
)
def test_connects_show_what_they_met(one: object, sign: Sign) -> None:
    facts = facts_at(101.0, SYMPTOM, (100.5, knock(one)))  # type: ignore[arg-type]  # a connect
    assert sign in signs(facts)


def test_who_turns_a_connect_away_is_named() -> None:
    away = failure(C.NET_UNREACHABLE, offender="10.0.0.2")
    assert (
        fact(facts_at(100.0, (100.0, knock(connect(away)))), S.FRESH_UNREACHABLE).values["offender"]
        == "10.0.0.2"
    )


def test_a_connect_that_failed_of_what_nobody_knows_shows_nothing() -> None:
    facts = facts_at(100.0, (100.0, knock(connect(failure(C.UNKNOWN)))))
    assert signs(facts) == set()


def test_six_that_refuses_at_once_costs_nobody_anything() -> None:
    assert case_of((100.0, knock(connect(), connect(failure(C.DNS_IPV6_BROKEN))))).symptom(100.0) is None
    broken = knock(connect(), connect(failure(C.DNS_IPV6_BROKEN), address="fd00::1", seconds=3.0))
    assert case_of((100.0, broken)).symptom(100.0) is not None


def test_one_dead_address_among_others_is_told() -> None:
    dead = connect(DEAF, address="10.0.1.3", seconds=1.0, syn_retransmits=1)
    assert "10.0.1.3" in fact(facts_at(100.0, (100.0, knock(connect(), dead))), S.FRESH_SOMETIMES).text
    assert S.FRESH_SOMETIMES not in signs(facts_at(100.0, (100.0, knock(connect(address="fd00::1"), dead))))


def test_an_address_that_lets_in_some_is_told() -> None:
    no, yes = knock(connect(DEAF, seconds=1.0, syn_retransmits=1)), knock(connect())
    assert S.FRESH_SOMETIMES not in signs(facts_at(103.0, (100.0, no), (101.0, no), (102.0, yes)))
    assert S.FRESH_SOMETIMES in signs(facts_at(103.0, (100.0, no), (101.0, yes), (102.0, no)))
    assert S.FRESH_SOMETIMES in signs(facts_at(104.0, (100.0, no), (101.0, yes), (102.0, no), (103.0, yes)))
    assert fact(facts_at(100.0, (100.0, no)), S.FRESH_UNANSWERED).strength < 0.5


def test_syns_sent_again_are_trouble_once_they_are_no_chance() -> None:
    again = knock(connect(syn_retransmits=1, seconds=1.0))
    rounds = [(100.0 + number, again) for number in range(3)]
    assert case_of(*rounds[:2]).symptom(102.0) is None
    assert S.SYN_RESENT in signs(facts_at(102.0, *rounds))
    assert case_of((99.0, knock()), *rounds, (103.0, knock(connect()))).symptom(103.0) is not None


def test_delays_that_rise_are_trouble_and_those_that_are_always_long_are_not() -> None:
    usual = [(float(at), echoes(rtt=0.02)) for at in range(40)]
    risen = [(float(at), echoes(rtt=0.18)) for at in range(40, 50)]
    facts = facts_at(50.0, *usual, *risen)
    assert fact(facts, S.DELAY_UP).values == {"delay": "180", "usual_delay": "20.0"}
    assert case_of(*usual).symptom(40.0) is None
    far = [(float(at), echoes(rtt=0.18)) for at in range(60)]
    assert case_of(*far).symptom(60.0) is None
    ports = [(float(at), knock(connect(rtt=0.02))) for at in range(40)]
    slower = [(float(at), knock(connect(rtt=0.18))) for at in range(40, 50)]
    assert S.DELAY_UP_TCP in signs(facts_at(50.0, *ports, *slower))


def test_echoes_show_a_gap_loss_or_that_all_is_well() -> None:
    before = [(float(at), echoes()) for at in range(90, 100)]
    gap = [(100.5 + at, echoes(1, 1)) for at in range(3)]
    assert S.ECHO_GAP in signs(facts_at(103.0, *before, SYMPTOM, *gap))
    assert S.ECHO_LOST in signs(facts_at(103.0, *before, SYMPTOM, *gap[:1]))
    assert S.ECHO_WORKS in signs(facts_at(103.0, SYMPTOM, (101.0, echoes())))
    assert S.ECHO_WORKS not in signs(facts_at(103.0, *before, SYMPTOM))
    # A host that never answered echoes has not stopped answering.
    assert signs(facts_at(103.0, SYMPTOM, *gap)).isdisjoint({S.ECHO_GAP, S.ECHO_LOST, S.ECHO_LOSS})


def test_lost_echoes_are_trouble_only_where_tcp_suffers_too() -> None:
    lossy = [(float(at), echoes(1, at % 4 == 0)) for at in range(60, 100)]
    assert case_of(*lossy).symptom(100.0) is None
    case = case_of(*lossy, (100.0, knock(connect(syn_retransmits=1, seconds=1.0))))
    assert case.symptom(100.0) is not None
    assert fact(case.facts(100.0), S.ECHO_LOSS).values == {"loss": "25"}
    over = [(float(at), echoes()) for at in range(101, 140)]
    for at, answered in over:
        case.take(at, answered)
    symptoms = case.symptom(140.0)
    assert symptoms is not None
    assert not symptoms.standing


def test_echoes_that_cannot_be_sent_point_at_this_host() -> None:
    unsent = echoes(0, 0, failure=failure(C.CLIENT_LOCAL_NETWORK))
    assert S.ECHO_NEVER_SENT in signs(facts_at(100.5, SYMPTOM, (100.2, unsent)))


def test_echoes_that_stop_and_large_packets_that_vanish_make_curious() -> None:
    case = case_of(*[(float(at), echoes()) for at in range(90, 100)])
    assert case.wanted(100.0) == frozenset()
    case.take(101.0, echoes(2, 2))
    assert case.wanted(101.0) == {Ask.SENTINEL, Ask.TCP}
    case.take(101.5, session(DEAF))
    assert case.wanted(101.5) == frozenset()  # the verdict asks from now on
    case = case_of((100.0, sizes(1400, blackhole=True)))
    assert case.wanted(100.0) == {Ask.SIZES_TRIAL}
    case.take(101.0, trial(Trial.SIZES, small=True, there=True, back=True, size=4000))
    assert case.wanted(102.0) == frozenset()


def test_names_that_do_not_resolve_are_slow_or_change_are_told() -> None:
    unknown = failure(C.DNS_FAILURE, code="-2")
    facts = facts_at(
        100.0,
        (99.9, name(failed=unknown, resolver="10.0.0.2:53")),
        (100.0, name(failed=unknown, rcode="NXDOMAIN")),
    )
    said = fact(facts, S.SAID)
    assert said.cause is C.DNS_FAILURE
    assert said.values == {"resolver": "10.0.0.2:53"}
    assert "NXDOMAIN" in said.text
    slow = [(100.0, name("10.0.1.2", seconds=1.5)), (101.0, name("10.0.1.2", seconds=1.5))]
    assert fact(facts_at(101.0, *slow), S.NAME_SLOW).strength == 1.0
    moved = [(90.0, name("10.0.1.2")), (99.0, name("10.0.1.3", changed=True)), SYMPTOM]
    assert fact(facts_at(100.0, *moved), S.ANSWER_CHANGED).values == {"before": "10.0.1.2", "now": "10.0.1.3"}
    long_ago = [(80.0, name("10.0.1.2")), (90.0, name("10.0.1.3", changed=True)), SYMPTOM]
    assert S.ANSWER_CHANGED not in signs(facts_at(100.0, *long_ago))
    assert case_of((90.0, name("10.0.1.2", resolver="10.0.0.2:53"))).symptom(100.0) is None
    assert S.ANSWER_CHANGED not in signs(facts_at(100.0, (99.0, name("10.0.1.3", changed=True)), SYMPTOM))


def test_of_a_resolver_that_is_out_of_reach_the_host_is_to_blame() -> None:
    facts = facts_at(100.0, (100.0, name(failed=failure(C.CLIENT_RESOURCES))))
    assert S.SAID not in signs(facts)


def test_the_path_shows_where_loss_starts_and_where_it_ends_short() -> None:
    whole = path("10.0.0.2", "10.0.1.2")
    lossy = path("10.0.0.2", "10.0.1.2", route=route("10.0.0.2", "10.0.1.2", loss_start=2, network="transit"))
    shown = fact(facts_at(102.0, SYMPTOM, (101.0, lossy)), S.LOSS_STARTS)
    assert shown.values == {"hop": "2", "hop_address": "10.0.1.2", "network": "transit"}
    short = path("10.0.0.2", None, reached=False, route=route("10.0.0.2", None))
    assert fact(facts_at(102.0, (90.0, whole), SYMPTOM, (101.0, short)), S.PATH_SHORT).values["hop"] == "1"
    nobody = path(None, None, reached=False)
    assert "not even" in fact(facts_at(102.0, (90.0, whole), SYMPTOM, (101.0, nobody)), S.PATH_SHORT).text
    nearer = path("10.0.0.2")
    assert fact(facts_at(102.0, (90.0, whole), SYMPTOM, (101.0, nearer)), S.PATH_NEARER).values == {
        "hop": "1"
    }
    assert signs(facts_at(102.0, (90.0, whole), SYMPTOM, (101.0, whole))).isdisjoint(
        {S.PATH_SHORT, S.PATH_NEARER}
    )
    # Who never reached the target cannot tell, and an old round tells nothing.
    assert S.PATH_SHORT not in signs(facts_at(102.0, SYMPTOM, (101.0, short)))
    assert S.PATH_SHORT not in signs(facts_at(102.0, (90.0, whole), (91.0, short), SYMPTOM))
    assert S.PATH_SHORT not in signs(facts_at(102.0, SYMPTOM, (101.0, path())))


def test_sizes_show_whether_larger_packets_vanish() -> None:
    hole = failure(C.NET_MTU_BLACKHOLE)
    shown = fact(facts_at(101.0, SYMPTOM, (100.5, sizes(1400, blackhole=True, failed=hole))), S.BIG_VANISH)
    assert shown.values == {"mtu": "1400", "mss": "1360"}
    assert S.BIG_VANISH in signs(facts_at(101.0, SYMPTOM, (100.5, sizes(1400, blackhole=True))))
    assert S.BIG_PASSES in signs(facts_at(101.0, SYMPTOM, (100.5, sizes(1500, blackhole=False))))
    assert S.BIG_PASSES not in signs(facts_at(101.0, (90.0, sizes(1500, blackhole=False)), SYMPTOM))


def test_the_server_tells_of_its_life() -> None:
    before = (90.0, server())
    again = (101.0, server(Change.RESTART, started=1090.0))
    assert S.SERVER_RESTARTED in signs(facts_at(102.0, before, SYMPTOM, again))
    assert S.SERVER_GOES_ON in signs(facts_at(102.0, before, SYMPTOM, (101.0, server())))
    assert S.SERVER_GOES_ON not in signs(facts_at(102.0, before, SYMPTOM, (101.0, server(started=None))))
    assert S.SERVER_GOES_ON not in signs(facts_at(102.0, before, SYMPTOM))
    first = (90.0, server(identity="one"))
    other = (101.0, server(Change.IDENTITY, identity="two"))
    assert fact(facts_at(102.0, first, other), S.SERVER_OTHER).values == {"before": "one", "now": "two"}
    assert fact(facts_at(102.0, (101.0, server(Change.IDENTITY))), S.SERVER_OTHER).values == {}
    unknown = (101.0, server(Change.RESTART, started=None))
    assert fact(facts_at(102.0, unknown), S.SERVER_RESTARTED).text == "the server has started anew"


def test_a_primary_that_takes_no_writes_any_more_is_trouble_and_a_replica_is_not() -> None:
    case = case_of((90.0, server(read_only=False)), (100.0, server(read_only=True)))
    symptoms = case.symptom(100.0)
    assert symptoms is not None
    assert symptoms.standing
    assert S.SERVER_READ_ONLY in signs(case.facts(100.0))
    case.take(101.0, server(read_only=True))
    assert S.SERVER_READ_ONLY in signs(case.facts(101.0))
    assert case_of((90.0, server(read_only=True)), (100.0, server(read_only=True))).symptom(100.0) is None


def test_the_server_tells_of_locks_of_fullness_and_of_who_stands_between() -> None:
    waiting = (101.0, server(lock_waiters=2, used=95))
    facts = facts_at(102.0, SYMPTOM, waiting)
    assert {S.SERVER_LOCKS, S.SERVER_FULL} <= signs(facts)
    assert fact(facts, S.SERVER_FULL).values == {"connections": "95", "connections_max": "100"}
    assert S.SERVER_FULL not in signs(facts_at(102.0, SYMPTOM, (101.0, server(used=50))))
    direct = fact(
        facts_at(102.0, SYMPTOM, (90.0, server(own_address="10.0.0.1", address="10.0.0.1"))), S.DIRECT
    )
    assert direct.values == {"our_address": "10.0.0.1"}
    assert S.INDIRECT in signs(
        facts_at(102.0, SYMPTOM, (90.0, server(own_address="10.0.0.1", address="10.0.1.1")))
    )


def test_silent_connections_show_a_device_that_forgets() -> None:
    vanished = [(100.0, drop(End.SILENCE, C.NET_BLACKHOLE, probe="idle", used=True)), (108.0, inquest())]
    assert fact(facts_at(108.0, *vanished), S.IDLE_VANISHED).strength == 0.5
    twice = fact(facts_at(118.0, *vanished, (118.0, inquest(End.RST, silent=12.0))), S.IDLE_VANISHED)
    assert twice.strength == 1.0
    assert "10.0 to 12.0 s" in twice.text
    disturbed = [vanished[0], (108.0, inquest(idle=False))]
    assert S.IDLE_VANISHED not in signs(facts_at(108.0, *disturbed))
    assert S.IDLE_VANISHED not in signs(facts_at(108.0, vanished[0], (108.0, inquest(listed=False))))


def test_silent_connections_show_the_servers_own_limit() -> None:
    limited = (90.0, server(settings={"wait_timeout": 10.0, "connect_timeout": 5.0}))
    died = [
        (100.0, drop(End.RST, probe="idle", silent=10.1)),
        (102.0, inquest(End.RST, silent=10.1, used=False)),
    ]
    facts = facts_at(102.0, limited, *died)
    shown = fact(facts, S.IDLE_AT_SETTING)
    assert (shown.values["setting"], shown.values["seconds"]) == ("wait_timeout", "10")
    assert fact(facts, S.IDLE_RESET).strength == 0.5
    assert S.IDLE_NOT_SETTING not in signs(facts)
    other = (90.0, server(settings={"wait_timeout": 60.0}))
    facts = facts_at(102.0, other, *died)
    assert S.IDLE_AT_SETTING not in signs(facts)
    assert "wait_timeout = 60 s" in fact(facts, S.IDLE_NOT_SETTING).text
    assert S.IDLE_NOT_SETTING not in signs(facts_at(102.0, *died))


def test_ends_after_the_same_silence_count_together() -> None:
    died = (100.0, drop(End.FIN, probe="idle", silent=10.1))
    ended = [
        (102.0 + at, inquest(End.FIN, silent=seconds, used=False))
        for at, seconds in enumerate((4.0, 10.1, 10.2))
    ]
    assert (
        fact(facts_at(105.0, died, *ended), S.IDLE_CLOSED).text
        == "2 silent connections ended, closed after 10.1 s"
    )


def test_deaths_of_idleness_that_are_hours_apart_count_together() -> None:
    died = drop(End.SILENCE, C.NET_BLACKHOLE, probe="idle", silent=3600.0, used=True)
    case = case_of((100.0, died), (104.0, inquest(silent=3600.0)))
    first = case.symptom(104.0)
    assert first is not None
    assert first.standing
    assert not case.verdict(104.0).named
    over = case.symptom(100.0 + 4 * 3600.0)
    assert over is not None
    assert not over.standing
    case.settle(15000.0)
    assert case.facts(15000.0) == []
    case.take(15100.0, died)
    case.take(15104.0, inquest(silent=3600.0))
    assert [one.cause for one in case.verdict(15105.0).named] == [C.MIDDLEBOX_IDLE_TIMEOUT]
    case = case_of(
        (100.0, died), (104.0, inquest(silent=3600.0)), (9e4, died), (9e4 + 4, inquest(silent=3600.0))
    )
    assert not case.verdict(9e4 + 5).named, "another day"


def test_an_age_at_which_others_died_says_nothing_of_this_trouble() -> None:
    deaths = [(100.0, drop(End.RST, age=60.0)), (160.0, drop(End.RST, age=60.0))]
    assert S.HELD_EQUAL_AGE not in signs(facts_at(1000.0, *deaths, (1000.0, session(DEAF))))


def test_the_last_words_of_a_silent_connection_count() -> None:
    words = drop(End.ERROR, C.SERVER_IDLE_TIMEOUT, probe="idle", said="idle-session timeout", code="57P05")
    facts = facts_at(100.0, (90.0, idle(8.0, 10.0)), (100.0, words))
    said = fact(facts, S.SAID)
    assert said.cause is C.SERVER_IDLE_TIMEOUT
    assert said.values["survived"] == "8"


def test_an_idle_timeout_that_is_known_is_no_trouble_any_more() -> None:
    found = (120.0, idle(9.0, 10.0, (C.MIDDLEBOX_IDLE_TIMEOUT, 9.8)))
    died = [(100.0, drop(End.SILENCE, C.NET_BLACKHOLE, probe="idle", used=True)), (108.0, inquest())]
    facts = facts_at(120.0, *died, found)
    shown = fact(facts, S.IDLE_FOUND)
    assert shown.cause is C.MIDDLEBOX_IDLE_TIMEOUT
    assert shown.values["seconds"] == "10"
    case = case_of(*died, found)
    case.settle(200.0)
    case.take(800.0, drop(End.SILENCE, C.MIDDLEBOX_IDLE_TIMEOUT, probe="idle", used=True))
    assert case.symptom(801.0) is None
    case.take(900.0, drop(End.RST, probe="idle"))
    assert case.symptom(901.0) is not None


def test_trials_decide() -> None:
    assert S.TLS_LETS_IN in signs(facts_at(101.0, SYMPTOM, (100.5, trial(Trial.TLS))))
    assert S.TLS_LETS_IN not in signs(
        facts_at(101.0, SYMPTOM, (100.5, trial(Trial.TLS, failure(C.AUTH_CREDENTIALS))))
    )
    assert S.TLS_LETS_IN not in signs(facts_at(101.0, (90.0, trial(Trial.TLS)), SYMPTOM))
    big: dict[str, Any] = {"small": True, "size": 4000}
    back = trial(Trial.SIZES, there=True, back=False, **big)
    assert "answer" in fact(facts_at(101.0, (100.5, back)), S.BIG_STALL).text
    there = trial(Trial.SIZES, there=False, **big)
    assert "question" in fact(facts_at(101.0, (100.5, there)), S.BIG_STALL).text
    assert S.BIG_PASSES in signs(
        facts_at(101.0, SYMPTOM, (100.5, trial(Trial.SIZES, there=True, back=True, **big)))
    )
    assert signs(facts_at(101.0, SYMPTOM, (100.5, trial(Trial.SIZES, DEAF)))).isdisjoint(
        {S.BIG_PASSES, S.BIG_STALL}
    )


def test_a_host_that_stands_still_takes_back_what_was_timed() -> None:
    case = case_of((100.0, session(failure(C.SERVER_UNRESPONSIVE, Phase.AUTH))))
    case.take(100.0, drop(End.SILENCE, C.SERVER_UNRESPONSIVE, used=True))
    case.learn(100.2, HostCondition(seconds=1.0, lag=4.0))
    shown = signs(case.facts(100.5))
    assert S.HOST_STALLED in shown
    assert shown.isdisjoint({S.FRESH_MUTE, S.HELD_UNANSWERED})
    case = case_of((100.0, session(REFUSED)))
    case.learn(100.2, HostCondition(seconds=1.0, step=-3600.0))
    assert {S.HOST_STALLED, S.FRESH_REFUSED} <= signs(case.facts(100.5))


def test_damaged_packets_and_a_lack_of_descriptors_are_told() -> None:
    case = case_of((100.0, held(1, 0.3)))
    case.learn(100.2, HostCondition(seconds=1.0, checksum_errors=5))
    case.take(100.3, held(1, 0.3))
    assert case.symptom(100.5) is not None
    assert S.CHECKSUMS in signs(case.facts(100.5))
    case.settle(101.0)
    case = case_of(SYMPTOM)
    case.learn(100.2, HostCondition(seconds=1.0, descriptors_left=0))
    assert S.FRESH_RESOURCES in signs(case.facts(100.5))


def test_a_refusal_that_may_be_one_of_missing_tls_waits_for_the_trial() -> None:
    denied = (100.0, session(failure(C.AUTH_CREDENTIALS, Phase.AUTH, code="1045", said="Access denied")))
    case = case_of(denied)
    verdict = case.verdict(100.5)
    assert not verdict.named
    assert Ask.TLS_TRIAL in verdict.asks
    case.take(101.0, trial(Trial.TLS))
    assert [one.cause for one in case.verdict(101.5).named] == [C.AUTH_NOT_ALLOWED]
    case = case_of(denied, (101.0, trial(Trial.TLS, failure(C.AUTH_CREDENTIALS))))
    assert [one.cause for one in case.verdict(101.5).named] == [C.AUTH_CREDENTIALS]
    assert case_of(denied).verdict(120.0).named
    untried = Subject(target="orders", host="10.0.1.2", port=3306, family="mysql", trials=frozenset())
    assert case_of(denied, subject=untried).verdict(100.5).named


def test_what_is_asked_fits_the_target() -> None:
    numeric = Subject(target="orders", host="10.0.1.2", port=5432, family="postgresql", trials=frozenset())
    slow = [(100.0, session(seconds=2.0, dns=1.9))]
    assert Ask.DNS in case_of(*slow).verdict(100.1).asks
    assert Ask.DNS not in case_of(*slow, subject=numeric).verdict(100.1).asks
    stalled = (100.0, session(failure(C.TLS_HANDSHAKE, Phase.TLS)))
    assert {Ask.SIZES_TRIAL, Ask.MTU, Ask.TLS, Ask.SESSION} <= case_of(stalled).verdict(100.1).asks
    assert Ask.SIZES_TRIAL not in case_of(stalled, subject=numeric).verdict(100.1).asks


def test_facts_of_others_count_with_our_own() -> None:
    ended = (100.0, drop(End.FIN))
    restarted = Fact(sign=S.SERVER_RESTARTED, text="the server has started anew")
    assert not case_of(ended).verdict(100.1).named
    assert [one.cause for one in case_of(ended).verdict(100.1, [restarted]).named] == [C.SERVER_RESTART]
