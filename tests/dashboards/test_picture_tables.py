"""Tables of pictures are merged, put in order and sorted as Grafana does it."""

from typing import Any

import pytest

from tests.dashboards.asking import Answer, Series
from tests.dashboards.boards import Panel, Place, Query
from tests.dashboards.pictures.tables import Line, converted, frame, in_order, merged, organized, tabled

MOMENT = 1_700_000_000.0


def _answer(*rows: tuple[dict[str, str], float]) -> Answer:
    return Answer(series=tuple(Series(labels=labels, points=((MOMENT, value),)) for labels, value in rows))


def _without_time(lines: list[Line]) -> list[Line]:
    return [{name: cell for name, cell in line.items() if name != "Time"} for line in lines]


def test_a_label_that_a_series_has_not_is_empty() -> None:
    found = frame(_answer(({"target": "a", "cause": "x"}, 1.0), ({"target": "b"}, 2.0)), "A")
    assert _without_time(found) == [
        {"cause": "x", "target": "a", "Value #A": 1.0},
        {"cause": "", "target": "b", "Value #A": 2.0},
    ]


def test_answers_are_merged_by_the_labels_that_all_have() -> None:
    up = frame(_answer(({"target": "a"}, 1.0), ({"target": "b"}, 0.0)), "A")
    loss = frame(_answer(({"target": "b"}, 0.5), ({"target": "c"}, 0.1)), "B")
    assert _without_time(merged([up, loss])) == [
        {"target": "a", "Value #A": 1.0},
        {"target": "b", "Value #A": 0.0, "Value #B": 0.5},
        {"target": "c", "Value #B": 0.1},
    ]


def test_a_label_that_only_one_question_has_goes_into_its_rows() -> None:
    up = frame(_answer(({"target": "a"}, 1.0), ({"target": "b"}, 1.0)), "A")
    cause = frame(_answer(({"target": "b", "cause": "net.loss"}, 1.0)), "B")
    loss = frame(_answer(({"target": "a"}, 0.0), ({"target": "b"}, 0.5)), "C")
    assert _without_time(merged([up, cause, loss])) == [
        {"target": "a", "Value #A": 1.0, "Value #C": 0.0},
        {"target": "b", "Value #A": 1.0, "cause": "net.loss", "Value #B": 1.0, "Value #C": 0.5},
    ]


def test_of_two_causes_the_second_is_a_row_that_lacks_what_was_asked_before() -> None:
    up = frame(_answer(({"target": "a"}, 1.0)), "A")
    causes = frame(_answer(({"target": "a", "cause": "x"}, 1.0), ({"target": "a", "cause": "y"}, 1.0)), "B")
    loss = frame(_answer(({"target": "a"}, 0.5)), "C")
    first, second = _without_time(merged([up, causes, loss]))
    assert (first["cause"], first["Value #A"], first["Value #C"]) == ("x", 1.0, 0.5)
    assert (second["cause"], "Value #A" in second, second["Value #C"]) == ("y", False, 0.5)


def test_what_was_answered_with_nothing_changes_nothing() -> None:
    up = frame(_answer(({"target": "a"}, 1.0)), "A")
    assert merged([[], up, []]) == up
    assert merged([[], []]) == []


def test_columns_are_left_out_ordered_and_named() -> None:
    options = {
        "excludeByName": {"Time": True, "Value #B": True},
        "indexByName": {"target": 0, "cause": 1, "Value #A": 2},
        "renameByName": {"target": "Target", "Value #A": "Up"},
    }
    lines: list[Line] = [{"Time": MOMENT, "Value #A": 1.0, "Value #B": 1.0, "other": "x", "target": "a"}]
    columns, found = organized(["Time", "Value #A", "Value #B", "other", "target"], lines, options)
    assert columns == ["Target", "Up", "other"]
    assert found == [{"Up": 1.0, "other": "x", "Target": "a"}]


def test_rows_are_sorted_and_those_without_a_value_come_last() -> None:
    lines: list[Line] = [{"x": 2.0}, {}, {"x": 10.0}, {"x": 1.0}]
    assert in_order(lines, [{"displayName": "x", "desc": True}]) == [{"x": 10.0}, {"x": 2.0}, {"x": 1.0}, {}]
    assert in_order(lines, [{"displayName": "x"}])[0] == {"x": 1.0}


def test_labels_that_are_numbers_are_sorted_as_such() -> None:
    lines: list[Line] = [{"hop": "10"}, {"hop": "2"}, {"hop": ""}]
    numbers = converted(lines, [{"targetField": "hop", "destinationType": "number"}])
    assert in_order(numbers, [{"displayName": "hop"}]) == [{"hop": 2.0}, {"hop": 10.0}, {"hop": None}]


def _panel(*transformations: dict[str, Any]) -> Panel:
    return Panel(
        number=1,
        kind="table",
        title="Table",
        description="",
        place=Place(x=0, y=0, w=12, h=8),
        queries=(Query(letter="A", expr="up", legend="", instant=True),),
        empty=False,
        only=False,
        document={"options": {}, "transformations": list(transformations)},
    )


def test_the_only_question_has_a_value_without_a_letter() -> None:
    columns, lines = tabled(_panel({"id": "merge", "options": {}}), {"A": _answer(({"target": "a"}, 1.0))})
    assert (columns, lines[0]["Value"]) == (["Time", "target", "Value"], 1.0)


def test_a_transformation_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="no such transformation"):
        tabled(_panel({"id": "joinByField", "options": {}}), {"A": Answer()})
