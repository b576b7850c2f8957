"""What rounds add up to: the route, when it has changed, and how loss comes and goes."""

import random
from collections.abc import Iterator, Sequence
from itertools import cycle

import pytest

from exporter.diagnosis import RouteJudge
from exporter.model import Cause, Failure, Hop, Route

PROHIBITED = Failure(phase=None, cause=Cause.NET_UNREACHABLE, detail="prohibited")


def hops(text: str) -> list[Hop]:
    """A round in letters: who answered at each hop, `-` for silence, a capital for the target itself."""
    return [
        Hop(ttl=ttl, address=None if letter == "-" else letter, reached=letter.isupper())
        for ttl, letter in enumerate(text, start=1)
    ]


def judged(
    rounds: Sequence[str], *, confirmed: bool = True, judge: RouteJudge | None = None, start: float = 0.0
) -> list[Route]:
    """Judge rounds half a minute apart."""
    judge = judge or RouteJudge()
    return [
        judge.judge(start + 30.0 * number, hops(text), confirmed=confirmed)
        for number, text in enumerate(rounds)
    ]


def drawn(route: Route) -> str:
    return "".join(hop.address or "-" for hop in route.hops)


@pytest.mark.parametrize(
    ("rounds", "route", "changes"),
    [
        (["abcT"] * 3, "abcT", 0),
        # Silence is no change, and what was known stays known.
        (["abcT", "a-cT", "abc-", "--cT"], "abcT", 0),
        (["a-cT", "a-cT", "abcT"], "abcT", 0),
        (["a-c-"], "a-c", 0),
        (["-----"], "", 0),
        # One look at another router is none, two in a row are; silence in between says nothing.
        (["abcT", "axcT", "abcT", "axcT", "abcT"], "abcT", 0),
        (["abcT", "axcT", "axcT"], "axcT", 1),
        (["abcT", "axcT", "a-cT", "axcT"], "axcT", 1),
        (["abcT", "axcT", "aycT"], "abcT", 0),
        (["abcT", "axyT", "axyT", "axyT"], "axyT", 1),
        (["abcT", "axcT", "axyT", "axyT"], "axyT", 1),
        (["abcT", "axcT", "axcT", "abcT", "abcT"], "abcT", 2),
        # A longer and a shorter way.
        (["abcT", "axycT", "axycT"], "axycT", 1),
        (["abcT", "acT", "acT"], "acT", 1),
        # The target was missed at first, and seemed one further away.
        (["abc-T", "abcT"], "abcT", 0),
        # It has moved away behind silent routers; a single such round is only loss.
        (["ab-T", "ab--T"], "ab-T", 0),
        (["ab-T", "ab--T", "ab--T"], "ab-TT", 0),
        (["ab-T", "ab--T", "ab-T", "ab--T"], "ab-T", 0),
        # Another host is the target now.
        (["abcT", "abcU", "abcU"], "abcU", 1),
        # The way to it is gone: a router stands where it was, and nobody behind.
        (["abT", "abc-", "abc-"], "abc", 1),
    ],
)
def test_the_route_and_its_changes(rounds: list[str], route: str, changes: int) -> None:
    routes = judged(rounds)
    assert drawn(routes[-1]) == route
    assert sum(route.changes for route in routes) == changes


def test_a_router_that_sends_packets_now_this_way_now_that_is_no_change() -> None:
    """Only the first switches can be taken for one; and what follows counts again once it is steady."""
    routes = judged([f"a{letter}cT" for letter, _ in zip(cycle("xxyyxyxxy"), range(90), strict=False)])
    assert sum(route.changes for route in routes) <= 2
    assert sum(route.changes for route in routes[10:]) == 0


def test_a_refusal_is_neither_a_router_s_place_nor_a_loss() -> None:
    """Who says that nothing may pass stands one hop before."""
    judge = RouteJudge()
    judged(["abcT"] * 20, judge=judge)
    refused = [*hops("ab"), Hop(ttl=3, address="b", failure=PROHIBITED)]
    routes = [judge.judge(600.0 + at, refused, confirmed=True) for at in range(20)]
    assert drawn(routes[-1]) == "abcT"
    assert all(route.changes == 0 and route.loss_start is None for route in routes)


def test_a_target_that_refuses_by_icmp_is_reached() -> None:
    refused = [*hops("ab"), Hop(ttl=3, address="T", reached=True, failure=PROHIBITED)]
    assert drawn(RouteJudge().judge(0.0, refused, confirmed=True)) == "abT"


EVERY_FIFTH = ["abcdT", "abc-T", "abcd-", "abcdT", "abc--"] * 6


def test_loss_is_placed_and_forgotten_once_it_is_over() -> None:
    judge = RouteJudge()
    assert all(route.loss_start is None for route in judged(["abcdT"] * 30, judge=judge))
    during = judged(EVERY_FIFTH, judge=judge, start=900.0)
    assert during[-1].loss_start == 4
    after = judged(["abcdT"] * 20, judge=judge, start=1800.0)
    assert after[0].loss_start == 4
    assert after[-1].loss_start is None
    assert judged(["abcd-", "abcdT"], judge=judge, start=2400.0)[-1].loss_start is None, "one is none"


def test_an_outage_is_placed_soon_and_forgotten_soon() -> None:
    judge = RouteJudge()
    judged(["abcdT"] * 10, judge=judge)
    during = judged(["abc--"] * 6, judge=judge, start=300.0)
    assert [route.loss_start for route in during][-1] == 4
    after = judged(["abcdT"] * 4, judge=judge, start=480.0)
    assert [route.loss_start for route in after][-1] is None


def test_only_what_the_transport_confirms_is_loss() -> None:
    """Lost echoes alone may be a firewall's."""
    assert judged(EVERY_FIFTH, confirmed=False)[-1].loss_start is None
    assert judged(EVERY_FIFTH)[-1].loss_start == 4


def test_a_target_that_never_answered_has_no_loss() -> None:
    assert judged(["abcd-----"] * 50)[-1].loss_start is None


def test_rate_limiting_is_told_and_no_loss() -> None:
    route = judged(["a-cT", "abcT", "a-cT"] * 20)[-1]
    assert (route.loss_start, route.rate_limited) == (None, (2,))


def test_what_is_long_past_does_not_count() -> None:
    judge = RouteJudge()
    judged(EVERY_FIFTH, judge=judge)
    assert judged(["abcdT"], judge=judge, start=10_000.0)[-1].loss_start is None


def test_loss_on_the_way_of_yesterday_is_not_that_of_today() -> None:
    """What changed routers lose is counted anew; what stands before them is not."""
    judge = RouteJudge()
    assert judged(EVERY_FIFTH, judge=judge)[-1].loss_start == 4
    assert [route.loss_start for route in judged(["abcxT"] * 2, judge=judge, start=900.0)] == [4, None]


@pytest.mark.parametrize("seed", range(40))
def test_a_round_like_the_one_before_is_judged_as_any_other(seed: int) -> None:
    """What is known of it already is not worked out again; that must never make a difference."""
    quick, thorough, known = RouteJudge(), RouteJudge(), 0
    for at, seen in timed(history(random.Random(seed), 400)):  # noqa: S311  nobody gains by guessing it
        thorough._quiet = None
        known += quick._quiet is not None
        confirmed = seed % 3 > 0
        expected = thorough.judge(at, seen, confirmed=confirmed)
        assert quick.judge(at, seen, confirmed=confirmed) == expected
        assert vars(quick._places) == vars(thorough._places)
        assert quick._fates == thorough._fates
    assert known, "no round was like the one before"


def timed(rounds: Sequence[list[Hop]]) -> Iterator[tuple[float, list[Hop]]]:
    """Rounds in a hurry, at their pace, and after a long rest."""
    at, rest = 0.0, random.Random(len(rounds))  # noqa: S311  as above
    for seen in rounds:
        at += rest.choices([1.0, 30.0, 1000.0], [50, 50, 1])[0]
        yield at, seen


def history(chance: random.Random, count: int) -> list[list[Hop]]:
    """Rounds along a path that is now well, now loses, now changes; some hops are mute."""
    rounds, path, lossy, mute = [], "abcdT", 0.0, chance.sample(range(5), chance.randrange(3))
    for _ in range(count):
        if chance.random() < 0.03:
            path = chance.choice(["abcdT", "abcT", "axcdT", "abcdeT", "abcdU"])
        if chance.random() < 0.05:
            lossy = chance.choice([0.0, 0.0, 0.3, 1.0])
        text = "".join(
            "-" if place in mute or (place >= 2 and chance.random() < lossy) else letter
            for place, letter in enumerate(path)
        )
        seen = hops(text)
        if chance.random() < 0.02:
            seen[-1] = Hop(ttl=len(seen), address="f", failure=PROHIBITED, reached=chance.random() < 0.5)
        rounds.append(seen)
    return rounds
