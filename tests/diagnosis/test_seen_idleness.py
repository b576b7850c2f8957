"""What silent connections die of."""

from exporter.diagnosis.rules import SURE
from exporter.diagnosis.sign import Sign
from exporter.model import Cause, End
from tests.diagnosis.observing import (
    case_of,
    drop,
    fact,
    facts_at,
    held,
    idle,
    inquest,
    server,
    signs,
)

C, S = Cause, Sign


def test_silent_connections_show_a_device_that_forgets() -> None:
    died = drop(End.SILENCE, C.NET_BLACKHOLE, probe="idle", used=True)
    vanished = [(90.0, held(1)), (100.0, died), (108.0, inquest())]
    assert fact(facts_at(108.0, *vanished), S.IDLE_VANISHED).strength == 0.5
    twice = fact(facts_at(118.0, *vanished, (118.0, inquest(End.RST, silent=12.0))), S.IDLE_VANISHED)
    assert twice.strength == 1.0
    assert "10.0 to 12.0 s" in twice.text
    alone = fact(facts_at(118.0, *vanished[1:], (118.0, inquest(silent=12.0))), S.IDLE_VANISHED)
    assert alone.strength < SURE, "it may have been one outage"
    disturbed = [*vanished[:2], (108.0, inquest(idle=False))]
    assert S.IDLE_VANISHED not in signs(facts_at(108.0, *disturbed))
    assert S.IDLE_VANISHED not in signs(facts_at(108.0, *vanished[:2], (108.0, inquest(listed=False))))


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


def test_nobody_waits_for_silence_to_kill_again_where_it_has_not() -> None:
    """A restart that ends a connection silent for an hour is over when it is over, not hours later."""
    silent, younger = (drop(End.FIN, probe="idle", silent=seconds) for seconds in (3600.0, 10.0))
    told = drop(End.ERROR, C.SERVER_SESSION_KILLED, probe="idle", silent=3600.0, said="killed", code="57P01")
    events = ([silent, drop(End.FIN)], [drop(End.FIN), silent], [silent, younger, silent], [told])
    for event in events:
        case = case_of(*((100.0 + number / 10, one) for number, one in enumerate(event)), (101.0, held(1)))
        symptoms = case.symptom(101.0)
        assert symptoms is not None
        assert not symptoms.standing
    again = case_of((100.0, drop(End.FIN)), (101.0, held(1)), (200.0, silent)).symptom(201.0)
    assert again is not None
    assert again.standing


def test_deaths_of_idleness_that_are_hours_apart_count_together() -> None:
    died = drop(End.SILENCE, C.NET_BLACKHOLE, probe="idle", silent=3600.0, used=True)
    case = case_of((90.0, held(1)), (100.0, died), (104.0, inquest(silent=3600.0)))
    first = case.symptom(104.0)
    assert first is not None
    assert first.standing
    assert not case.verdict(104.0).named
    over = case.symptom(100.0 + 4 * 3600.0)
    assert over is not None
    assert not over.standing
    case.settle()
    assert case.facts(15000.0) == []
    case.take(15100.0, died)
    case.take(15104.0, inquest(silent=3600.0))
    assert [one.cause for one in case.verdict(15105.0).named] == [C.MIDDLEBOX_IDLE_TIMEOUT]
    inquests = [(at, inquest(silent=3600.0)) for at in (104.0, 9e4 + 4)]
    case = case_of((90.0, held(1)), (100.0, died), inquests[0], (9e4, died), inquests[1])
    assert not case.verdict(9e4 + 5).named, "another day"


def test_a_silent_connection_that_died_with_others_is_not_waited_for_again() -> None:
    died = (100.0, drop(End.FIN, probe="idle", silent=3600.0))
    for alone in (True, False):
        symptoms = case_of(died, (104.0, inquest(End.FIN, used=False, idle=alone))).symptom(200.0)
        assert symptoms is not None
        assert symptoms.standing is alone


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
    case.settle()
    case.take(800.0, drop(End.SILENCE, C.MIDDLEBOX_IDLE_TIMEOUT, probe="idle", used=True))
    assert case.symptom(801.0) is None
    case.take(900.0, drop(End.RST, probe="idle"))
    assert case.symptom(901.0) is not None


def test_a_pool_that_leaves_connections_silent_for_too_long_dies_of_what_is_known() -> None:
    """However many of them are found dead at once, and after whatever silences."""
    case = case_of((120.0, idle(45.0, 45.5, (C.MIDDLEBOX_IDLE_TIMEOUT, 45.3))), (600.0, held(1)))
    case.settle()
    for at, silent in ((700.0, 94.0), (700.1, 98.2)):
        case.take(at, drop(End.SILENCE, C.MIDDLEBOX_IDLE_TIMEOUT, probe="pool", silent=silent, used=True))
    assert [found.cause for found in case.verdict(701.0).named] == [C.MIDDLEBOX_IDLE_TIMEOUT]
    unknown = case_of((120.0, idle(45.0, 45.5, (C.MIDDLEBOX_IDLE_TIMEOUT, 45.3))), (600.0, held(1)))
    unknown.settle()
    for at, silent in ((700.0, 20.0), (700.1, 30.0)):
        unknown.take(at, drop(End.SILENCE, C.NET_BLACKHOLE, probe="pool", silent=silent, used=True))
    assert C.MIDDLEBOX_IDLE_TIMEOUT not in [found.cause for found in unknown.verdict(701.0).named]
