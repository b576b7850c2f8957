"""What the server has counted meanwhile."""

from dataclasses import replace

from exporter.diagnosis.sign import Sign
from exporter.model import Counted, ServerObservation
from tests.diagnosis.observing import SYMPTOM, fact, facts_at, server, signs

S = Sign


def counted(killed: int = 0, *, ours: int = 0, refused: int = 0) -> ServerObservation:
    seen = server(errors={"max_connections": refused})
    return replace(seen, counters={Counted.SESSIONS_KILLED: killed}, own={Counted.SESSIONS_KILLED: ours})


def test_sessions_that_somebody_ended_count_but_for_those_that_we_ended() -> None:
    facts = facts_at(102.0, (80.0, counted(5)), (90.0, counted(6)), SYMPTOM, (101.0, counted(9, ours=1)))
    assert "counted 2 sessions" in fact(facts, S.SERVER_COUNTS_KILLED).text
    ours = facts_at(102.0, (90.0, counted(6)), SYMPTOM, (101.0, counted(9, ours=3)))
    assert S.SERVER_COUNTS_KILLED not in signs(ours)


def test_refusals_for_want_of_a_connection_count() -> None:
    facts = facts_at(102.0, (90.0, counted(refused=1)), SYMPTOM, (101.0, counted(refused=4)))
    assert "counted 3 refusals" in fact(facts, S.SERVER_COUNTS_REFUSED).text


def test_there_must_be_a_look_before_the_trouble_and_one_after_it_began() -> None:
    for looks in ([(101.0, counted(9))], [(80.0, counted(5)), (90.0, counted(9))]):
        assert S.SERVER_COUNTS_KILLED not in signs(facts_at(102.0, *looks, SYMPTOM))


def test_who_begins_anew_has_counted_nothing() -> None:
    facts = facts_at(102.0, (90.0, counted(6, refused=4)), SYMPTOM, (101.0, counted(0)))
    assert signs(facts).isdisjoint({S.SERVER_COUNTS_KILLED, S.SERVER_COUNTS_REFUSED})
