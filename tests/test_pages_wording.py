"""Figures and moments as people read them."""

import pytest

from exporter.web.pages import wording
from tests.seen import NOW


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "—"), (0.0, "0 ms"), (0.00042, "420 µs"), (0.0123, "12.3 ms"), (1.25, "1.25 s"),
        (59.9, "59.9 s"), (60, "1 min"), (303, "5 min 3 s"),
        (7800, "2 h 10 min"), (90000, "1 d 1 h"), (-2.0, "-2 s"),
        (0.9999, "1 s"), (59.99, "1 min"), (3599.9, "1 h"), (86399, "23 h 59 min"), (172799, "2 d"),
    ],
)  # fmt: skip
def test_durations_are_in_the_units_people_use(seconds: float | None, words: str) -> None:
    assert wording.duration(seconds).replace("\xa0", " ") == words


@pytest.mark.parametrize(
    ("then", "words"),
    [
        (NOW, "just now"), (NOW - 5, "5 s ago"), (NOW - 65, "1 min ago"), (NOW - 7300, "2 h ago"),
        (NOW - 200_000, "2 d ago"), (NOW + 65, "in 1 min"), (NOW + 5, "in 5 s"),
    ],
)  # fmt: skip
def test_how_long_ago_is_in_one_unit(then: float, words: str) -> None:
    assert wording.ago(then, NOW) == words


def test_shares_and_moments() -> None:
    shares = (None, 0.0, 0.004, 0.015, 0.1, 0.999, 1.0, 0.00001)
    assert [wording.percent(share).replace("\xa0", " ") for share in shares] == [
        "—",
        "0 %",
        "0.4 %",
        "1.5 %",
        "10 %",
        "99.9 %",
        "100 %",
        "less than 0.1 %",
    ]
    assert wording.moment(NOW) == "2026-11-21 22:26:40 UTC"
    assert wording.moment(1e300) == "never"
