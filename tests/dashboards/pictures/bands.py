"""States over time: a band for each series."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from matplotlib.axes import Axes

from tests.dashboards.boards import Panel
from tests.dashboards.pictures import over_time
from tests.dashboards.pictures.big import nothing
from tests.dashboards.pictures.fields import Field, fields
from tests.dashboards.pictures.looks import Looks
from tests.dashboards.pictures.palette import readable
from tests.dashboards.pictures.paper import PALE, POINTS, Area, Paper, fitted, width
from tests.dashboards.pictures.telling import Told

State = tuple[float, float, float]
"""When it begins and ends, and its value."""
SIZE: Final = 12.0
HIGHEST, LOWEST = 34.0, 13.0
"""Pixels of a band: less where there are many."""


def bands(paper: Paper, area: Area, panel: Panel, told: Told) -> None:
    """Draw series below each other; of those to which Grafana would turn the page, say how many there are."""
    found = fields(panel, told.answers[panel.number])
    if not found:
        nothing(paper, area, panel)
        return
    room = area.h - over_time.BENEATH - 4
    series = found[: int(room // LOWEST)]
    if len(series) < len(found):
        text = f"and {len(found) - len(series)} more"
        paper.write(text, area.x + area.w, area.y - 12, size=SIZE, colour=PALE, align="right")
    high = min(HIGHEST, room / len(series))
    size = min(SIZE, high * 0.75)
    left = min(area.w * 0.4, max(width(one.name, size) for one in series) + 14)
    axes = over_time.axes(paper, area.without(bottom=room - high * len(series)), told, left)
    over_time.behind(axes, told, marked=False)
    axes.set_ylim(len(series), -min(0.5, 12 / high))
    axes.grid(visible=False, axis="y")
    names = [fitted(one.name, left - 10, size) for one in series]
    axes.set_yticks(np.arange(len(series)) + 0.5, names, fontsize=size * POINTS)
    scale = (area.w - left) / (told.times.end - told.times.begin)
    for row, one in enumerate(series):
        for state in states(one, told.times.interval(panel.points)):
            _band(axes, row + 0.5, one.looks, state, scale=scale, size=size)


def _band(axes: Axes, middle: float, look: Looks, state: State, *, scale: float, size: float) -> None:
    """Draw a state, and its text where there is room; the scale is in pixels to the second."""
    begin, end, value = state
    colour, text = look.colour(value), look.text(value, end)
    axes.barh(middle, end - begin, 0.8, begin, color=colour, lw=0, zorder=2)
    if width(text, size) + 8 < (end - begin) * scale:
        axes.text(
            max(begin, axes.get_xlim()[0]) + 5 / scale, middle, text, fontsize=size * POINTS,
            va="center_baseline", color=readable(colour), zorder=3, parse_math=False, clip_on=True,
        )  # fmt: skip


def states(one: Field, step: float) -> Iterator[State]:
    """Give when each state begins and ends, and its value; a state holds until the next step at least."""
    begin, end, held = one.times[0], one.times[0], one.values[0]
    for moment, value in zip(one.times, one.values, strict=True):
        if value != held or moment > end + step * 0.01:
            yield begin, min(end, moment), held
            begin, held = moment, value
        end = moment + step
    yield begin, end, held
