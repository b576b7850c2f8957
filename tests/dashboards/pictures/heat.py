"""Histograms over time, as colours."""

import math
from typing import Final

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from tests.dashboards.boards import Panel
from tests.dashboards.pictures import over_time
from tests.dashboards.pictures.big import nothing
from tests.dashboards.pictures.buckets import heat
from tests.dashboards.pictures.paper import PALE, POINTS, Area, Paper
from tests.dashboards.pictures.telling import Told
from tests.dashboards.pictures.units import written

BENEATH: Final = 22
"""Pixels of the scale of colours."""
SIZE: Final = 11.5
SHADES: Final = 40


def heatmap(paper: Paper, area: Area, panel: Panel, told: Told) -> None:
    """Draw a cell for each bucket and moment; buckets are equally high, empty cells are left out."""
    options = panel.document["options"]
    series = [one for answer in told.answers[panel.number].values() for one in answer.series]
    if not series:
        nothing(paper, area, panel)
        return
    moments = told.moments(panel)
    found = heat(series, moments)
    counts = np.ma.masked_invalid(np.ma.masked_less_equal(found.counts, options["filterValues"]["le"]))
    most = float(counts.max()) if counts.count() else 1.0
    colours = options["color"]["scheme"].lower()
    room = area.without(bottom=BENEATH)
    axes = over_time.axes(paper, room, told)
    over_time.behind(axes, told)
    step = moments[1] - moments[0]
    edges = np.append(moments - step, moments[-1])
    rows = np.arange(len(found.ends) + 1)
    axes.pcolormesh(edges, rows, counts, cmap=colours, vmin=0, vmax=most, zorder=2, rasterized=True)
    axes.set_xlim(told.times.begin, told.times.end)
    axes.grid(visible=False)
    _ends(axes, found.ends, options["yAxis"]["unit"], room.h)
    text = written(most, options.get("cellValues", {}).get("unit") or "short")
    _scale(paper, area.without(top=area.h - BENEATH, left=over_time.LEFT), colours, text)


def _ends(axes: Axes, ends: tuple[float, ...], unit: str, high: float) -> None:
    """Write the upper ends of buckets, as many as there is room for."""
    every = max(1, math.ceil(len(ends) * 18 / high))
    places = [place for place in range(len(ends)) if (len(ends) - 1 - place) % every == 0]
    texts = [written(ends[place], unit) if math.isfinite(ends[place]) else "more" for place in places]
    axes.set_yticks([place + 1 for place in places], texts, fontsize=SIZE * POINTS)
    axes.set_ylim(0, len(ends))


def _scale(paper: Paper, area: Area, colours: str, most: str) -> None:
    """Show which colour means how much."""
    paper.write("0", area.x, area.y + 12, size=SIZE, colour=PALE)
    start, wide = area.x + 12, 5
    for place in range(SHADES):
        shade = to_hex(colormaps[colours](place / (SHADES - 1)))
        paper.box(Area(x=start + place * wide, y=area.y + 7, w=wide + 0.5, h=10), shade)
    paper.write(most, start + SHADES * wide + 8, area.y + 12, size=SIZE, colour=PALE)
