"""The connection budget: what may be held at a server, and what is left alone when it is full."""

import pytest

from exporter.model import Cause, Failure, Observation
from exporter.probes.budget import FIRST_REST, LONGEST_REST, LOOK_AGAIN, RESERVED, Budget


def failed_of(cause: Cause) -> Observation:
    failure = Failure(phase=None, cause=cause, detail="")
    return Observation(target="orders", probe="session", started=0.0, duration=0.0, failure=failure)


def taken(budget: Budget, *, claimed: bool) -> int:
    """Take all there is, and say how many there were."""
    count = 0
    while budget.take(claimed=claimed):
        count += 1
    return count


@pytest.mark.parametrize(("limit", "held"), [(1, 0), (2, 1), (3, 1), (4, 2), (6, 3), (8, 5), (100, 97)])
def test_some_are_kept_back_for_visits(limit: int, held: int) -> None:
    budget = Budget(limit)
    assert taken(budget, claimed=False) == held
    visits = 0
    while budget.enter():
        visits += 1
    assert visits == limit - held


def test_one_visit_at_a_time_is_always_possible() -> None:
    """Or nobody would notice that the server is full no longer."""
    budget = Budget(1)
    budget.notice(failed_of(Cause.SERVER_SATURATED))
    assert budget.enter()
    assert not budget.enter()
    budget.leave()
    assert budget.enter()


def test_who_claims_has_its_own_whoever_comes_first() -> None:
    budget = Budget(8)
    budget.claim(2)
    assert taken(budget, claimed=False) == 8 - RESERVED - 2
    assert taken(budget, claimed=True) == 2


def test_what_is_given_back_can_be_taken_again() -> None:
    budget = Budget(8)
    budget.claim(1)
    for claimed in (True, False):
        taken(budget, claimed=claimed)
        budget.give_back(claimed=claimed)
        assert budget.take(claimed=claimed)
        assert not budget.take(claimed=claimed)


@pytest.mark.parametrize(("free", "allowed"), [(0, 0), (4, 0), (20, 4), (25, 5), (1000, 8)])
def test_no_more_than_a_fifth_of_the_free_slots(free: int, allowed: int) -> None:
    budget = Budget(8)
    budget.learn(free)
    assert budget.allowance == allowed


def test_our_own_connections_do_not_count_against_us() -> None:
    """Who holds four of twenty free slots may keep them, though only sixteen are free then."""
    budget = Budget(8)
    budget.learn(35)
    assert taken(budget, claimed=False) == 4
    budget.learn(31)
    assert budget.allowance == 7


@pytest.mark.parametrize("cause", [Cause.SERVER_SATURATED, Cause.SERVER_ACCOUNT_LIMIT])
def test_a_full_server_stops_everything_for_a_while(cause: Cause) -> None:
    now = [0.0]
    budget = Budget(8, now=lambda: now[0])
    told: list[bool] = []
    budget.when_stopped(lambda: told.append(budget.stopped))
    assert budget.notice(failed_of(cause))
    assert told == [True]
    assert not budget.notice(failed_of(cause)), "it is known already"
    assert taken(budget, claimed=True) == 0
    now[0] += FIRST_REST
    assert not budget.stopped
    assert taken(budget, claimed=True) == 8 - RESERVED


def test_the_rests_grow_until_a_session_gets_in_again() -> None:
    now = [0.0]
    budget = Budget(8, now=lambda: now[0])
    rests = []
    for _ in range(6):
        budget.notice(failed_of(Cause.SERVER_SATURATED))
        begun = now[0]
        while budget.stopped:
            now[0] += 1
        rests.append(now[0] - begun)
    assert rests == [60, 120, 240, 480, LONGEST_REST, LONGEST_REST]
    budget.learn(100)
    budget.notice(failed_of(Cause.SERVER_SATURATED))
    now[0] += FIRST_REST
    assert not budget.stopped


def test_other_failures_stop_nothing() -> None:
    budget = Budget(8)
    assert not budget.notice(failed_of(Cause.SERVER_DOWN))
    assert not budget.notice(Observation(target="orders", probe="session", started=0.0, duration=0.0))
    assert not budget.stopped


@pytest.mark.parametrize("claimed", [True, False])
def test_a_server_that_had_no_room_is_looked_at_again(*, claimed: bool) -> None:
    """Only who opens a connection learns what is free: without one, nothing would ever be held again."""
    now = 0.0
    budget = Budget(8, lambda: now)
    budget.learn(2)
    assert taken(budget, claimed=claimed) == 0
    now = LOOK_AGAIN
    assert taken(budget, claimed=claimed) == 1
    now *= 2
    assert not budget.take(claimed=claimed), "it has one"
    budget.give_back(claimed=claimed)
    assert budget.take(claimed=claimed)
    budget.learn(1000)
    assert budget.allowance == 8
    budget.give_back(claimed=claimed)
    budget.learn(2)
    budget.notice(failed_of(Cause.SERVER_SATURATED))
    now += FIRST_REST
    assert not budget.take(claimed=claimed)


def test_a_look_does_not_go_beyond_the_limit() -> None:
    now = 0.0
    budget = Budget(1, lambda: now)
    now = LOOK_AGAIN
    assert not budget.take(claimed=True)


@pytest.mark.parametrize(
    ("limit", "free", "words"),
    [
        (8, 1000, "5 to hold and 3 for visits, by connection_budget 8"),
        (1, 1000, "0 to hold and 1 for visits, by connection_budget 1"),
        (8, 9, "0 to hold and 1 for visits, by a fifth of 9 free slots"),
    ],
)
def test_who_may_hold_too_little_is_told_once_and_why(
    limit: int, free: int, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    budget = Budget(limit)
    budget.learn(free)
    for _ in range(2):
        budget.complain("orders", "idle")
    (record,) = caplog.records
    assert record.getMessage() == "connections not held"
    assert record.fields == {"target": "orders", "probe": "idle", "budget": words}  # type: ignore[attr-defined]  # put there by `extra`


def test_of_a_full_server_there_is_no_further_word(caplog: pytest.LogCaptureFixture) -> None:
    budget = Budget(8)
    budget.notice(failed_of(Cause.SERVER_SATURATED))
    budget.complain("orders", "idle")
    assert not caplog.records


def test_one_may_be_kept_whatever_the_server_has_free() -> None:
    budget = Budget(8)
    budget.claim(1)
    budget.learn(0)
    assert budget.keep()
    budget.notice(failed_of(Cause.SERVER_SATURATED))
    assert (budget.open, budget.allowance) == (1, 0)
    budget.let_go()
    assert budget.open == 0


def test_the_one_that_is_kept_counts_against_the_limit() -> None:
    budget = Budget(8)
    assert budget.keep()
    assert taken(budget, claimed=False) == 7 - RESERVED
    visits = 0
    while budget.enter():
        visits += 1
    assert (visits, budget.open) == (RESERVED, 8)


@pytest.mark.parametrize(
    ("limit", "claims", "kept"), [(1, 0, False), (2, 0, True), (2, 1, False), (8, 4, True), (8, 5, False)]
)
def test_none_is_kept_where_those_that_are_claimed_would_have_to_do_without(
    limit: int, claims: int, kept: bool
) -> None:
    budget = Budget(limit)
    budget.claim(claims)
    assert budget.keep() is kept
    assert taken(budget, claimed=True) >= claims


def test_the_one_that_is_kept_is_no_use_of_free_slots() -> None:
    """What the server has free is asked while it is open."""
    budget = Budget(100)
    budget.learn(50)
    assert budget.allowance == 10
    assert budget.keep()
    budget.learn(49)
    assert budget.allowance == 10
