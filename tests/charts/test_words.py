"""Values as people read them."""

import pytest

from exporter.web.charts.words import duration, share


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0 ms"), (4e-7, "0 ms"), (3e-6, "3 µs"), (0.00042, "420 µs"), (0.0009999, "1 ms"),
        (0.012, "12 ms"),
        (0.01249, "12.5 ms"), (0.9999, "1 s"), (1.25, "1.25 s"), (59.9, "59.9 s"), (59.99, "1 min"),
        (90, "1 min 30 s"), (3599.7, "1 h"), (5400, "1 h 30 min"), (90000, "25 h"),
    ],
)  # fmt: skip
def test_durations_are_written_for_people(seconds: float, written: str) -> None:
    assert duration(seconds).replace("\N{NO-BREAK SPACE}", " ") == written


@pytest.mark.parametrize(
    ("part", "whole", "written"),
    [
        (0, 0, "0 %"), (0, 9, "0 %"), (1, 9999, "less than 0.1 %"), (3, 100, "3 %"), (1, 8, "12.5 %"),
        (998, 1000, "99.8 %"), (9999, 10000, "more than 99.9 %"), (9, 9, "100 %"),
    ],
)  # fmt: skip
def test_shares_are_never_rounded_to_all_or_nothing(part: float, whole: float, written: str) -> None:
    assert share(part, whole).replace("\N{NO-BREAK SPACE}", " ") == written
