"""A dashboard as one page: heading, chapters, and all panels at their places."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.dashboards.boards import Board, Panel, Place, Row
from tests.dashboards.pictures import over_time
from tests.dashboards.pictures.drawing import KINDS
from tests.dashboards.pictures.paper import INK, LINE, PALE, WHITE, Area, Paper, width
from tests.dashboards.pictures.telling import Told

WIDTH: Final = 1600
EDGE: Final = 12
CELL: Final = 38
"""Pixels of a row of the grid, as in Grafana."""
GAP: Final = 8
COLUMNS: Final = 24
HEADING: Final = 160
"""Pixels above the first panel."""
TITLE: Final = 30
"""Pixels of a panel's title."""
SAID: Final = (
    "Drawn by the project's test suite from {minutes:.0f} minutes recorded in its lab. This is not Grafana."
)


def drawn(board: Board, told: Told, path: Path) -> None:
    """Draw a dashboard into a PNG."""
    placed = list(_placed(board.rows))
    rows = max(top + high for _, top, high in placed)
    paper = Paper(WIDTH, HEADING + rows * CELL + EDGE)
    _heading(paper, board, told)
    for what, top, _ in placed:
        if isinstance(what, Row):
            _row(paper, what, top)
        else:
            _panel(paper, what, top, told)
    paper.save(path)


def _placed(rows: Sequence[Row]) -> Iterator[tuple[Row | Panel, int, int]]:
    """Give rows and panels with their tops and heights in cells; what is collapsed is opened."""
    top = 0
    for row in rows:
        yield row, top, 1
        first = min((panel.place.y for panel in row.panels), default=0)
        for panel in row.panels:
            yield panel, top + 1 + panel.place.y - first, panel.place.h
        top += 1 + max((panel.place.y + panel.place.h - first for panel in row.panels), default=0)


def _area(place: Place, top: int) -> Area:
    column = (WIDTH - 2 * EDGE + GAP) / COLUMNS
    return Area(
        x=EDGE + place.x * column,
        y=HEADING + top * CELL,
        w=place.w * column - GAP,
        h=place.h * CELL - GAP,
    )


def _row(paper: Paper, row: Row, top: int) -> None:
    y = HEADING + top * CELL + (CELL - GAP) / 2
    text = f"{row.title}   (collapsed in Grafana)" if row.collapsed else row.title
    paper.write(text, EDGE + 4, y, size=15, bold=True)


def _panel(paper: Paper, panel: Panel, top: int, told: Told) -> None:
    area = _area(panel.place, top)
    if not panel.document.get("transparent"):
        paper.box(area, WHITE, edge=LINE)
    inner = area.without(left=10, right=10, top=8, bottom=8)
    if panel.title and panel.kind != "text":
        paper.write(panel.title, inner.x, area.y + 17, size=13.5, bold=True, within=inner.w)
        inner = inner.without(top=TITLE - 8)
    KINDS[panel.kind](paper, inner, panel, told)


def _heading(paper: Paper, board: Board, told: Told) -> None:
    """Write what this is; show chapters at their times, and what the marks in panels mean."""
    paper.write(board.title, EDGE + 4, 26, size=22, bold=True)
    said = SAID.format(minutes=(told.times.end - told.times.begin) / 60)
    paper.write(said, WIDTH - EDGE - 4, 20, size=14, align="right", bold=True)
    strip = Area(x=EDGE + 4, y=48, w=WIDTH - 2 * EDGE - 8, h=22)
    _chapters(paper, strip, told)
    _marks(paper, board, told)


def _chapters(paper: Paper, strip: Area, told: Told) -> None:
    """Show chapters as boxes, each with its number, and its name beneath where it has room."""
    begin, span = told.times.begin, told.times.end - told.times.begin
    paper.box(strip, WHITE, edge=LINE)
    ends = [strip.x - 100.0] * 3
    for number, chapter in enumerate(told.chapters, 1):
        left, right = (strip.x + strip.w * (when - begin) / span for when in (chapter.begin, chapter.end))
        box = Area(x=left, y=strip.y, w=right - left, h=strip.h)
        paper.box(box, over_time.SHADE, alpha=0.32 if number % 2 == 0 else 0.12)
        paper.write(
            str(number), (left + right) / 2, strip.y + strip.h / 2, size=13, bold=True, align="center"
        )
        text = f"{number} {chapter.name} {time.strftime('%H:%M', time.gmtime(chapter.begin))}"
        wide = width(text, 12.5)
        start = min(max(strip.x, (left + right - wide) / 2), strip.x + strip.w - wide)
        level = next((level for level, end in enumerate(ends) if start > end + 10), len(ends) - 1)
        ends[level] = start + wide
        paper.write(text, start, strip.y + strip.h + 12 + level * 16, size=12.5, colour=INK)


def _marks(paper: Paper, board: Board, told: Told) -> None:
    """Name the colours in which annotations mark panels."""
    x, y = EDGE + 4.0, HEADING - 22.0
    told_of = "Marked in panels over time:"
    paper.write(told_of, x, y, size=12.5, colour=PALE)
    x += width(told_of, 12.5) + 16
    for mark in board.marks:
        count = sum(event.colour == mark.colour for event in told.events)
        text = mark.name if count else f"{mark.name} (none)"
        paper.box(Area(x=x, y=y - 5, w=10, h=10), mark.colour)
        paper.write(text, x + 15, y, size=12.5)
        x += width(text, 12.5) + 36
