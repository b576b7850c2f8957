"""Incidents that outlive the daemon, and a list of them that does not grow for ever."""

import json
from pathlib import Path
from typing import Any

import pytest

from exporter.incidents.history import MOST, MOST_OF_ONE, History, key
from exporter.incidents.stored import LONGEST, MOST_LINES
from exporter.incidents.trouble import UNWATCHED
from exporter.model import Cause, Incident, Severity, Stage, Step
from exporter.probes.memory import Memory
from tests.incidents import QUIET, Office, naming

DOWN, RESTART = Cause.SERVER_DOWN, Cause.SERVER_RESTART


def an_incident(number: int, *, target: str = "a", ended: float | None = 1e9) -> Incident:
    return Incident(
        id=f"{target}-{number}",
        target=target,
        cause=DOWN,
        severity=Severity.CRITICAL,
        started=float(number),
        ended=ended,
        summary="a is down",
        evidence=("refused",),
        fix=(Step(text="start it", copy=("systemctl start postgresql",)),),
        confidence=0.9,
        candidates=(RESTART,),
    )


def a_history(*targets: str, known: dict[str, Any] | None = None) -> History:
    known = {} if known is None else known
    return History(targets or ("a",), lambda name: known.get(name, {}), known.__setitem__)


def again(office: Office, *, after: float = 5.0) -> Office:
    """Begin anew with what has been kept, as JSON holds it, so many seconds later."""
    known = json.loads(json.dumps(office.known))
    return Office(*office.scripted, known=known, at=1.0, wall=office.wall + after)


def test_what_was_kept_is_read_again_as_it_was() -> None:
    known: dict[str, Any] = {}
    first = a_history(known=known)
    incidents = [an_incident(1), an_incident(2, ended=None)]
    for incident in incidents:
        first.put(incident, 3.0)
    first.keep("a")
    assert a_history(known=json.loads(json.dumps(known))).listed() == incidents[::-1]


def test_of_one_target_the_oldest_make_room() -> None:
    history = a_history()
    history.put(an_incident(0, ended=None), 1.0)
    for number in range(1, 200):
        history.put(an_incident(number), 1.0)
    listed = history.listed()
    assert len(listed) == MOST_OF_ONE
    assert [incident.started for incident in listed] == [*range(199, 100, -1), 0.0]


def test_in_all_the_oldest_make_room() -> None:
    targets = [f"t{number}" for number in range(20)]
    history = a_history(*targets)
    for number in range(90):
        for target in targets:
            history.put(an_incident(number, target=target), 1.0)
    assert len(history.listed()) == MOST
    assert min(incident.started for incident in history.listed()) == 40.0


def test_what_is_not_over_is_kept_in_any_case() -> None:
    history = a_history()
    for number in range(MOST_OF_ONE + 20):
        history.put(an_incident(number, ended=None), 1.0)
    assert len(history.listed()) == MOST_OF_ONE + 20
    history.put(an_incident(0), 1.0)  # one of them is over
    history.put(an_incident(500, ended=None), 1.0)
    assert len(history.listed()) == MOST_OF_ONE + 20


def test_a_file_of_too_many_is_cut_at_once() -> None:
    known: dict[str, Any] = {}
    targets = [f"t{number}" for number in range(20)]
    for target in targets:
        alone = a_history(target, known=known)
        for number in range(MOST_OF_ONE):
            alone.put(an_incident(number, target=target), 1.0)
        alone.keep(target)
    assert len(a_history(*targets, known=known).listed()) == MOST


ONE: dict[str, Any] = {
    "id": "a-1", "cause": "server.down", "severity": "critical", "started": 1.0, "ended": None, "seen": 2.0,
    "summary": "s", "evidence": ["e"], "fix": [], "confidence": 0.5, "candidates": [],
}  # fmt: skip


@pytest.mark.parametrize("known", [{}, {"incidents": 7}, {"incidents": {"a": ONE}}, {"other": [ONE]}])
def test_a_file_that_says_something_else(known: dict[str, Any]) -> None:
    assert a_history(known={key("a"): known}).listed() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": ""}, {"id": 7}, {"id": None}, {"cause": "the.weather"}, {"cause": ["server.down"]},
        {"severity": "bad"}, {"started": "1"}, {"started": True}, {"started": float("nan")},
        {"started": 1e300}, {"started": 10**400}, {"ended": "never"}, {"ended": float("inf")}, {"seen": None},
        {"seen": -1e300}, {"summary": None}, {"evidence": "text"}, {"evidence": [7]}, {"fix": {"a": "b"}},
        {"fix": [{"text": "t"}]}, {"fix": [{"text": "t", "copy": [7]}]}, {"fix": [7]},
        {"confidence": "high"}, {"confidence": float("nan")}, {"candidates": ["x"]}, {"candidates": [[]]},
    ],
    ids=str,
)  # fmt: skip
def test_an_incident_that_makes_no_sense_is_forgotten_alone(wrong: dict[str, Any]) -> None:
    other = {**ONE, "id": "a-2"}
    listed = a_history(known={key("a"): {"incidents": [{**ONE, **wrong}, other]}}).listed()
    assert [incident.id for incident in listed] == ["a-2"]


def test_an_older_file_has_steps_without_anything_to_copy() -> None:
    (incident,) = a_history(known={key("a"): {"incidents": [{**ONE, "fix": ["start it: ls"]}]}}).listed()
    assert incident.fix == (Step(text="start it: ls"),)


@pytest.mark.parametrize("thing", [None, 7, "x", [], {}, [[[]]]], ids=str)
def test_things_that_are_no_incident(thing: object) -> None:
    listed = a_history(known={key("a"): {"incidents": [thing, ONE]}}).listed()
    assert [incident.id for incident in listed] == ["a-1"]


def test_a_file_that_says_too_much() -> None:
    big = {**ONE, "summary": "s" * 10**6, "evidence": ["e\ud800"] * 10**4, "confidence": 1e9, "ended": 0.5}
    (incident,) = a_history(known={key("a"): {"incidents": [big] * 10**3}}).listed()
    assert len(incident.summary) == LONGEST
    assert incident.evidence == ("e?",) * MOST_LINES
    assert (incident.confidence, incident.ended) == (1.0, incident.started)


def test_it_is_in_the_state_file_once_it_is_opened(tmp_path: Path) -> None:
    """What is kept is such as the file can hold, and survives the way there and back."""
    memory = Memory(tmp_path)
    office = Office()
    office.ail(naming(DOWN))
    office.desk.stop()
    for name, known in office.known.items():
        memory.keep(name, known)
    memory.save()
    history = History(["a"], Memory(tmp_path).recall, memory.keep)
    assert history.listed() == office.incidents


def test_the_same_trouble_after_a_restart_is_the_same_incident() -> None:
    before = Office()
    before.ail(naming(DOWN))
    before.desk.stop()
    after = again(before)
    assert after.incidents == before.incidents
    assert after.tally.shown["a"] == {DOWN}
    after.passes(10)
    after.ail()
    after.wait(5)
    after.ail(naming(DOWN))
    assert [incident.id for incident in after.incidents] == [before.incidents[0].id]
    assert after.notes == []
    ended = after.wall
    after.passes(QUIET + 1)
    (incident,) = after.incidents
    assert incident.started == before.incidents[0].started
    assert incident.ended == pytest.approx(ended)
    assert after.tally.counts == {}  # it has been counted by the run before


def test_without_symptoms_after_a_restart_it_ended_when_it_was_seen_last() -> None:
    before = Office()
    before.ail(naming(DOWN))
    before.wait(7)
    before.ail()
    seen = before.wall
    before.wait(3)
    before.desk.stop()
    after = again(before)
    after.passes(QUIET - 2)
    assert after.incidents[0].ended is None
    after.passes(3)
    assert after.incidents[0].ended == pytest.approx(seen)
    assert after.stages == [Stage.CLOSED]
    assert after.tally.seconds == {}


def test_another_trouble_after_a_restart_is_another_incident() -> None:
    before = Office()
    before.ail(naming(DOWN))
    seen = before.wall
    before.desk.stop()
    after = again(before)
    after.wait(10)
    after.ail()
    began = after.wall
    after.wait(2)
    after.ail(naming(RESTART))
    new, old = after.incidents
    assert (old.cause, new.cause) == (DOWN, RESTART)
    assert (old.ended, new.started) == pytest.approx((seen, began))
    assert after.stages == [Stage.CLOSED, Stage.OPENED, Stage.NAMED]
    assert after.tally.counts == {("a", RESTART): 1}


def test_of_two_after_a_restart_only_the_one_found_again_is_suffered_from() -> None:
    before = Office()
    before.ail(naming(DOWN, RESTART))
    before.desk.stop()
    after = again(before)
    assert after.tally.shown["a"] == {DOWN, RESTART}
    after.ail(naming(DOWN))
    assert [incident.cause for incident in after.incidents if incident.ended is None] == [DOWN]
    assert after.tally.shown["a"] == {DOWN}


def test_one_without_a_name_gets_it_after_the_restart() -> None:
    before = Office()
    before.ail()
    before.desk.stop()
    after = again(before)
    after.wait(1)
    after.ail(naming(DOWN))
    (incident,) = after.incidents
    assert (incident.id, incident.cause) == (before.incidents[0].id, DOWN)
    assert after.tally.counts == {("a", DOWN): 1}


def test_a_better_name_after_a_restart_is_the_same_incident_once_it_was_found_again() -> None:
    before = Office()
    before.ail(naming(DOWN))
    before.desk.stop()
    after = again(before)
    after.ail(naming(DOWN))
    after.wait(1)
    after.ail(naming(RESTART))
    (incident,) = after.incidents
    assert (incident.id, incident.cause) == (before.incidents[0].id, RESTART)


def test_one_without_a_name_that_ended_meanwhile_is_counted_as_unknown() -> None:
    before = Office()
    before.ail()
    before.desk.stop()
    assert before.tally.counts == {}
    after = again(before)
    after.passes(QUIET + 1)
    assert after.tally.counts == {("a", Cause.UNKNOWN): 1}


def test_one_of_unknown_cause_is_not_counted_twice() -> None:
    before = Office()
    before.ail(standing=True)
    before.passes(29)
    before.ail()
    before.passes(2)
    assert before.tally.counts == {("a", Cause.UNKNOWN): 1}
    before.wait(1)
    before.ail()
    before.desk.stop()
    after = again(before)
    after.passes(QUIET + 1)
    assert after.tally.counts == {}


def test_nobody_knows_what_was_while_nobody_looked() -> None:
    """After a long absence the incident is over, whatever is wrong now."""
    before = Office()
    before.ail(naming(DOWN))
    seen = before.wall
    before.desk.stop()
    after = again(before, after=UNWATCHED + 10)
    assert after.incidents[0].ended == pytest.approx(seen)
    after.ail(naming(DOWN))
    assert len(after.incidents) == 2


def test_a_kill_loses_some_seconds_at_most() -> None:
    """What is kept while it lasts says when it was seen last."""
    before = Office()
    before.ail(naming(DOWN))
    for _ in range(60):
        before.passes(1)
        before.ail()
    killed = before.wall
    after = again(before)
    after.passes(QUIET + 1)
    (incident,) = after.incidents
    assert incident.ended is not None
    assert killed - 12 < incident.ended <= killed
