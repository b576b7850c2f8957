"""What is recommended: the numbers, and the values that the catalogue puts into its words."""

import pytest

from exporter.diagnosis.advice import idle_values, keepalive, pool_recycle, pool_recycle_unsafe
from exporter.diagnosis.catalogue.entry import VALUES
from exporter.model import Cause

MIDDLEBOX = Cause.MIDDLEBOX_IDLE_TIMEOUT
PROXY = Cause.PROXY_IDLE_TIMEOUT
SERVER = Cause.SERVER_IDLE_TIMEOUT


@pytest.mark.parametrize(("survived", "seconds"), [(345.0, 276.0), (46.5, 37.0), (4.2, 3.0), (1.0, 0.0)])
def test_a_pool_lets_go_after_four_fifths_of_what_was_survived(survived: float, seconds: float) -> None:
    assert pool_recycle(survived) == seconds


@pytest.mark.parametrize(
    ("survived", "causes", "seconds"),
    [
        (345.0, (), 60.0),
        (345.0, (MIDDLEBOX,), 60.0),
        (45.0, (MIDDLEBOX,), 15.0),
        (45.0, (MIDDLEBOX, SERVER), 15.0),
        (45.0, (SERVER,), None),
        (45.0, (PROXY,), None),
        (45.0, (PROXY, SERVER), None),
    ],
)
def test_keepalives_are_for_middleboxes(
    survived: float, causes: tuple[Cause, ...], seconds: float | None
) -> None:
    assert keepalive(survived, causes) == seconds


@pytest.mark.parametrize(
    ("recycle", "killed", "survived", "unsafe"),
    [
        (3600.0, 350.0, 345.0, True),
        (350.0, 350.0, 345.0, True),
        (276.0, 350.0, 345.0, False),
        (345.0, 350.0, 345.0, False),
        (347.0, 350.0, 345.0, None),
        (None, 350.0, 345.0, True),
        (-1.0, 350.0, None, True),
        (None, None, 3600.0, None),
        (-1.0, None, 3600.0, None),
        (1800.0, None, 3600.0, False),
        (7200.0, None, 3600.0, None),
        (276.0, None, None, None),
        (276.0, 350.0, None, None),
    ],
)
def test_whether_a_pool_hands_out_dead_connections(
    recycle: float | None, killed: float | None, survived: float | None, unsafe: bool | None
) -> None:
    assert pool_recycle_unsafe(recycle, killed, survived) is unsafe


def test_nothing_is_known_before_anything_was_measured() -> None:
    assert idle_values(None, None) == {}


def test_a_silence_that_killed_alone_recommends_nothing() -> None:
    assert idle_values(None, 30.0) == {"killed": "30"}


def test_a_timeout_that_nobody_has_told_apart_gets_keepalives() -> None:
    assert idle_values(345.0, 350.4567) == {
        "survived": "345",
        "killed": "350.5",
        "pool_recycle": "276",
        "keepalive_idle": "60",
        "keepalive_interval": "30",
        "keepalive_count": "3",
        "user_timeout": "150000",
    }


def test_a_short_timeout_gets_whole_seconds() -> None:
    assert idle_values(2.5, 3.0, [MIDDLEBOX, SERVER]) == {
        "survived": "2.5",
        "killed": "3",
        "pool_recycle": "2",
        "keepalive_idle": "1",
        "keepalive_interval": "5",
        "keepalive_count": "3",
        "user_timeout": "16000",
    }


@pytest.mark.parametrize("causes", [(PROXY,), (SERVER,), (PROXY, SERVER)])
def test_no_keepalives_where_they_do_not_help(causes: tuple[Cause, ...]) -> None:
    assert idle_values(49.0, None, causes) == {"survived": "49", "pool_recycle": "39"}


def test_the_values_are_called_as_the_catalogue_calls_them() -> None:
    assert idle_values(345.0, 350.0).keys() <= VALUES.keys()
