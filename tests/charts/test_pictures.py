"""All pictures: they are well formed, inside their frame, and harmless whatever their names are."""

import math
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest
from markupsafe import Markup

from exporter.model.trend import Bin
from exporter.web import charts
from exporter.web.charts import hop, ladder, smoke, sparkline, waterfall
from exporter.web.charts.scale import Axis
from exporter.web.charts.svg import bar
from tests.charts.drawn import ENDS, RUNGS, SERIES, drawn, share_of_width

STYLE = Path(charts.__file__).parent.parent / "static" / "charts.css"
HOSTILE = '"><script>alert(1)</script>\x00\x1b[31m\ud800 & ' + "x" * 1_000_000


def smoked(seen: Sequence[Bin], label: str) -> Markup:
    return smoke(seen, ENDS, label)


PICTURES: dict[str, Callable[[str], Markup]] = {
    **{f"smoke: {name}": partial(smoked, seen) for name, seen in SERIES.items()},
    **{f"sparkline: {name}": partial(sparkline, seen) for name, seen in SERIES.items()},
    "waterfall": lambda label: waterfall([("dns", 0.001), ("tcp", 0.002), ("auth", 0.02)], None, label),
    "waterfall that failed": lambda label: waterfall([("dns", 0.001), ("tcp", 3.0)], "tcp", label),
    "waterfall that failed at once": lambda label: waterfall([], "dns", label),
    "waterfall of nothing": lambda label: waterfall([], None, label),
    "waterfall of no number": lambda label: waterfall([("dns", math.nan), ("tcp", math.inf)], None, label),
    "ladder": lambda label: ladder(RUNGS, 240, 360, 200, 120, label),
    "ladder that all survived": lambda label: ladder(RUNGS, 240, None, None, 120, label),
    "ladder that none survived": lambda label: ladder(RUNGS[4:], None, 360, None, None, label),
    "ladder without rungs": lambda label: ladder([], 46, 46.4, None, None, label),
    "ladder that contradicts itself": lambda label: ladder(RUNGS, 400, 300, None, None, label),
    "ladder of nothing": lambda label: ladder([], None, None, None, None, label),
    "ladder of one": lambda label: ladder([30.0], None, None, None, None, label),
    "ladder of no number": lambda label: ladder([math.nan], math.inf, 0, -1, None, label),
    "hop": lambda label: hop(0.001, 0.002, 0.004, loss=0.1, shortest=0.001, longest=0.04, name=label),
    "hop that is silent": lambda label: hop(
        None, None, None, loss=1, shortest=0.001, longest=0.04, name=label
    ),
    "hop of no number": lambda label: hop(
        math.nan, None, 0.1, loss=math.nan, shortest=-1, longest=math.inf, name=label
    ),
}


@pytest.mark.parametrize("name", ["orders", HOSTILE], ids=["plain", "hostile"])
@pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)
def test_every_picture_is_well_formed_and_harmless(draw: Callable[[str], Markup], name: str) -> None:
    """It says what it is to who does not see it, and holds nothing that a strict policy forbids."""
    picture = draw(name)
    root = drawn(picture)
    title, description = root.find("title"), root.find("desc")
    assert title is not None
    assert description is not None
    assert root.get("role") == "img"
    assert str(root.get("aria-labelledby")).split() == [title.get("id"), description.get("id")]
    assert str(title.text).startswith(name[:9])
    assert str(description.text).endswith(".")
    assert len(picture) < 60_000
    assert not re.search(r"style=|<style|<script|\son\w+=|href|\bnan\b|\binf\b|[\x00-\x08\ud800]", picture)


@pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)
def test_every_picture_stays_inside_its_frame(draw: Callable[[str], Markup]) -> None:
    """Bars and lines; only words stand beside the plot, where the style keeps room for them."""
    root = drawn(draw("orders"))
    height = float(root.attrib["height"])
    for rect in root.iter("rect"):
        left, width = share_of_width(rect)
        assert left >= 0
        assert width > 0
        assert left + width <= 100.02
        assert (
            0 <= float(rect.attrib["y"]) <= float(rect.attrib["y"]) + float(rect.attrib["height"]) <= height
        )
    for line in root.iter("line"):
        ends = [float(line.attrib[each].rstrip("%")) for each in ("x1", "x2")]
        assert all(0 <= each <= 100 for each in ends)
        assert 0 <= float(line.attrib["y1"]) <= height
        assert float(line.attrib["y2"]) <= height
    for box in root.iter("svg"):
        for outline in (*box.findall("polyline"), *box.findall("polygon")):
            assert box.attrib["viewBox"] == f"0 0 1000 {box.attrib['height']}"
            for point in outline.attrib["points"].split():
                x, y = (float(each) for each in point.split(","))
                assert 0 <= x <= 1000
                assert 0 <= y <= float(box.attrib["height"])


def test_every_class_is_dressed() -> None:
    """What the style does not know would be black on black in the dark."""
    used = {name for draw in PICTURES.values() for name in re.findall(r'class="([^"]+)"', draw("orders"))}
    dressed = set(re.findall(r"\.([a-z-]+)", STYLE.read_text()))
    assert {name for names in used for name in names.split()} - dressed <= {"start", "loss"}


def test_what_a_picture_is_called_is_its_own() -> None:
    """Two pictures on one page are told apart, whatever their names have in them."""
    drawings = [picture for name in ("a b", "a", "b") for picture in (smoked([], name), sparkline([], name))]
    found = {str(drawn(picture).get("aria-labelledby")) for picture in drawings}
    assert len(found) == 6
    assert all(re.fullmatch(r"[a-z0-9-]+ [a-z0-9-]+", each) for each in found)


def test_an_axis_without_length_has_a_place_for_all() -> None:
    assert Axis(low=1.0, high=1.0).place(1.0) == 0


def test_what_is_no_number_is_nowhere() -> None:
    with pytest.raises(ValueError, match="nan is nowhere"):
        bar(math.nan, 0, 1, 1, "gap")
