"""Dashboards as Grafana reads them: variables, annotations, links, and all panels at their places."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    DashboardCursorSync,
    DashboardLinkType,
    GridPos,
    RowPanel,
)
from grafana_foundation_sdk.models.dashboard import Panel as Drawn

from exporter.alerts.filling import Value
from grafana.generator.annotations import annotations
from grafana.generator.drawing import drawn
from grafana.generator.fields import Values
from grafana.generator.panel import Board, Panel, Row
from grafana.generator.variables import variables

TAG: Final = "conndrop"
SCHEMA: Final = 41
"""Servers of 12.0 and 12.1 do not convert a newer one; later ones bring this up to date by themselves."""
COLUMNS: Final = 24
"""Of Grafana's grid."""


def printed(board: Board, others: Iterable[Board], thresholds: Mapping[str, Value]) -> Dashboard:
    """Make a dashboard, with links to the others."""
    values = Values(thresholds=thresholds, selection=board.selection)
    made = (
        builders.Dashboard(f"Conndrop / {board.title}")
        .uid(f"conndrop-{board.name}")
        .description(board.reads)
        .tags([TAG])
        .readonly()
        .timezone("browser")
        .time(board.since, "now")
        .refresh("1m")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .variables([*variables(board)])
        .annotations([*annotations(values)])
        .links([_link(board, other) for other in others if other is not board])
        .build()
    )
    made.panels = list(_placed(board.rows, values))
    _shown(made)
    return made


def _shown(made: Dashboard) -> None:
    """Have links and marks where they are seen at once; the library puts them into a menu."""
    # None is how the library leaves out what it says is always there.
    for link in made.links or []:
        link.placement = None  # type: ignore[assignment]
    for mark in made.annotations.list_val or []:
        mark.placement = None  # type: ignore[assignment]


def _link(here: Board, there: Board) -> builders.DashboardLink:
    """Lead to another dashboard; the selection goes along as far as it means the same there."""
    kept = "&".join(f"${{{name}:queryparam}}" for name in _kept(here, there))
    link = builders.DashboardLink(there.title).type(DashboardLinkType.LINK).tooltip(there.reads)
    return link.url(f"/d/conndrop-{there.name}?{kept}").keep_time(True)


def _kept(here: Board, there: Board) -> Iterator[str]:
    """Name the variables that mean the same in both."""
    yield "datasource"
    if here.selection is there.selection:
        yield from ("job", "instance")
    yield "vantage"
    # Where all cannot be chosen, Grafana takes "all" from an address for the name of a target.
    if here.one or not there.one:
        yield "target"


def _placed(rows: Iterable[Row], values: Values) -> Iterator[Drawn | RowPanel]:
    """Put rows below each other, and their panels into them."""
    top = 0
    for row in rows:
        heading = RowPanel(
            id_val=row.number,
            title=row.title,
            collapsed=row.collapsed,
            grid_pos=GridPos(x=0, y=top, w=COLUMNS, h=1),
        )
        places = list(_places(row.panels, top + 1))
        panels = [drawn(panel, values, place) for panel, place in places]
        yield heading
        if row.collapsed:
            heading.panels = panels
            top += 1
        else:
            yield from panels
            top = max((place.y + place.h for _, place in places), default=top + 1)


def _places(panels: Iterable[Panel], top: int) -> Iterator[tuple[Panel, GridPos]]:
    """Put panels side by side while there is room, and go on below the highest of them."""
    left = highest = 0
    for panel in panels:
        if left + panel.width > COLUMNS:
            left, top, highest = 0, top + highest, 0
        yield panel, GridPos(x=left, y=top, w=panel.width, h=panel.height)
        left, highest = left + panel.width, max(highest, panel.height)
