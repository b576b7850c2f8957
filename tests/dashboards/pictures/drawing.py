"""Which function draws which kind of panel."""

from collections.abc import Callable, Mapping
from typing import Final

from tests.dashboards.boards import Panel
from tests.dashboards.pictures.bands import bands
from tests.dashboards.pictures.big import stat
from tests.dashboards.pictures.grids import table
from tests.dashboards.pictures.heat import heatmap
from tests.dashboards.pictures.lines import lines
from tests.dashboards.pictures.notes import note
from tests.dashboards.pictures.paper import Area, Paper
from tests.dashboards.pictures.telling import Told

KINDS: Final[Mapping[str, Callable[[Paper, Area, Panel, Told], None]]] = {
    "timeseries": lines,
    "stat": stat,
    "heatmap": heatmap,
    "state-timeline": bands,
    "table": table,
    "text": note,
}
"""By Grafana's names."""
