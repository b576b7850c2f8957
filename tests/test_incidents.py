"""Incidents from the first symptom to the last: when they open, what they are called, when they are over."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from exporter.diagnosis.sign import Fact, Sign
from exporter.diagnosis.verdict import Ask, Finding, Verdict
from exporter.incidents.cases import Facts
from exporter.model import Cause, HostCondition, Severity, Stage
from tests.incidents import QUIET, Office, fact, naming
from tests.waiting import wait_for

DOWN, RESTART, LOSS = Cause.SERVER_DOWN, Cause.SERVER_RESTART, Cause.NET_LOSS


def causes(office: Office) -> set[Cause]:
    """What is suffered from now."""
    return {incident.cause for incident in office.incidents if incident.ended is None}


def test_a_symptom_opens_an_incident_without_a_name() -> None:
    office = Office()
    office.ail()
    (incident,) = office.incidents
    assert (incident.cause, incident.ended, incident.confidence) == (Cause.UNKNOWN, None, 0.0)
    assert incident.started == office.wall
    assert incident.id == "a-20261121T153012.123Z"
    assert office.stages == [Stage.OPENED]
    assert office.tally.shown["a"] == {Cause.UNKNOWN}


def test_a_symptom_is_as_old_as_it_is() -> None:
    """Looked at late, stamped as it happened."""
    office = Office()
    office.wait(10)
    office.suffer()
    began = office.wall
    office.wait(2)
    office.desk.look()
    assert office.incidents[0].started == pytest.approx(began)


def test_no_symptom_no_incident() -> None:
    office = Office()
    for _ in range(5):
        office.hear("a")
        office.desk.look()
    assert (office.incidents, office.notes, len(office.case.taken)) == ([], [], 5)
    assert office.case.shared == []  # and no verdict either


def test_who_is_quiet_is_not_looked_at() -> None:
    office = Office("a", "b")
    office.hear("a")
    office.passes(5)
    assert (office.scripted["a"].looked, office.scripted["b"].looked) == (1, 0)


def test_the_name_comes_with_its_evidence() -> None:
    office = Office()
    office.ail()
    office.wait(2)
    office.ail(naming(DOWN))
    (incident,) = office.incidents
    assert (incident.cause, incident.evidence, incident.confidence) == (DOWN, (f"seen {DOWN}",), 0.9)
    assert incident.candidates == (LOSS,)
    assert office.notes[-1][1] == incident  # what is logged is what is listed
    assert [(stage, told.id, before) for stage, told, before in office.notes] == [
        (Stage.OPENED, incident.id, Cause.UNKNOWN),
        (Stage.NAMED, incident.id, Cause.UNKNOWN),
    ]
    assert office.tally.counts == {("a", DOWN): 1}
    assert office.tally.shown["a"] == {DOWN}


def test_two_causes_are_two_incidents_of_one_beginning() -> None:
    office = Office()
    office.ail()
    began = office.wall
    office.wait(1)
    office.ail(naming(DOWN, LOSS))
    assert {incident.cause: incident.started for incident in office.incidents} == {DOWN: began, LOSS: began}
    assert len({incident.id for incident in office.incidents}) == 2
    assert office.stages == [Stage.OPENED, Stage.NAMED, Stage.OPENED, Stage.NAMED]
    assert office.tally.shown["a"] == {DOWN, LOSS}


def test_a_further_cause_has_an_incident_of_its_own() -> None:
    office = Office()
    office.ail(naming(DOWN))
    office.wait(10)
    office.ail(naming(DOWN, LOSS))
    newest, oldest = office.incidents
    assert (oldest.cause, newest.cause) == (DOWN, LOSS)
    assert newest.started == pytest.approx(oldest.started + 10)
    assert office.tally.counts == {("a", DOWN): 1, ("a", LOSS): 1}


def test_a_better_name_takes_the_place_of_the_old_one() -> None:
    """The same incident; it counts for both."""
    office = Office()
    office.ail(naming(DOWN))
    office.wait(3)
    office.ail(naming(RESTART))
    (incident,) = office.incidents
    assert incident.cause is RESTART
    assert office.notes[-1][::2] == (Stage.NAMED, DOWN)
    assert office.tally.counts == {("a", DOWN): 1, ("a", RESTART): 1}
    assert office.tally.shown["a"] == {RESTART}
    office.wait(3)
    office.ail(naming(DOWN))
    office.ail(naming(RESTART))
    assert office.tally.counts == {("a", DOWN): 1, ("a", RESTART): 1}  # once for each, back and forth


def test_evidence_that_grows_old_is_no_better_name() -> None:
    """Loss has ended; what spoke for it is forgotten before a session that failed of it."""
    office = Office()
    office.ail(naming(LOSS))
    office.wait(30)
    office.ail(naming(LOSS))
    office.passes(20)
    office.case.says = naming(DOWN)
    office.passes(20)
    assert causes(office) == {LOSS}
    office.ail()
    assert causes(office) == {DOWN}, "it has gone on, and without loss"


def test_late_evidence_makes_a_better_name() -> None:
    """No further symptom is needed where something new is known."""
    office = Office()
    office.ail(naming(LOSS))
    office.passes(5)
    found = Finding(cause=DOWN, score=9.0, facts=(Fact(sign=Sign.EVERYBODY, text="tried"),))
    office.case.says = Verdict(named=(found,), candidates=(found,), confidence=0.9, facts=found.facts)
    office.passes(2)
    assert causes(office) == {DOWN}


def test_of_two_the_one_named_no_longer_gets_the_new_name() -> None:
    office = Office()
    office.ail(naming(DOWN, LOSS))
    office.wait(1)
    office.ail(naming(LOSS, RESTART))
    assert causes(office) == {LOSS, RESTART}
    assert len(office.incidents) == 2
    office.ail(naming(LOSS))
    assert causes(office) == {LOSS, RESTART}


def test_an_empty_verdict_takes_no_name_away() -> None:
    office = Office()
    office.ail(naming(DOWN))
    before = office.incidents
    office.wait(3)
    office.ail(naming(text="nothing special"))
    assert office.incidents == before
    assert office.stages == [Stage.OPENED, Stage.NAMED]


def test_what_is_named_no_longer_beside_another_ends_by_itself() -> None:
    """Somebody whose password is wrong for days does not suffer from one restart for as long."""
    office = Office()
    office.ail(naming(DOWN, LOSS))
    for _ in range(int(2 * QUIET)):
        office.wait(1)
        office.ail(naming(DOWN))
    over = next(incident for incident in office.incidents if incident.cause is LOSS)
    assert over.ended == over.started
    assert (causes(office), office.tally.shown["a"]) == ({DOWN}, {DOWN})
    assert office.tally.counts == {("a", DOWN): 1, ("a", LOSS): 1}
    assert office.tally.seconds == {("a", DOWN): pytest.approx(2 * QUIET)}
    office.wait(1)
    office.ail(naming(DOWN, LOSS))
    assert office.tally.counts == {("a", DOWN): 1, ("a", LOSS): 2}


def test_words_follow_the_evidence_until_the_end() -> None:
    office = Office()
    office.ail(naming(DOWN, text="first"))
    office.wait(1)
    office.ail(naming(DOWN, text="later"))
    assert office.incidents[0].evidence == (f"later {DOWN}",)
    office.passes(QUIET + 1)
    office.case.says = naming(DOWN, text="too late")
    office.hear("a")
    office.passes(2)
    (incident,) = office.incidents
    assert incident.ended is not None
    assert incident.evidence == (f"later {DOWN}",)
    assert office.stages == [Stage.OPENED, Stage.NAMED, Stage.CLOSED]


def test_it_ended_with_the_latest_symptom() -> None:
    office = Office()
    office.ail(naming(DOWN))
    office.wait(10)
    office.ail()
    ended = office.wall
    office.passes(QUIET - 1)
    assert office.incidents[0].ended is None
    office.passes(2)
    assert office.incidents[0].ended == pytest.approx(ended)
    assert office.case.settled == 1
    assert office.tally.shown["a"] == set()
    assert office.tally.seconds == {("a", DOWN): pytest.approx(10)}
    looked = office.case.looked
    office.passes(5)
    assert office.case.looked == looked


def test_what_still_stands_is_not_over() -> None:
    """However long nothing new is heard."""
    office = Office()
    office.ail(naming(DOWN), standing=True)
    office.passes(10 * QUIET, step=1.0)
    assert office.incidents[0].ended is None
    office.ail(standing=False)
    office.passes(QUIET + 1)
    assert office.incidents[0].ended is not None


def test_flapping_is_one_incident() -> None:
    office = Office()
    for _ in range(5):
        office.ail(naming(DOWN))
        office.passes(QUIET - 1)
    assert len(office.incidents) == 1
    office.passes(2)
    office.ail()
    assert len(office.incidents) == 2
    assert office.tally.counts == {("a", DOWN): 2}


def test_a_case_that_does_not_forget_opens_nothing_anew() -> None:
    office = Office()
    office.ail(naming(DOWN))
    office.wait(5)
    office.ail()
    office.case.forgets = False
    office.passes(QUIET + 1)
    office.hear("a")
    office.passes(5)
    (first,) = office.incidents
    office.ail()
    assert first.ended is not None
    assert office.incidents[0].started >= first.ended


def test_what_comes_in_at_the_end_is_not_forgotten() -> None:
    """An observation between the last look and the closing belongs to the incident."""
    office = Office()
    office.ail(naming(DOWN))
    office.wait(QUIET + 1)
    taken = office.case.symptom

    def late(at: float) -> object:
        seen = taken(at)
        if not office.desk._matters["a"].fresh:
            office.case.symptom = taken  # type: ignore[method-assign]
            office.desk._matters["a"].fresh = True  # as `record` does, a moment later
        return seen

    office.case.symptom = late  # type: ignore[method-assign, assignment]
    office.desk.look()
    assert (office.case.settled, office.incidents[0].ended) == (0, None)
    office.desk.look()
    assert office.case.settled == 1


@pytest.mark.parametrize("step", [-3600.0, 3600.0])
def test_a_clock_that_is_set(step: float) -> None:
    """No incident ends before it began, and its seconds are those that passed."""
    office = Office()
    office.ail(naming(DOWN))
    office.wall += step
    office.wait(20)
    office.ail()
    office.passes(QUIET + 1)
    (incident,) = office.incidents
    assert incident.ended is not None
    assert incident.ended >= incident.started
    assert office.tally.seconds == {("a", DOWN): pytest.approx(20)}


def test_nameless_time_goes_to_the_name() -> None:
    office = Office()
    office.ail()
    office.wait(20)
    office.ail(naming(DOWN))
    office.wait(5)
    office.ail()
    assert office.tally.seconds == {("a", DOWN): pytest.approx(25)}
    assert office.tally.counts == {("a", DOWN): 1}


def test_without_a_name_for_too_long_it_is_unknown() -> None:
    office = Office()
    office.ail(standing=True)
    office.passes(29)
    assert office.tally.counts == {}
    office.ail(standing=True)
    office.passes(1)
    assert office.tally.counts == {("a", Cause.UNKNOWN): 1}
    assert office.tally.seconds == {("a", Cause.UNKNOWN): pytest.approx(29)}
    office.wait(10)
    office.ail(naming(DOWN))
    office.wait(5)
    office.ail()
    assert office.tally.counts == {("a", Cause.UNKNOWN): 1, ("a", DOWN): 1}
    assert sum(office.tally.seconds.values()) == pytest.approx(45)


def test_closed_without_a_name_it_is_unknown() -> None:
    office = Office(quiet=5.0)
    office.ail()
    office.wait(2)
    office.ail()
    office.passes(6)
    assert office.tally.counts == {("a", Cause.UNKNOWN): 1}
    assert office.tally.seconds == {("a", Cause.UNKNOWN): pytest.approx(2)}


def test_the_same_is_asked_for_every_five_seconds_and_tried_once_a_minute() -> None:
    office = Office()
    office.ail(naming(asks=[Ask.SERVER, Ask.TLS_TRIAL]), standing=True)
    office.passes(61)
    assert office.asked.count(("a", Ask.SERVER)) in (12, 13)
    assert office.asked.count(("a", Ask.TLS_TRIAL)) == 2
    office.passes(60)
    office.asked.clear()
    office.passes(60)
    assert office.asked.count(("a", Ask.SERVER)) == 2, "who has had no name for minutes is left alone more"
    office.asked.clear()
    office.case.says = naming(DOWN)
    office.passes(60)
    assert office.asked == []


def test_asks_before_anything_is_wrong() -> None:
    """Something may hint at trouble that is none yet."""
    office = Office()
    office.case.wants = [Ask.TCP]
    office.hear("a")
    office.desk.look()
    assert (office.asked, office.incidents) == ([("a", Ask.TCP)], [])


def test_it_is_judged_at_something_new_and_each_second() -> None:
    office = Office()
    office.ail(standing=True)
    assert len(office.case.shared) == 1
    office.passes(10)
    assert len(office.case.shared) == 11
    office.hear("a")
    office.desk.look()
    assert len(office.case.shared) == 12


def test_what_targets_learn_from_each_other_is_told_to_their_cases() -> None:
    """Those that are ill tell, and those that are ill learn."""
    uplink = fact("the uplink is down")
    heard: list[Facts] = []

    def share(told: Facts) -> Facts:
        heard.append(told)
        return {target: [uplink] for target in told} if len(told) > 1 else {}

    office = Office("a", "b", "c", share=share)
    office.hear("c")
    office.ail(naming(DOWN, text="of a"), target="a")
    office.ail(naming(DOWN, text="of b"), target="b")
    assert [office.scripted[name].shared for name in "abc"] == [[()], [[uplink]], []]
    assert heard == [{"a": (fact("of a"),)}, {"a": (fact("of a"),), "b": (fact("of b"),)}]


def test_the_hosts_condition_goes_to_every_case() -> None:
    office = Office("a", "b")
    office.ail(target="a")
    office.desk.condition(HostCondition(seconds=1.0, lag=2.0))
    office.desk.look()
    assert [len(case.learnt) for case in office.scripted.values()] == [1, 1]
    assert [case.looked for case in office.scripted.values()] == [2, 0]
    office.passes(QUIET + 1)
    looked = office.case.looked
    office.desk.condition(HostCondition(seconds=1.0))
    office.desk.look()
    assert office.case.looked == looked


def test_a_case_that_breaks_is_told_of_once_and_holds_nobody_up(caplog: pytest.LogCaptureFixture) -> None:
    office = Office("a", "b")
    office.scripted["a"].breaks = True
    for _ in range(3):
        office.hear("a")
        office.scripted["a"].symptoms = RuntimeError("symptom")
        office.desk.look()
    office.ail(naming(DOWN), target="b")
    (broke,) = [record for record in caplog.records if record.getMessage() == "diagnosis broke"]
    assert (vars(broke)["fields"], broke.exc_info is not None) == ({"target": "a"}, True)
    assert causes(office) == {DOWN}


def test_a_verdict_that_breaks_is_an_incident_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    office = Office()
    office.case.says = RuntimeError("verdict")
    office.ail()
    assert causes(office) == {Cause.UNKNOWN}
    office.case.symptoms = RuntimeError("symptom")
    office.passes(QUIET + 1)
    assert causes(office) == set()
    assert caplog.text.count("diagnosis broke") == 1


def test_what_is_common_to_targets_may_break_too(caplog: pytest.LogCaptureFixture) -> None:
    def share(told: Facts) -> Facts:
        raise RuntimeError(f"share {len(told)}")

    office = Office(share=share)
    office.ail(naming(DOWN))
    assert causes(office) == {DOWN}
    assert "diagnosis broke" in caplog.text


def test_without_words_it_is_told_what_was_seen(caplog: pytest.LogCaptureFixture) -> None:
    def tell(target: str, cause: Cause, facts: Sequence[Fact]) -> None:
        raise KeyError(target, cause, facts)

    office = Office(tell=tell)  # type: ignore[arg-type]  # as if it were broken
    office.ail(naming(DOWN))
    (incident,) = office.incidents
    assert (incident.summary, incident.severity) == (f"a suffers from {DOWN}", Severity.WARNING)
    assert incident.evidence == (f"seen {DOWN}",)
    assert caplog.text.count("diagnosis broke") == 1


def test_two_that_begin_in_one_millisecond_have_two_names() -> None:
    office = Office(quiet=1.0)
    office.ail(naming(DOWN, LOSS))
    office.passes(2)
    office.wall = office.incidents[0].started
    office.ail()
    names = {incident.id for incident in office.incidents}
    assert names == {f"a-20261121T153012.123Z{suffix}" for suffix in ("", "-2", "-3", "-4")}


def test_the_thread_looks_by_itself_and_ends() -> None:
    """Observations come from several threads at once."""
    office = Office("a", "b")
    for case in office.scripted.values():
        case.says = naming(DOWN)
    office.scripted["b"].symptoms = RuntimeError("b breaks")
    office.desk.start()
    with ThreadPoolExecutor(8) as crew:
        for _ in range(4000):
            crew.submit(office.hear, "b")
    office.suffer()
    wait_for(lambda: causes(office) == {DOWN})
    office.desk.stop()
    assert len(office.scripted["b"].taken) == 4000
    assert not any(thread.name == "desk" for thread in threading.enumerate())


def test_a_thousand_healthy_targets_cost_next_to_nothing() -> None:
    """Each is heard of once a second, and looked at once for it."""
    names = [f"t{number}" for number in range(1000)]
    office = Office(*names)
    for _ in range(3):
        for name in names:
            office.hear(name)
        office.passes(1)
    assert {case.looked for case in office.scripted.values()} == {3}
    assert not any(case.shared for case in office.scripted.values())


def test_a_desk_without_a_verdict_of_its_own() -> None:
    """What is healthy after a symptom is judged for as long as the incident is open."""
    office = Office()
    office.ail(Verdict())
    office.case.symptoms = None
    office.wait(5)
    office.case.says = naming(RESTART)  # only afterwards the server told that it had restarted
    office.hear("a")
    office.desk.look()
    assert causes(office) == {RESTART}
