"""Round trips over time: honest about gaps, loss and outliers, and told in words."""

from dataclasses import replace

import pytest

from exporter.web.charts import smoke, sparkline
from tests.charts.drawn import (
    ENDS,
    GAP,
    OUTLIER,
    SERIES,
    a_bin,
    all_lost,
    bins,
    of,
    share_of_width,
    told,
    words,
)

FINDINGS = {
    "an hour": "Round trip 12 ms at the median, nothing lost in the last hour.",
    "nothing": "Nothing has been measured yet.",
    "nothing was sent": "Nothing has been measured yet.",
    "not decided yet": "Round trip unknown, nothing lost in the last minute.",
    "all lost": "Everything was lost in the last hour: no reply to 3600 packets.",
    "two": "Round trip 12 ms at the median, nothing lost in the last 2 min.",
    "some lost": "Round trip 12 ms at the median, 4.83 % lost in the last hour, worst at 13:21 UTC.",
    "gap": "Round trip 12 ms at the median, nothing lost in the last hour; "
    "nothing was measured for 33.3 % of that time.",
    "outlier": "Round trip 12 ms at the median, nothing lost in the last 30 min. "
    "Delays of up to 45 s are beyond the scale.",
}


@pytest.mark.parametrize("name", FINDINGS)
def test_smoke_tells_its_finding(name: str) -> None:
    assert told(smoke(SERIES[name], ENDS, "orders")) == FINDINGS[name]


def test_the_slowest_moment_is_told_where_it_stands_out() -> None:
    seen = bins(60)
    seen[10] = a_bin(seen[10].started, 0.2)
    assert told(smoke(seen, ENDS, "orders")).endswith(
        "in the last hour, worst at 13:25 UTC. Delays of up to 400 ms are beyond the scale."
    )


def test_over_days_the_worst_moment_has_its_day() -> None:
    seen = bins(96, 1800)
    seen[3] = replace(seen[3], lost=7)
    assert told(smoke(seen, ENDS, "orders")).endswith("worst at 19 Sep 15:45 UTC.")
    assert "21 Sep" in words(smoke(seen, ENDS, "orders"))


def test_a_gap_is_neither_quick_nor_lost() -> None:
    """Where nothing was measured the line is broken, and the gap is shown as one."""
    picture = smoke(GAP, ENDS, "orders")
    assert [share_of_width(gap) for gap in of(picture, "gap")] == [(33.33, 33.33)]
    assert "not measured" in words(picture)
    assert len(of(picture, "median")) == 2
    assert not of(picture, "loss")


def test_a_gap_until_now_is_seen() -> None:
    """Whoever stopped measuring ten minutes ago does not look as if all were well."""
    picture = smoke(bins(60), ENDS + 1200, "orders")
    assert [share_of_width(gap) for gap in of(picture, "gap")] == [(75.0, 25.0)]


def test_all_lost_is_seen_from_top_to_bottom() -> None:
    seen = bins(4)
    seen[1] = all_lost(seen[1])
    for picture in (smoke(seen, ENDS, "orders"), sparkline(seen, "orders")):
        (mark,) = of(picture, "loss-all")
        assert share_of_width(mark) == (25.0, 25.0)
        assert len(of(picture, "median")) == 2
    assert [share_of_width(column) for column in of(smoke(seen, ENDS, "orders"), "lost")] == [(25.0, 25.0)]


@pytest.mark.parametrize(
    ("lost", "class_", "height"),
    [(1, "loss-little", 4.0), (30, "loss-some", 4.0), (300, "loss-much", 9.0), (599, "loss-much", 17.97)],
)
def test_loss_has_a_colour_and_a_height(lost: int, class_: str, height: float) -> None:
    (mark,) = of(smoke([a_bin(ENDS - 60, sent=600, lost=lost)], ENDS, "orders"), class_)
    assert float(mark.attrib["height"]) == height


def test_an_outlier_flattens_nothing() -> None:
    """The usual delays keep their room; the one beyond is marked, and its size is said."""
    picture = smoke(OUTLIER, ENDS, "orders")
    assert "20 ms" in words(picture)
    assert "▲ cut off: up to 45 s" in words(picture)
    (mark,) = of(picture, "beyond")
    assert share_of_width(mark) == (96.67, 3.33)
    assert not of(smoke(bins(30), ENDS, "orders"), "beyond")


def test_axes_have_a_few_round_ticks() -> None:
    assert words(smoke(bins(60), ENDS, "orders")) == ["0", "10 ms", "20 ms", "lost", "UTC", "13:30", "14:00"]
    assert words(smoke(bins(60, 1), ENDS, "orders"))[-3:] == ["14:14:00", "14:14:30", "14:15:00"]
