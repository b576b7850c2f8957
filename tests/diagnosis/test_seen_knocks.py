"""What connects at the port show, address by address."""

import pytest

from exporter.diagnosis.sign import Sign
from exporter.model import Cause, Connect
from tests.diagnosis.observing import (
    DEAF,
    REFUSED,
    SYMPTOM,
    case_of,
    connect,
    fact,
    facts_at,
    failure,
    knock,
    session,
    signs,
)

C, S = Cause, Sign


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
def test_connects_show_what_they_met(one: Connect, sign: Sign) -> None:
    facts = facts_at(101.0, SYMPTOM, (100.5, knock(one)))
    assert sign in signs(facts)


def test_who_turns_a_connect_away_is_named() -> None:
    away = failure(C.NET_UNREACHABLE, offender="10.0.0.2")
    assert (
        fact(facts_at(100.0, (100.0, knock(connect(away)))), S.FRESH_UNREACHABLE).values["offender"]
        == "10.0.0.2"
    )


def test_what_failed_of_what_nobody_knows_is_told_and_points_at_nobody() -> None:
    """Whoever looks into a trouble without a name has to see what happened."""
    facts = facts_at(100.0, (100.0, knock(connect(failure(C.UNKNOWN)))), SYMPTOM)
    assert signs(facts) == {S.FRESH_FAILED}
    assert all("failed: nothing tells why (" in one.text for one in facts)
    assert not case_of(SYMPTOM).verdict(100.0).candidates


def test_the_kernels_own_code_is_nothing_that_anybody_said() -> None:
    taken_back = failure(C.PROXY_BACKEND_UNAVAILABLE, code="ECONNRESET")
    assert S.FRESH_HUNG_UP in signs(facts_at(100.0, (100.0, knock(connect(taken_back)))))


def test_what_was_seen_is_told_in_sentences() -> None:
    refused = [(100.0 + number, knock(connect(REFUSED))) for number in range(7)]
    told = {one.sign: one.text for one in facts_at(107.0, (99.0, knock(connect())), *refused)}
    assert told[S.FRESH_REFUSED].startswith("7 of 8 connects at the port failed: refused at the port (")
    assert told[S.FRESH_ALL_FAIL] == "for 6 s no connect came about (7 tried)"
    one = fact(facts_at(100.0, (100.0, session(REFUSED))), S.FRESH_REFUSED).text
    assert one.startswith("1 new connection failed: refused at the port (")
    both = fact(facts_at(101.0, (100.0, session(REFUSED)), (101.0, session(REFUSED))), S.FRESH_REFUSED).text
    assert both.startswith("both new connections failed: ")


def test_six_that_refuses_at_once_costs_nobody_anything() -> None:
    case = case_of((100.0, knock(connect(), connect(failure(C.DNS_IPV6_BROKEN)))))
    assert case.symptom(100.0) is None
    assert signs(case.facts(100.0)) == set()
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
