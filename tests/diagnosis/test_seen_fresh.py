"""What openings of new connections show."""

import pytest

from exporter.diagnosis.sign import Sign
from exporter.model import Cause, End, Failure, HostCondition, Phase
from tests.diagnosis.observing import (
    DEAF,
    REFUSED,
    case_of,
    connect,
    drop,
    echoes,
    fact,
    facts_at,
    failure,
    held,
    knock,
    server,
    session,
    signs,
)

C, S = Cause, Sign
SPOKEN = failure(C.PROXY_BACKEND_UNAVAILABLE, Phase.AUTH, said="server login failed")


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
        (failure(C.UNKNOWN, Phase.AUTH, code="XX000", said="no"), S.FRESH_FAILED, None),
        (failure(C.NET_UNREACHABLE, Phase.TCP), S.FRESH_UNREACHABLE, None),
        (failure(C.CLIENT_LOCAL_NETWORK, Phase.TCP), S.FRESH_LOCAL, None),
        (failure(C.CLIENT_RESOURCES, Phase.TCP), S.FRESH_RESOURCES, None),
        (failure(C.AUTH_CREDENTIALS, Phase.AUTH, code="28P01", said="no"), S.SAID, C.AUTH_CREDENTIALS),
    ],
)  # fmt: skip
def test_a_session_that_fails_shows_how(failed: Failure, sign: Sign, cause: Cause | None) -> None:
    facts = facts_at(100.1, (100.0, session(failed)))
    shown = fact(facts, sign)
    assert shown.cause is cause
    assert failed.detail in shown.text or failed.said in shown.text


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
    long = [*short, (106.0, session(REFUSED)), (107.0, session())]
    assert fact(facts_at(107.0, *long), S.FRESH_REFUSED_LONG).text == "the port refused for 6 s"
    # Who let somebody in meanwhile did not refuse all the time.
    between = (104.0, session())
    assert S.FRESH_REFUSED_LONG not in signs(facts_at(106.0, *short, between, (106.0, session(REFUSED))))
    knocks = [(100.0 + number, knock(connect(REFUSED))) for number in range(7)]
    assert S.FRESH_REFUSED_LONG in signs(facts_at(107.0, *knocks))


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


def test_who_said_goodbye_behind_a_proxy_and_stays_away_has_not_restarted() -> None:
    hung, leaving = (
        failure(C.PROXY_BACKEND_UNAVAILABLE, Phase.AUTH),
        failure(C.SERVER_RESTART, Phase.AUTH, said="bye"),
    )
    killed = (100.0, drop(End.ERROR, C.SERVER_SESSION_KILLED))
    others = (100.1, drop(End.ERROR, C.SERVER_SESSION_KILLED, probe="server", silent=3.0))
    between = (90.0, server(own_address="10.0.0.1", address="10.0.0.2"))
    gone = [between, killed, others, (100.2, session(leaving))]
    assert fact(facts_at(100.3, *gone), S.SAID).strength == 1.0
    case = case_of(*gone, *((at, session(hung)) for at in (101.0, 104.0, 107.0)))
    assert [one.cause for one in case.verdict(107.1).named] == [C.PROXY_BACKEND_UNAVAILABLE]
    case = case_of(*gone, *((at, session(leaving)) for at in (101.0, 104.0, 107.0)))
    assert [one.cause for one in case.verdict(107.1).named] == [C.SERVER_RESTART]
