"""From observations to facts: what each side of a case shows, and when trouble begins and ends."""

from typing import Any

from exporter.diagnosis.rules import SURE
from exporter.diagnosis.sign import Fact, Sign
from exporter.diagnosis.subject import Subject
from exporter.diagnosis.verdict import Ask
from exporter.model import Cause, End, HostCondition, Phase, Trial
from tests.diagnosis.observing import (
    DEAF,
    REFUSED,
    SYMPTOM,
    case_of,
    drop,
    echoes,
    fact,
    facts_at,
    failure,
    held,
    session,
    signs,
    sizes,
    trial,
)

C, S = Cause, Sign


def test_trouble_stands_until_a_connection_is_held_again() -> None:
    case = case_of((100.0, drop(End.FIN)))
    symptoms = case.symptom(100.5)
    assert symptoms is not None
    assert (symptoms.first, symptoms.latest, symptoms.standing) == (100.0, 100.0, True)
    case.take(101.0, held(1))
    symptoms = case.symptom(101.5)
    assert symptoms is not None
    assert not symptoms.standing
    case.settle()
    assert case.symptom(170.0) is None


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
    case = case_of((100.0, drop(End.SILENCE, C.NET_BLACKHOLE, used=True)))
    case.learn(100.2, HostCondition(seconds=1.0, lag=4.0))
    assert S.HELD_SILENT not in signs(case.facts(100.5))
    case = case_of((100.0, session(REFUSED)))
    case.learn(100.2, HostCondition(seconds=1.0, step=3600.0))
    assert {S.HOST_STALLED, S.FRESH_REFUSED} <= signs(case.facts(100.5))


def test_a_clock_that_is_set_back_is_no_host_that_stood_still() -> None:
    case = case_of((100.0, session(failure(C.SERVER_UNRESPONSIVE, Phase.AUTH))))
    case.learn(100.2, HostCondition(seconds=1.0, step=-3600.0))
    assert signs(case.facts(100.5)).isdisjoint({S.HOST_STALLED, S.FRESH_MUTE})


def test_a_host_that_stands_still_in_a_trouble_has_not_made_it() -> None:
    case = case_of((100.0, session(REFUSED)))
    case.learn(100.2, HostCondition(seconds=1.0, lag=4.0))
    assert C.CLIENT_RESOURCES in {one.cause for one in case.verdict(100.5).named}
    case.take(102.0, session(REFUSED))
    assert fact(case.facts(102.5), S.HOST_STALLED).strength < SURE, "it has gone on since"
    case = case_of((100.0, session(REFUSED)), (109.0, session(REFUSED)))
    case.learn(110.0, HostCondition(seconds=6.0, lag=5.0))
    assert fact(case.facts(110.5), S.HOST_STALLED).strength < SURE
    assert C.CLIENT_RESOURCES not in {one.cause for one in case.verdict(110.5).named}


def test_damaged_packets_and_a_lack_of_descriptors_are_told() -> None:
    case = case_of((100.0, held(1, 0.3)))
    case.learn(100.2, HostCondition(seconds=1.0, checksum_errors=5))
    case.take(100.3, held(1, 0.3))
    assert case.symptom(100.5) is not None
    assert S.CHECKSUMS in signs(case.facts(100.5))
    case.settle()
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
