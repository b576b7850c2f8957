"""The bracket finds the timeout of every simulated path, keeps up with it, and is not fooled by chance."""

from itertools import product
from math import inf, nan
from random import Random
from statistics import median
from typing import Any

import pytest

from exporter.diagnosis.bracket import Bracket
from exporter.diagnosis.evidence import MOST_KEPT, Evidence, Fate, Hold, tolerance
from tests.diagnosis.silent_path import NEVER, SilentPath, Timeout, exact, swept, uneven

LADDER = [30.0, 60.0, 120.0, 240.0, 360.0, 600.0, 900.0, 1800.0, 3600.0]
TRUTHS = [2.0, 2.5, 5.0, 7.0, 20.0, 30.0, 47.0, 50.0, 59.9, 60.0, 61.0, 100.0, 119.0, 120.0, 121.0, 240.0]
TRUTHS += [241.0, 300.0, 345.0, 350.0, 360.0, 600.0, 900.0, 1234.0, 1800.0, 3000.0, 3500.0]
CHANCE = Random(4)  # noqa: S311  chance that can be had again
TRUTHS += [CHANCE.uniform(2, 3500) for _ in range(10)]
DEVICES = [exact, uneven, swept]


def survived(seconds: float) -> Hold:
    return Hold(seconds=seconds, fate=Fate.SURVIVED)


def told(seconds: float) -> Hold:
    return Hold(seconds=seconds, fate=Fate.TOLD)


def in_vain(seconds: float) -> Hold:
    return Hold(seconds=seconds, fate=Fate.IN_VAIN)


def after(*holds: Hold, ladder: list[float] = LADDER) -> Bracket:
    bracket = Bracket(ladder)
    for hold in holds:
        bracket.take(hold)
    return bracket


def batch(bracket: Bracket, connections: int, under_way: tuple[float, ...] = ()) -> list[float]:
    """The holds that are started, one by one, until nothing is worth it or no connection is free."""
    lengths = list(under_way)
    while len(lengths) < connections and (length := bracket.next(lengths)) is not None:
        lengths.append(length)
    return lengths[len(under_way) :]


def finds(bracket: Bracket, truth: float) -> bool:
    """Whether the truth lies in the bracket, give or take what devices are uneven, and it is narrow."""
    low, high = bracket.survived or 0.0, bracket.killed
    if not bracket.settled or high is None:
        return False
    near = tolerance(high)
    return high - low <= near and low - near <= truth <= high + near


# The plan, step by step.


def test_the_ladder_is_climbed_several_rungs_at_once_and_then_walked_for_ever() -> None:
    bracket = Bracket([30, 60, 120, 240])
    assert batch(bracket, 3) == [30, 60, 120]
    bracket.take(survived(30))
    assert bracket.next([60, 120]) == 240
    assert bracket.next([60, 120, 240]) == 30
    assert bracket.next([30, 60, 120, 240]) is None
    for length in (60, 120, 240):
        bracket.take(survived(length))
    assert not bracket.settled
    assert batch(bracket, 4) == [30, 60, 120, 240]
    bracket.take(survived(240))
    assert (bracket.survived, bracket.killed, bracket.settled) == (240, None, True)


def test_an_end_that_was_told_is_looked_for_again_and_survived_just_below_twice() -> None:
    bracket = after(survived(60), told(100.0))
    assert batch(bracket, 4) == [101.5, 98.5, 98.5]
    bracket.take(told(100.0))
    assert (bracket.survived, bracket.killed, bracket.settled) == (60, 100, False)
    bracket.take(survived(98.5))
    assert not bracket.settled
    assert batch(bracket, 4, (98.5,)) == []
    bracket.take(survived(98.5))
    assert (bracket.survived, bracket.killed, bracket.settled) == (98.5, 100, True)


def test_known_values_in_the_bracket_are_straddled_then_the_steps_are_equal() -> None:
    bracket = after(survived(240), in_vain(360))
    lengths = batch(bracket, 8)
    for known in (300, 350):
        assert any(known - 3 < length < known for length in lengths)
        assert any(known < length < known + 6 for length in lengths)
    plain = Bracket([10, 20], known=())
    for hold in (survived(10), in_vain(20)):
        plain.take(hold)
    beside = [length for length in batch(plain, 12) if 10.7 < length < 19.6]
    assert len(beside) >= 7
    assert max(later - sooner for sooner, later in zip(sorted(beside), sorted(beside)[1:], strict=False)) < 2


def test_while_the_bracket_is_narrowed_the_death_itself_is_tried_again() -> None:
    assert 360 in batch(after(survived(240), in_vain(360)), 4)


def test_both_ends_of_a_narrow_bracket_are_tried_again() -> None:
    assert batch(after(survived(298.2), in_vain(303.9)), 4) == [303.9, 298.2]


def test_below_the_shortest_rung_the_search_goes_down_to_a_second() -> None:
    bracket = after(in_vain(30))
    assert all(1 <= length <= 30 for length in batch(bracket, 4))
    bracket = after(in_vain(1), in_vain(1))
    assert (bracket.survived, bracket.killed, bracket.settled) == (None, 1, True)
    assert bracket.next([]) == 1.75
    assert after(told(0.1)).next([]) == 1.0


def test_once_settled_both_sides_are_tried_in_turn_one_at_a_time() -> None:
    bracket = after(survived(98.5), survived(98.5), told(100), told(100))
    assert bracket.next([]) == 98.5
    assert bracket.next([98.5]) is None
    bracket.take(survived(98.5))
    assert bracket.next([]) == 101.5


def test_a_wide_bracket_is_enough_for_who_has_no_time() -> None:
    hasty = Bracket(LADDER, width=0.2)
    holds = [survived(85.0), survived(85.0), in_vain(100.0), in_vain(100.0)]
    for hold in holds:
        hasty.take(hold)
    assert hasty.settled
    assert not after(*holds).settled


def test_what_is_far_longer_than_what_kills_is_obsolete() -> None:
    assert not after(in_vain(60)).obsolete(3600)
    bracket = after(in_vain(60), in_vain(60))
    assert bracket.obsolete(120)
    assert not bracket.obsolete(61)


def test_no_more_is_started_than_a_bracket_has_room_for() -> None:
    bracket = after(survived(60), in_vain(120))
    assert len(batch(bracket, 500)) < 250
    assert bracket.next([*batch(bracket, 500)]) is None


# Chance.


def test_one_death_is_not_taken_for_a_timeout() -> None:
    bracket = after(survived(60), in_vain(120))
    assert (bracket.killed, bracket.settled) == (None, False)
    bracket.take(survived(240))
    assert (bracket.survived, bracket.next([])) == (240, 360)


def test_one_death_at_what_was_survived_is_doubted_first() -> None:
    bracket = after(survived(98.5), survived(98.5), told(100), told(100), told(31))
    assert (bracket.survived, bracket.killed, bracket.settled) == (98.5, 100, True)
    assert batch(bracket, 4) == [31.75]
    bracket.take(survived(31.75))
    assert bracket.next([]) == 101.5


def test_two_deaths_at_what_was_survived_move_the_bracket_down() -> None:
    bracket = after(survived(30), survived(98.5), survived(98.5), told(100), told(100), told(50), told(50))
    assert (bracket.survived, bracket.killed, bracket.settled) == (30, 50, False)
    assert batch(bracket, 4) == [49.25, 49.25]


def test_three_deaths_in_vain_make_all_that_was_survived_void() -> None:
    settled = (survived(30), survived(98), survived(98), in_vain(99.9), in_vain(99.9))
    bracket = after(*settled, in_vain(98), in_vain(98))
    assert (bracket.survived, bracket.killed) == (30, 98)
    assert batch(bracket, 4) == [pytest.approx(96.53)] * 2
    bracket.take(in_vain(96.5))
    assert bracket.survived is None
    assert len(batch(bracket, 4)) == 4


def test_evidence_does_not_grow_for_ever() -> None:
    evidence = Evidence()
    for step in range(5 * MOST_KEPT):
        for hold in (survived(10.0 + 3 * step), told(5000.0 - 3 * step)):
            evidence.take(hold)
    for _ in range(9):
        for hold in (survived(900), told(5000.0)):
            evidence.take(hold)
    assert evidence.times_survived(900) <= MOST_KEPT
    assert evidence.times_died(5000) <= MOST_KEPT


# Simulated paths.


@pytest.mark.parametrize("accidents", [0.0, 0.01])
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("is_told", [True, False])
@pytest.mark.parametrize("connections", range(1, 7))
def test_the_timeout_is_found(connections: int, is_told: bool, device: Any, accidents: float) -> None:
    rounds = []
    for seed, truth in enumerate(TRUTHS):
        bracket = Bracket(LADDER)
        path = SilentPath(bracket, device(truth), connections, is_told, accidents, seed)
        assert path.settle(), (truth, bracket.survived, bracket.killed)
        if accidents:  # two of them may have agreed; then it is found soon after
            assert path.run(lambda bracket=bracket, truth=truth: finds(bracket, truth))  # type: ignore[misc]
        assert finds(bracket, truth), (truth, bracket.survived, bracket.killed)
        rung = next(rung for rung in LADDER if rung >= truth)
        rounds.append(max(0.0, path.now - rung) / truth if truth >= LADDER[0] else 0.0)
    beyond = median(one for one in rounds if one)
    print(f"{connections} connections, {'told' if is_told else 'in vain'}, {device.__name__}: {beyond:.1f} T")  # noqa: T201  the figure
    assert beyond < (12 if connections == 1 else 3 if is_told else 9 if connections < 4 else 6)


@pytest.mark.parametrize(("is_told", "rounds"), [(True, 1.5), (False, 4.2)])
def test_four_connections_find_what_devices_are_known_for_within_a_few_rounds(
    is_told: bool, rounds: float
) -> None:
    took = []
    for seed, truth in enumerate([50, 60, 240, 300, 350, 360, 600, 900, 1200, 1800] * 3):
        path = SilentPath(Bracket(LADDER), uneven(truth), told=is_told, seed=seed)
        path.settle()
        took.append(max(0.0, path.now - next(rung for rung in LADDER if rung >= truth)) / truth)
    print(f"known values, {'told' if is_told else 'in vain'}: {median(took):.1f} T beyond the climb")  # noqa: T201  the figure
    assert median(took) < rounds


@pytest.mark.parametrize(("truth", "ladder"), [(7000.0, [*LADDER, 7200.0]), (5.0, [2.0, 4.0, 8.0, 16.0])])
@pytest.mark.parametrize("is_told", [True, False])
def test_the_timeout_is_found_on_other_ladders(truth: float, ladder: list[float], is_told: bool) -> None:
    path = SilentPath(Bracket(ladder), uneven(truth), told=is_told, accidents=0.01)
    assert path.settle()
    assert finds(path.bracket, truth)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("connections", "is_told"), list(product([1, 2, 4], [True, False])))
@pytest.mark.parametrize("factor", [0.02, 0.4, 0.93, 1.1, 2.3])
def test_another_timeout_is_noticed_within_a_few_holds(
    factor: float, connections: int, is_told: bool, device: Any
) -> None:
    for seed, truth in enumerate([100.0, 119.0, 240.0, 345.0, 900.0, 1234.0]):
        path = SilentPath(Bracket(LADDER), device(truth), connections, is_told, 0.01, seed)
        path.settle()
        path.spend(20)
        path.settle()
        path.timeout = device(max(2.0, truth * factor))
        started = path.holds
        assert path.run(lambda path=path, truth=truth: not finds(path.bracket, truth), most=12)  # type: ignore[misc]
        other = max(2.0, truth * factor)
        assert path.run(lambda path=path, other=other: finds(path.bracket, other), most=200)  # type: ignore[misc]
        assert path.holds - started < 200


@pytest.mark.parametrize("is_told", [True, False])
def test_a_timeout_that_is_abolished_is_forgotten(is_told: bool) -> None:
    path = SilentPath(Bracket(LADDER), exact(350), told=is_told)
    path.settle()
    path.timeout = exact(NEVER)
    assert path.run(lambda: path.bracket.killed is None, most=12)
    assert path.run(lambda: path.bracket.survived == 3600, most=60)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("is_told", [True, False])
def test_what_is_settled_stays_so_in_spite_of_accidents(is_told: bool, device: Any) -> None:
    unsettled, wrong = 0, 0
    for seed, truth in enumerate([47.0, 60.0, 119.0, 300.0, 350.0, 900.0]):
        path = SilentPath(Bracket(LADDER), device(truth), told=is_told, accidents=0.01, seed=seed)
        path.settle()
        for _ in range(300):
            path.spend(1)
            unsettled += not path.bracket.settled
            wrong += path.bracket.settled and not finds(path.bracket, truth)
    assert wrong == 0
    assert unsettled < 0.03 * 6 * 300


def test_without_a_timeout_accidents_never_make_one() -> None:
    published = 0
    for seed in range(20):
        path = SilentPath(Bracket(LADDER), exact(NEVER), accidents=0.01, seed=seed)
        for _ in range(100):
            path.spend(1)
            published += path.bracket.killed is not None
        assert path.bracket.survived == 3600
    assert published <= 4


def test_a_timeout_beyond_the_ladder_is_told_by_its_top() -> None:
    path = SilentPath(Bracket(LADDER), exact(7000))
    assert path.settle()
    assert (path.bracket.survived, path.bracket.killed) == (3600, None)


# Memory.


@pytest.mark.parametrize("timeout", [exact(350), uneven(47), swept(5), exact(NEVER)])
def test_what_was_learnt_outlives_a_restart(timeout: Timeout) -> None:
    path = SilentPath(Bracket(LADDER), timeout)
    path.settle()
    known = path.bracket.known()
    again = Bracket.remembered(LADDER, known)
    assert (again.survived, again.killed, again.settled) == (known["survived"], known["killed"], True)
    path.bracket, path.under_way = again, []
    path.spend(30)
    assert path.settle()
    killed = path.bracket.known()["killed"]
    assert killed == (known["killed"] and pytest.approx(known["killed"], rel=0.03, abs=1))


def test_what_is_not_confirmed_is_not_remembered() -> None:
    assert Bracket(LADDER).known() == {"survived": None, "killed": None}
    assert after(survived(60), in_vain(120)).known() == {"survived": None, "killed": None}
    assert after(survived(60), survived(120)).known() == {"survived": 60, "killed": None}
    assert after(survived(60), survived(90), told(100), told(100)).known() == {"survived": 60, "killed": 100}


def test_the_climb_goes_on_where_it_had_come_to() -> None:
    again = Bracket.remembered(LADDER, {"survived": 600.0, "killed": None})
    assert batch(again, 4) == [900, 1800, 3600, 30]


@pytest.mark.parametrize(
    "garbage",
    [
        None,
        [],
        "350",
        {},
        {"survived": "350", "killed": [1]},
        {"survived": True, "killed": False},
        {"survived": nan, "killed": inf},
        {"survived": -1, "killed": 0},
        {"survived": 1e300, "killed": 10**400},
        {"survived": 400, "killed": 300},
    ],
)
def test_a_memory_that_is_garbage_is_no_memory(garbage: Any) -> None:
    fresh = Bracket.remembered(LADDER, garbage)
    assert (fresh.survived, fresh.killed, fresh.settled, fresh.next([])) == (None, None, False, 30)
