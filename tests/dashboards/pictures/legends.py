"""Legends: names with their colours, and what their values amount to where there is room."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tests.dashboards.pictures.fields import Field, Numbers
from tests.dashboards.pictures.paper import INK, PALE, Area, Paper, width

SIZE: Final = 11.5
ROW: Final = 17.0
FIGURE: Final = 82
"""Pixels of a column of figures."""
SHARE: Final = 0.42
"""The most of a panel that its legend takes."""
CALCULATIONS: Final[Mapping[str, tuple[str, Callable[[Numbers], float]]]] = {
    "lastNotNull": ("Last", lambda values: float(values[-1])),
    "mean": ("Mean", np.mean),
    "max": ("Max", np.max),
    "min": ("Min", np.min),
    "sum": ("Total", np.sum),
}
"""By Grafana's names: the heading, and how it is made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A name, its colour, and its figures."""

    name: str
    colour: str
    figures: tuple[str, ...] = ()
    dashed: bool = False


def entries(series: Sequence[Field], calculations: Sequence[str], now: float) -> list[Entry]:
    """Make an entry of each series; KeyError for a calculation that is not known here."""
    return [
        Entry(
            name=one.name,
            colour=one.colour,
            figures=tuple(one.looks.text(_figure(one, name), now) for name in calculations),
            dashed=bool(one.looks.custom.get("lineStyle")),
        )
        for one in series
    ]


def legend(paper: Paper, area: Area, found: Sequence[Entry], headings: Sequence[str]) -> float:
    """Draw a legend at the bottom of an area, and give its height: as a table, else as a list."""
    rows = len(found) + 1
    longest = max((width(one.name, SIZE) for one in found), default=0) + 30
    room = int(area.w // (longest + FIGURE * len(headings) + 16))
    if headings and room and (down := -(-len(found) // room)) * ROW + ROW <= SHARE * area.h:
        rows = down + 1
        _table(paper, _bottom(area, rows), found, headings, down)
        return rows * ROW
    lines = _lines(found, area.w)
    most = max(1, int(SHARE * area.h // ROW))
    _list(paper, _bottom(area, min(most, len(lines))), lines, most)
    return min(most, len(lines)) * ROW


def _bottom(area: Area, rows: int) -> Area:
    return area.without(top=area.h - rows * ROW)


def _table(paper: Paper, area: Area, found: Sequence[Entry], headings: Sequence[str], down: int) -> None:
    """Draw blocks of a table side by side."""
    blocks = -(-len(found) // down)
    for place, block in enumerate(area.tiles(blocks, 1, gap=24)):
        mine = found[place * down : (place + 1) * down]
        right = min(block.w, max(width(one.name, SIZE) for one in mine) + 40 + FIGURE * len(headings))
        starts = [block.x + right - FIGURE * number for number in range(len(headings) - 1, -1, -1)]
        for start, heading in zip(starts, headings, strict=True):
            paper.write(
                heading, start, block.y + ROW / 2, size=SIZE - 1, colour=PALE, align="right", bold=True
            )
        for row, one in enumerate(mine, 1):
            middle = block.y + ROW * (row + 0.5)
            _entry(paper, one, block.x, middle, right - FIGURE * len(headings))
            for start, figure in zip(starts, one.figures, strict=True):
                paper.write(figure, start, middle, size=SIZE, align="right")


def _lines(found: Sequence[Entry], room: float) -> list[list[Entry]]:
    """Put entries beside each other as far as there is room."""
    lines: list[list[Entry]] = []
    left = 0.0
    for one in found:
        wide = width(one.name, SIZE) + 40
        if not lines or wide > left:
            lines.append([])
            left = room
        lines[-1].append(one)
        left -= wide
    return lines


def _list(paper: Paper, area: Area, lines: Sequence[Sequence[Entry]], most: int) -> None:
    """Draw entries beside each other; of those that Grafana would scroll to, say how many there are."""
    hidden = sum(len(line) for line in lines[most:])
    for row, line in enumerate(lines[:most]):
        middle, x = area.y + ROW * (row + 0.5), area.x
        for one in line:
            _entry(paper, one, x, middle, area.x + area.w - x)
            x += width(one.name, SIZE) + 40
        if hidden and row == most - 1:
            text = f"and {hidden} more"
            paper.write(text, area.x + area.w, middle, size=SIZE, colour=PALE, align="right")


def _entry(paper: Paper, one: Entry, x: float, middle: float, room: float) -> None:
    """Draw a dash in the entry's colour, and its name."""
    for start, end in ((0, 6), (10, 16)) if one.dashed else ((0, 16),):
        paper.box(Area(x=x + start, y=middle - 1.5, w=end - start, h=3), one.colour)
    paper.write(one.name, x + 22, middle, size=SIZE, colour=INK, within=room - 24)


def _figure(series: Field, name: str) -> float:
    calculate = CALCULATIONS[name][1]
    known = series.values[~np.isnan(series.values)]
    return float(calculate(known)) if len(known) else float("nan")
