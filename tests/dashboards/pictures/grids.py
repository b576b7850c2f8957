"""Tables, drawn."""

from collections.abc import Mapping, Sequence
from typing import Final

from tests.dashboards.boards import Panel
from tests.dashboards.pictures.big import nothing
from tests.dashboards.pictures.looks import NONE, Looks, looks
from tests.dashboards.pictures.palette import readable
from tests.dashboards.pictures.paper import INK, LINE, PALE, Area, Paper, broken, width
from tests.dashboards.pictures.tables import Cell, Line, tabled
from tests.dashboards.pictures.telling import Told

SIZE: Final = 12.5
HIGHEST, LOWEST = 34.0, 19.0
"""Pixels of a row: less where there are many."""
PAD: Final = 8


def table(paper: Paper, area: Area, panel: Panel, told: Told) -> None:
    """Draw headings and rows; of rows to which Grafana would scroll, say how many there are."""
    columns, lines = tabled(panel, told.answers[panel.number])
    if not lines:
        nothing(paper, area, panel)
        return
    styles = {name: looks(panel.document, name) for name in columns}
    widths = shared(columns, lines, styles, told.times.end, area.w)
    head = 32.0 if any(width(name, SIZE, bold=True) + PAD > widths[name] for name in columns) else 24.0
    high = min(HIGHEST, max(LOWEST, (area.h - head) / len(lines)))
    fit = len(lines) if len(lines) * high <= area.h - head + 1 else int((area.h - head - 14) // high)
    x = area.x
    for name in columns:
        column = Area(x=x, y=area.y, w=widths[name], h=head)
        _heading(paper, column, name)
        for row, line in enumerate(lines[:fit]):
            box = Area(x=x, y=area.y + head + row * high, w=widths[name], h=high)
            _cell(paper, box, line.get(name), styles[name], told.times.end)
        x += widths[name]
    if fit < len(lines):
        text = f"and {len(lines) - fit} more rows"
        paper.write(text, area.x + area.w, area.y + area.h - 7, size=11, colour=PALE, align="right")


def shared(
    columns: Sequence[str], lines: Sequence[Line], styles: Mapping[str, Looks], now: float, room: float
) -> dict[str, float]:
    """Share a panel's width: some columns have their own, the others as much more as they need."""
    own = {name: style.custom["width"] for name, style in styles.items() if style.custom.get("width")}
    needs = {
        name: max(
            [width(name, SIZE, bold=True)]
            + [width(styles[name].text(line.get(name), now), SIZE) for line in lines]
        )
        + 2 * PAD
        for name in columns
        if name not in own
    }
    left = room - sum(own.values())
    if not needs or sum(needs.values()) > left:
        every = {**needs, **own}
        return {name: every[name] * room / sum(every.values()) for name in columns}
    more = (left - sum(needs.values())) / len(needs)
    return {name: own.get(name) or needs[name] + more for name in columns}


def _heading(paper: Paper, box: Area, name: str) -> None:
    lines = broken(name, box.w - PAD, SIZE, bold=True)[:2]
    for row, text in enumerate(lines):
        middle = box.y + box.h / 2 + (row - (len(lines) - 1) / 2) * 14
        paper.write(text, box.x + PAD / 2, middle, size=SIZE, colour=PALE, bold=True, within=box.w - PAD / 2)


def _cell(paper: Paper, box: Area, value: Cell, style: Looks, now: float) -> None:
    colour = style.colour(value)
    kind = (style.custom.get("cellOptions") or {}).get("type", "auto")
    ink = INK if value not in (None, "") else PALE
    if colour == NONE:
        ink = PALE
    elif kind == "color-background":
        paper.box(box.without(left=0.5, top=0.5, right=0.5, bottom=0.5), colour)
        ink = readable(colour)
    elif kind == "color-text":
        ink = colour
    elif kind != "auto":
        raise ValueError(f"no such cells: {kind}")
    paper.box(Area(x=box.x, y=round(box.y), w=box.w, h=1), LINE)
    text = style.text(value, now)
    paper.write(text, box.x + PAD / 2, box.y + box.h / 2, size=SIZE, colour=ink, within=box.w - PAD / 2)
