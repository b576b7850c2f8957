"""Latest values, as large as they can be."""

from typing import Final

import numpy as np

from tests.dashboards.boards import Panel
from tests.dashboards.pictures.fields import Field, fields
from tests.dashboards.pictures.looks import looks
from tests.dashboards.pictures.paper import PALE, Area, Paper, fitted, width
from tests.dashboards.pictures.telling import Told

LARGEST: Final = 44


def stat(paper: Paper, area: Area, panel: Panel, told: Told) -> None:
    """Draw each series' latest value, or its name, in the colour of the value."""
    series = fields(panel, told.answers[panel.number])
    options = panel.document["options"]
    if not series:
        nothing(paper, area, panel)
        return
    across = _across(len(series), area)
    tiles = area.tiles(across, -(-len(series) // across))
    for one, tile in zip(series, tiles, strict=False):
        text = one.looks.text(one.last, told.times.end)
        named = options["textMode"] == "name"
        headed = len(series) > 1 or options["textMode"] == "value_and_name"
        over = one.name if headed and not named else ""
        if options["graphMode"] == "area" and len(one.times) > 1:
            _sparkline(paper, tile, one)
        _large(paper, tile, one.name if named else text, over, one.looks.colour(one.last))


def _across(count: int, area: Area) -> int:
    """How many tiles side by side leave each the best room."""
    return max(
        range(1, count + 1), key=lambda across: min(area.w / across / 2.2, area.h / -(-count // across))
    )


def _large(paper: Paper, area: Area, text: str, over: str, colour: str) -> None:
    """Write as large as there is room."""
    room = area.h - (16 if over else 0)
    size = min(LARGEST, room * 0.6, LARGEST * (area.w - 12) / max(1, width(text, LARGEST, bold=True)))
    size = max(12, size)
    middle = area.x + area.w / 2
    if over:
        paper.write(over, middle, area.y + 8, size=12, colour=PALE, align="center", within=area.w - 4)
    text = fitted(text, area.w - 4, size, bold=True)
    paper.write(text, middle, area.y + area.h - room / 2, size=size, colour=colour, bold=True, align="center")


def _sparkline(paper: Paper, area: Area, one: Field) -> None:
    axes = paper.axes(area.without(top=area.h * 0.6))
    axes.set_axis_off()
    floor = min(0.0, float(np.nanmin(one.values))) if not np.all(np.isnan(one.values)) else 0.0
    axes.fill_between(one.times, floor, one.values, color=one.looks.colour(one.last), alpha=0.18, lw=0)
    axes.plot(one.times, one.values, color=one.looks.colour(one.last), linewidth=0.8, alpha=0.6)


def nothing(paper: Paper, area: Area, panel: Panel) -> None:
    """Say that there is nothing to show, in the panel's words."""
    text = looks(panel.document, "").nothing or "No data"
    paper.write(text, area.x + area.w / 2, area.y + area.h / 2, size=16, colour=PALE, align="center")
