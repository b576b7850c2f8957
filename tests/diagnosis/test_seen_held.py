"""What becomes of held connections, and what that shows."""

from dataclasses import replace
from operator import itemgetter

import pytest

from exporter.diagnosis.sign import Sign
from exporter.model import Cause, End, Observation
from tests.diagnosis.observing import (
    DEAF,
    SYMPTOM,
    case_of,
    drop,
    fact,
    facts_at,
    held,
    server,
    session,
    signs,
)

C, S = Cause, Sign
KILLED = drop(End.ERROR, C.SERVER_SESSION_KILLED, said="killed", code="57P01")


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
        ((60.0, 60.2, 60.1), (100.0, 160.0, 220.0), 1.0),
        ((60.0, 60.2), (100.0, 160.0), 2 / 3),
        ((20.0, 60.0, 60.2), (40.0, 100.0, 160.0), 2 / 3),
        ((60.0, 80.0), (100.0, 160.0), None),
        ((1.0, 1.1), (100.0, 160.0), None),
        ((60.0, 60.1), (100.0, 100.5), None),
    ],
)
def test_equal_ages_are_a_limit_unless_they_died_together(
    ages: tuple[float, ...], times: tuple[float, ...], limit: float | None
) -> None:
    deaths = [(at, drop(End.RST, age=age)) for at, age in zip(times, ages, strict=True)]
    facts = facts_at(times[-1], *deaths)
    assert (S.HELD_EQUAL_AGE in signs(facts)) is (limit is not None)
    if limit:
        assert fact(facts, S.HELD_EQUAL_AGE).strength == limit
        assert fact(facts, S.HELD_EQUAL_AGE).values == {"age": "60", "pool_recycle": "48"}


def test_what_befalls_all_connections_again_and_again_is_no_limit_on_age() -> None:
    times = (100.0, 160.0, 220.0)
    alone = [(at, drop(End.FIN, age=60.0)) for at in times]
    assert S.HELD_EQUAL_AGE in signs(facts_at(220.0, *alone))
    others = [(at + 0.1, drop(End.FIN, age=at, probe="server")) for at in times]
    assert S.HELD_EQUAL_AGE not in signs(facts_at(220.5, *sorted([*alone, *others], key=itemgetter(0))))
    said = [(at, drop(End.ERROR, C.SERVER_SESSION_KILLED, age=60.0)) for at in times]
    assert S.HELD_EQUAL_AGE not in signs(facts_at(220.0, *said))


def test_equal_ages_of_an_earlier_trouble_explain_no_other() -> None:
    case = case_of(*((at, drop(End.RST, age=60.0)) for at in (100.0, 160.0, 220.0)), (220.1, held(1)))
    case.settle()
    case.take(300.0, session(DEAF))
    assert S.HELD_EQUAL_AGE not in signs(case.facts(300.1))
    case.take(301.0, drop(End.RST, age=60.5))
    assert S.HELD_EQUAL_AGE in signs(case.facts(301.1))
