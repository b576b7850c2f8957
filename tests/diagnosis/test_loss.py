"""Where loss begins: each case beside its nearest look-alike."""

import pytest

from exporter.diagnosis.loss import Tally, has_ended, loses, loses_less, loss_start, rate_limited

SILENT = Tally(asked=50, lost=50, speaks=False)


def tallies(*lost: int | None, asked: int = 50) -> list[Tally]:
    """One hop for each number of lost probes; None is a hop that has never answered."""
    return [Tally(asked=asked, lost=asked if n is None else n, speaks=n is not None) for n in lost]


@pytest.mark.parametrize(
    ("lost", "start", "limited"),
    [
        # No loss, and what looks like it.
        ([0, 0, 0, 0], None, ()),
        ([0, 0, 0, 1], None, ()),
        ([0, 40, 0, 0], None, (2,)),
        ([20, 20, 20, 0], None, (1, 2, 3)),
        ([0, None, 0, 0], None, ()),
        # Loss from a hop on, of 5, 20 and 100 %.
        ([0, 0, 10, 10], 3, ()),
        ([0, 0, 50, 50], 3, ()),
        ([1, 0, 12, 9], 3, ()),
        ([10, 10, 10, 10], 1, ()),
        ([50, 50, 50, 50], 1, ()),
        # Loss at the target only: its firewall, or its own link.
        ([0, 0, 0, 10], 4, ()),
        ([0, 0, 0, 50], 4, ()),
        # A hop in between that answers seldom tells nothing, before, at and behind the start.
        ([0, 40, 0, 10, 10], 4, (2,)),
        ([0, 0, 40, 10, 10], 3, (3,)),
        ([0, 0, 10, 40, 10], 3, (4,)),
        ([40, 10, 10, 10], 1, (1,)),
        # So does one that never answers; whoever stands first behind the last clean one is named.
        ([0, 0, None, 10, 10], 3, ()),
        ([0, None, 0, 10, 10], 4, ()),
        ([0, 0, 10, None, 10], 3, ()),
        ([0, None, None, None, 10], 2, ()),
        ([None, 10, 10], 1, ()),
        # Nobody tells anything of the way there.
        ([None, None, None, 10], None, ()),
        ([40, None, 10], None, (1,)),
        ([0, 40, 10], 2, (2,)),
        # One hop loses like the target, and one behind it does not: not yet decided which of them errs.
        ([0, 7, 2, 10, 10], None, ()),
        # The target has never answered.
        ([0, 0, 0, None], None, ()),
        ([0, 0, None, None], None, ()),
        # Too little evidence: a hop between clean and lossy, or a target with too little loss.
        ([0, 0, 2, 10], 4, ()),
        ([0, 0, 1, 6, 6], None, ()),
        ([0, 0, 1, 1], None, ()),
        ([10], 1, ()),
        ([0], None, ()),
        ([None], None, ()),
    ],
)
def test_where_loss_begins(lost: list[int | None], start: int | None, limited: tuple[int, ...]) -> None:
    hops = tallies(*lost)
    assert rate_limited(hops) == limited
    assert loss_start(hops) == start


@pytest.mark.parametrize(
    ("asked", "lost", "start"),
    [
        (100, [0, 0, 1, 1], None),  # 1 %: harmless
        (100, [0, 0, 5, 3], None),  # 3 %: may be chance
        (100, [0, 0, 5, 6], 3),  # 5 %
        (30, [0, 0, 2, 2], None),  # 6 %, in a quarter of an hour without hurry
        (30, [0, 0, 6, 6], 3),
        (4, [0, 0, 4, 4], 3),  # nothing passes: four rounds are enough
        (3, [0, 0, 3, 3], None),
        (2, [2, 2, 2, 2], 1),
        (0, [0, 0, 0, 0], None),
    ],
)
def test_what_is_evidence_enough(asked: int, lost: list[int | None], start: int | None) -> None:
    assert loss_start(tallies(*lost, asked=asked)) == start


def test_chance() -> None:
    """One per cent is harmless: more of it is loss only where chance would seldom do so much."""
    assert not loses(Tally(asked=100, lost=3))
    assert loses(Tally(asked=100, lost=4))
    assert not loses(Tally(asked=1, lost=1)), "one is none"
    assert loses(Tally(asked=2, lost=2))
    assert loses_less(Tally(asked=50, lost=0), Tally(asked=50, lost=6))
    assert not loses_less(Tally(asked=50, lost=0), Tally(asked=50, lost=3))
    assert not loses_less(Tally(asked=50, lost=6), Tally(asked=50, lost=6))
    assert loses_less(Tally(asked=50, lost=2), Tally(asked=10, lost=9)), "of other numbers of probes"
    assert not loses_less(Tally(asked=0, lost=0), Tally(asked=10, lost=9)), "who was not asked proves nothing"


def fates(text: str) -> list[bool]:
    return [letter == "." for letter in text]


@pytest.mark.parametrize(
    ("text", "ended"),
    [
        ("..........", False),
        ("......xxx", False),
        ("......xxx..", False),
        ("......xxx....", False),
        ("......xxx.....", True),
        ("......xxxxxxxx..", False),
        ("......xxxxxxxx...", True),
        ("x....x....x....x....", False),
        ("xx......", False),
        ("x....x....x....x" + 20 * ".", False),
        ("x....x....x....x" + 24 * ".", True),
    ],
)
def test_when_loss_is_over(text: str, ended: bool) -> None:
    """Soon after an outage, not so soon after a loss of every fifth packet."""
    assert has_ended(fates(text)) == ended
