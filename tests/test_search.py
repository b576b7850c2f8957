"""What is searched for next, and what experiments and memory make of it."""

import time
from typing import Any

import pytest

from exporter.diagnosis.evidence import Fate
from exporter.diagnosis.variants import Outcome, Variant
from exporter.model import Cause, End
from exporter.probes.experiment import AGREE, MOST, Experiments, blamed
from exporter.probes.holding import Death
from exporter.probes.memory import Memory
from exporter.probes.search import Job, Search
from tests.probing import a_target

KILLED = 5.0
BY_MIDDLEBOX = {Variant.PLAIN: Fate.IN_VAIN, Variant.OUTLASTING: Fate.IN_VAIN}
BY_EVENT = dict.fromkeys(Variant, Fate.TOLD)


def experiment(experiments: Experiments, fates: dict[Variant, Fate], killed: float | None = KILLED) -> None:
    """Carry out a whole one."""
    for variant in Variant:
        fate = fates.get(variant, Fate.SURVIVED)
        end = None if fate is Fate.SURVIVED else End.SILENCE
        experiments.take(Outcome(variant=variant, fate=fate, seconds=10.0, end=end, listed=True), killed)


def test_each_way_to_be_silent_is_tried_once() -> None:
    experiments = Experiments()
    trying: list[Variant] = []
    while (variant := experiments.next(KILLED, trying)) is not None:
        trying.append(variant)
    assert trying == list(Variant)


def test_two_experiments_have_to_agree() -> None:
    experiments = Experiments()
    assert experiments.next(KILLED, [])
    experiment(experiments, BY_MIDDLEBOX)
    assert experiments.known() == {}
    experiment(experiments, BY_MIDDLEBOX)
    assert experiments.timeouts == ((Cause.MIDDLEBOX_IDLE_TIMEOUT, KILLED),)
    assert experiments.next(KILLED, []) is None
    assert [experiments.cause(silent) for silent in (3.4, 3.6, 60.0)] == [
        None,
        *[Cause.MIDDLEBOX_IDLE_TIMEOUT] * 2,
    ]


def test_where_they_never_agree_it_stays_open_until_the_timeout_changes() -> None:
    experiments = Experiments()
    assert experiments.next(KILLED, [])
    for number in range(MOST):
        assert experiments.next(KILLED, [])
        experiment(experiments, BY_MIDDLEBOX if number % 2 else BY_EVENT)
    assert experiments.next(KILLED, []) is None
    assert experiments.timeouts == ()
    assert experiments.next(2 * KILLED, []) is Variant.PLAIN


def test_who_dies_in_use_as_well_dies_of_age() -> None:
    """Then no silence is said to kill, though connections that were silent have died."""
    search = Search(a_target("h"), [2.0, 4.0, 8.0], Memory())
    jobs: list[Job] = []
    while (job := search.next(jobs)) is not None and not job.experiment:
        died = job.seconds > KILLED
        death = Death(End.FIN, Cause.UNKNOWN, "", "", "", 0.0, KILLED, False, None)
        if died:
            search.die(job, death, listed=False)
        else:
            search.survive(job)
    told = search.told()
    assert told.settled
    assert told.killed == pytest.approx(KILLED)
    for _ in range(AGREE):
        for variant in Variant:
            search.die(Job(seconds=10.0, variant=variant, experiment=True), death, listed=False)
    told = search.told()
    assert (told.killed, told.settled, told.timeouts) == (None, False, ())
    assert told.survived


def test_the_layer_that_strikes_first_is_blamed() -> None:
    timeouts = ((Cause.MIDDLEBOX_IDLE_TIMEOUT, 300.0), (Cause.SERVER_IDLE_TIMEOUT, 60.0))
    found = [blamed(timeouts, silent) for silent in (20, 70, 400)]
    assert found == [None, Cause.SERVER_IDLE_TIMEOUT, Cause.SERVER_IDLE_TIMEOUT]


def test_an_experiment_on_what_is_gone_meanwhile_is_made_anew() -> None:
    """The timeout had been refuted when the last of five came back; it may be found once more."""
    experiments = Experiments()
    assert experiments.next(KILLED, [])
    experiment(experiments, BY_MIDDLEBOX, None)
    assert experiments.next(KILLED, []) is Variant.PLAIN
    for _ in range(AGREE):
        experiment(experiments, BY_MIDDLEBOX)
    assert experiments.timeouts


def test_what_was_found_out_is_remembered() -> None:
    first = Experiments()
    first.next(KILLED, [])
    for _ in range(AGREE):
        experiment(first, BY_MIDDLEBOX)
    second = Experiments.remembered(first.known())
    assert second.timeouts == first.timeouts
    assert second.next(KILLED, []) is None
    assert second.known() == first.known()


@pytest.mark.parametrize(
    "known",
    [
        None,
        [],
        {},
        {"killed": "x", "timeouts": []},
        {"killed": 5, "timeouts": [["no cause", 5]]},
        {"killed": 5, "timeouts": [["proxy.idle_timeout", -5]]},
        {"killed": 5, "timeouts": 3},
        {"killed": -5, "timeouts": []},
    ],
)
def test_nonsense_is_not_remembered(known: Any) -> None:
    assert Experiments.remembered(known).known() == {}


def died(seconds: float, *, used: bool = False) -> Death:
    now = time.monotonic()
    return Death(End.RST, Cause.UNKNOWN, "x", "", "", now, seconds, used, None)


def settled(memory: Memory) -> Search:
    """Search where everything dies after 5 s, until that is certain."""
    search = Search(a_target("db"), (3.0, 8.0), memory)
    for _ in range(100):
        job = search.next([])
        if job is None or job.experiment:
            return search
        if job.seconds < KILLED:
            search.survive(job)
        else:
            search.die(job, died(KILLED), listed=False)
    pytest.fail("never certain")


def test_a_search_ends_with_experiments_and_then_only_verifies() -> None:
    search = settled(Memory())
    told = search.told()
    assert told.settled
    assert told.survived is not None
    assert told.killed is not None
    assert told.survived < KILLED <= told.killed + 1
    assert told.timeouts == ()
    for _ in range(AGREE):
        for _ in Variant:
            job = search.next([])
            assert job is not None
            assert job.experiment
            assert job.seconds == 2 * told.killed
            if job.variant in (Variant.PLAIN, Variant.OUTLASTING):
                search.die(job, died(KILLED), listed=True)
            else:
                search.survive(job)
    assert [cause for cause, _ in search.told().timeouts] == [Cause.MIDDLEBOX_IDLE_TIMEOUT]
    assert search.cause(KILLED) is Cause.MIDDLEBOX_IDLE_TIMEOUT
    assert search.next([]) is None, "the next verification has time"


def test_a_timeout_that_has_become_shorter_is_found_anew() -> None:
    """A connection is used some milliseconds after the silence that was meant."""
    search = Search(a_target("db"), (3.0, 8.0), Memory())
    for _ in range(3):
        search.survive(Job(seconds=8.0))
    assert (search.told().survived, search.told().settled) == (8.0, True)
    for _ in range(3):
        search.die(Job(seconds=8.0), died(8.002, used=True), listed=True)
    told = search.told()
    assert (told.survived, told.killed, told.settled) == (None, 8.0, False)


def test_what_is_learnt_is_kept() -> None:
    memory = Memory()
    first = settled(memory).told()
    again = Search(a_target("db"), (3.0, 8.0), memory).told()
    assert (again.killed, again.settled) == (first.killed, True)
    assert Search(a_target("elsewhere"), (3.0, 8.0), memory).told().killed is None


def test_a_hold_far_beyond_what_kills_is_useless_but_no_experiment_is() -> None:
    search = settled(Memory())
    assert search.useless(Job(seconds=60.0))
    assert not search.useless(Job(seconds=KILLED))
    assert not search.useless(Job(seconds=60.0, variant=Variant.BOTH, experiment=True))


def test_behind_a_pooler_the_servers_own_limit_is_not_blamed() -> None:
    experiments = Experiments()
    experiments.next(KILLED, [])
    experiments.pooled = True
    for _ in range(AGREE):
        experiment(experiments, {Variant.PLAIN: Fate.TOLD, Variant.KEEPALIVE: Fate.TOLD})
    assert Cause.SERVER_IDLE_TIMEOUT not in [cause for cause, _ in experiments.timeouts]


def test_who_has_no_time_takes_one_experiment_for_granted() -> None:
    experiments = Experiments(rounds=1)
    assert experiments.next(KILLED, [])
    experiment(experiments, BY_MIDDLEBOX)
    assert experiments.timeouts == ((Cause.MIDDLEBOX_IDLE_TIMEOUT, KILLED),)
    again = Experiments.remembered(experiments.known(), rounds=1)
    assert again.timeouts == experiments.timeouts
