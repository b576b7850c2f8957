"""What the server says of itself, and what that shows."""

from exporter.diagnosis.sign import Sign
from exporter.model import Cause, Change
from tests.diagnosis.observing import (
    SYMPTOM,
    case_of,
    fact,
    facts_at,
    server,
    signs,
)

C, S = Cause, Sign


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
    earlier = (101.0, server(Change.RESTART, uptime=30.0))
    assert S.SERVER_RESTARTED not in signs(facts_at(102.0, before, SYMPTOM, earlier)), "before this trouble"
    assert S.SERVER_RESTARTED in signs(facts_at(102.0, before, earlier)), "nothing else has told of it"
    unknown = (101.0, server(Change.RESTART, started=None))
    assert fact(facts_at(102.0, unknown), S.SERVER_RESTARTED).text == "the server has started anew"


def test_a_restart_that_was_met_is_no_news_at_the_next_look() -> None:
    """It was over within a second, whenever the server is asked again; met by nobody, it is a trouble."""
    restart = (120.0, server(Change.RESTART, started=1090.0))
    met = case_of((90.0, server()), SYMPTOM, restart)
    symptoms = met.symptom(120.0)
    assert symptoms is not None
    assert symptoms.latest == SYMPTOM[0]
    assert S.SERVER_RESTARTED in signs(met.facts(120.0))
    over = case_of((90.0, server()), SYMPTOM)
    over.settle()
    over.take(*restart)
    assert over.symptom(120.0) is None
    assert case_of(SYMPTOM, (110.0, server()), restart).symptom(120.0) is not None


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
