"""What pictures show is computed as Grafana computes it, and every dashboard can be drawn."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.dashboards.asking import Series
from tests.dashboards.boards import Board, Panel, Place, Row, boards
from tests.dashboards.canned import told
from tests.dashboards.pictures import sheet
from tests.dashboards.pictures.bands import states
from tests.dashboards.pictures.buckets import heat
from tests.dashboards.pictures.fields import Field, on
from tests.dashboards.pictures.lines import lonely
from tests.dashboards.pictures.looks import looks
from tests.dashboards.pictures.over_time import joined
from tests.dashboards.pictures.palette import COLOURS, by_name
from tests.dashboards.pictures.paper import broken, fitted, width
from tests.dashboards.pictures.telling import Event, spans
from tests.dashboards.pictures.units import written

BOARDS = boards()
STEPS = {"mode": "absolute", "steps": [{"value": None, "color": "#000001"}, {"value": 2, "color": "#000002"}]}
MAPPED = [{"type": "value", "options": {"0": {"text": "down", "color": "#000003", "index": 0}}}]


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "expected"),
    [
        (0.0, "s", None, "0 s"),
        (0.0000495, "s", None, "49.5 µs"),
        (0.0095, "s", None, "9.5 ms"),
        (1.2345, "s", None, "1.23 s"),
        (60.0, "s", None, "1 min"),
        (5400.0, "s", None, "1.5 hours"),
        (172800.0, "s", None, "2 days"),
        (0.07, "percentunit", None, "7%"),
        (0.1234, "percentunit", 1, "12.3%"),
        (999.0, "short", None, "999"),
        (1000.0, "short", None, "1 K"),
        (1_250_000.0, "short", None, "1.25 Mil"),
        (-2500.0, "short", None, "-2.5 K"),
        (1536.0, "bytes", None, "1.5 KiB"),
        (1500.0, "decbytes", None, "1.5 kB"),
        (0.25, "ops", None, "0.25 ops/s"),
        (3.0, "cps", 1, "3.0 c/s"),
        (1e6 - 90 * 60 * 1000.0, "dateTimeFromNow", None, "2 hours ago"),
        (1e6 + 10 * 86400 * 1000.0, "dateTimeFromNow", None, "in 10 days"),
        (1e6, "dateTimeAsIso", None, "1970-01-01 00:16:40"),
        (math.nan, "s", None, "NaN"),
        (math.inf, "short", None, "∞"),
    ],
)
def test_numbers_have_units(value: float, unit: str, decimals: int | None, expected: str) -> None:
    assert written(value, unit, decimals, now=1000.0) == expected


def test_a_unit_that_is_not_known_is_refused() -> None:
    with pytest.raises(KeyError, match="furlongs"):
        written(1.0, "furlongs")


def _settings(*overrides: dict[str, Any], **defaults: Any) -> dict[str, Any]:
    return {"fieldConfig": {"defaults": {"thresholds": STEPS, **defaults}, "overrides": list(overrides)}}


def _override(name: str, **properties: Any) -> dict[str, Any]:
    found = [{"id": key, "value": value} for key, value in properties.items()]
    return {"matcher": {"id": "byName", "options": name}, "properties": found}


def test_values_have_the_colours_of_their_limits() -> None:
    look = looks(_settings(unit="short"), "")
    assert [look.colour(value) for value in (-5.0, 1.99, 2.0, 7.0)] == ["#000001"] * 2 + ["#000002"] * 2


def test_what_is_no_value_has_the_colour_of_the_lowest() -> None:
    look = looks(_settings(unit="short", noValue="nothing"), "")
    assert [look.colour(value) for value in (None, "", math.nan)] == ["#000001"] * 3
    assert look.text(None, 0) == look.text("", 0) == "nothing"


def test_words_stand_for_numbers_in_their_own_colours() -> None:
    look = looks(_settings(unit="short", mappings=MAPPED), "")
    assert (look.text(0.0, 0), look.colour(0.0)) == ("down", "#000003")
    assert (look.text(1.0, 0), look.colour(1.0)) == ("1", "#000001")


def test_words_stand_for_what_is_no_value() -> None:
    nowhere = {"match": "null+nan", "result": {"text": "-", "color": "transparent"}}
    look = looks(
        _settings(mappings=[{"type": "special", "options": nowhere}, *MAPPED], noValue="nothing"), ""
    )
    assert [look.text(value, 0) for value in (None, math.nan, 0.0)] == ["-", "-", "down"]
    assert [look.colour(value) for value in (None, math.nan)] == ["none", "none"]


def test_one_column_looks_as_is_said_of_it() -> None:
    settings = _settings(_override("Loss", unit="percentunit", decimals=1), unit="short")
    assert looks(settings, "Loss").text(0.5, 0) == "50.0%"
    assert looks(settings, "Sent").text(0.5, 0) == "0.5"


def test_series_of_a_question_look_as_is_said_of_it() -> None:
    ours = {"matcher": {"id": "byFrameRefID", "options": "B"}}
    colour = {"id": "color", "value": {"mode": "fixed", "fixedColor": "#00000B"}}
    settings = _settings({**ours, "properties": [colour, {"id": "custom.lineStyle", "value": {"dash": [8]}}]})
    look = looks(settings, "any", "B")
    assert (look.colour(1.0), look.custom) == ("#00000B", {"lineStyle": {"dash": [8]}})
    assert looks(settings, "any", "A").custom == {}


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match="no such property"):
        looks(_settings(_override("Loss", filterable=True)), "Loss")
    with pytest.raises(ValueError, match="no such matcher"):
        looks(_settings({"matcher": {"id": "byType", "options": "x"}, "properties": []}), "Loss")


def _line(*values: float | None) -> Field:
    points = [(10.0 * number, value) for number, value in enumerate(values) if value is not None]
    times, known = (np.array(one, dtype=float) for one in zip(*points, strict=True))
    return Field(name="x", times=times, values=known, looks=looks(_settings(), ""), colour="#000000")


def test_bands_hold_until_the_next_value_and_end_where_there_is_none() -> None:
    found = list(states(_line(1, 1, 0, None, 0, 0), 10))
    assert found == [(0, 20, 1), (20, 30, 0), (40, 60, 0)]


def test_gaps_are_gaps_and_a_point_alone_is_seen() -> None:
    line = _line(1, None, 2, 3, None)
    values = on(np.array([0.0, 10.0, 20.0, 30.0, 40.0]), np.column_stack([line.times, line.values]))
    assert np.isnan(values).tolist() == [False, True, False, False, True]
    assert lonely(~np.isnan(values)).tolist() == [True, False, False, False, False]


def test_heat_is_what_each_bucket_has_more_than_the_one_below() -> None:
    moments = np.array([0.0, 10.0, 20.0])
    buckets = {
        "+Inf": ((0.0, 9.0), (10.0, 7.0)),
        "0.01": ((0.0, 6.0), (10.0, 7.0)),
        "0.001": ((0.0, 2.0), (10.0, 8.0)),
    }
    found = heat([Series(labels={"le": end}, points=points) for end, points in buckets.items()], moments)
    assert found.ends == (0.001, 0.01, math.inf)
    assert found.counts[:, 0].tolist() == [2, 4, 3]
    assert found.counts[:, 1].tolist() == [8, 0, 0]  # scraped in between: no less than nothing
    assert np.isnan(found.counts[:, 2]).all()


def test_annotations_hold_as_long_as_there_are_points() -> None:
    points = ((0.0, 1.0), (15.0, 1.0), (30.0, 0.0), (45.0, 1.0), (90.0, 1.0), (105.0, 1.0))
    found = spans(Series(labels={}, points=points), 15)
    assert found == [(0.0, 15.0), (45.0, 45.0), (90.0, 105.0)]


def test_annotations_of_one_kind_are_shown_as_one() -> None:
    times = [(0.0, 10.0), (5.0, 20.0), (30.0, 30.0)]
    found = [Event(title="", colour="", begin=begin, end=end) for begin, end in reversed(times)]
    assert list(joined(found)) == [(0.0, 20.0), (30.0, 30.0)]


def test_names_have_colours_of_their_own() -> None:
    names = [f"target-{number}" for number in range(len(COLOURS))]
    assert len(set(by_name(names).values())) == len(COLOURS)
    assert by_name(["a"]) == by_name(["a", "a"])


def test_text_is_as_long_as_there_is_room() -> None:
    assert fitted("short", 200) == "short"
    cut = fitted("a name that is far too long", 80)
    assert cut.endswith("…")
    assert width(cut) <= 80
    assert broken("three words here", width("three words") + 1) == ["three words", "here"]


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_every_dashboard_can_be_drawn(board: Board, tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    sheet.drawn(board, told(board), path)
    with Image.open(path) as picture:
        assert picture.size == (1600, sheet.HEADING + _rows(board) * sheet.CELL + sheet.EDGE)
        assert len(picture.getcolors() or ()) > 50
    assert path.stat().st_size < 600_000


def _rows(board: Board) -> int:
    """Count the rows of the grid, those of opened rows, too."""
    heights = 0
    for row in board.rows:
        places = [panel.place for panel in row.panels]
        heights += 1 + max(place.y + place.h for place in places) - min(place.y for place in places)
    return heights


def test_a_kind_of_panel_that_is_not_known_is_refused(tmp_path: Path) -> None:
    panel = Panel(
        number=9999,
        kind="nodeGraph",
        title="Graph",
        description="",
        place=Place(x=0, y=0, w=12, h=8),
        queries=(),
        empty=False,
        only=False,
        document={},
    )
    board = Board(
        name="conndrop-unknown",
        title="Unknown",
        rows=(Row(number=1, title="Row", collapsed=False, panels=(panel,)),),
        variables=(),
        marks=(),
        document={},
    )
    with pytest.raises(KeyError, match="nodeGraph"):
        sheet.drawn(board, told(board), tmp_path / "picture.png")
