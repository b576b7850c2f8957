"""Values over time: lines, areas on top of each other, bars."""

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from tests.dashboards.boards import Panel
from tests.dashboards.pictures import over_time
from tests.dashboards.pictures.big import nothing
from tests.dashboards.pictures.fields import Field, Numbers, fields, on
from tests.dashboards.pictures.legends import CALCULATIONS, entries, legend
from tests.dashboards.pictures.looks import Looks, looks
from tests.dashboards.pictures.paper import Area, Paper
from tests.dashboards.pictures.telling import Told

HEADROOM: Final = 0.06
"""How far the axis goes on beyond the values, as a share of what they span."""


def lines(paper: Paper, area: Area, panel: Panel, told: Told) -> None:
    """Draw the series of all questions into one pair of axes, with a legend beneath."""
    series = fields(panel, told.answers[panel.number])
    if not series:
        nothing(paper, area, panel)
        return
    shown = panel.document["options"]["legend"]
    calculations = shown["calcs"] if shown["displayMode"] == "table" else []
    found = entries(series, calculations, told.times.end)
    high = legend(paper, area, found, [CALCULATIONS[name][0] for name in calculations])
    axes = over_time.axes(paper, area.without(bottom=high + (6 if high else 0)), told)
    over_time.behind(axes, told)
    style = looks(panel.document, "")
    reached = _drawn(axes, series, told.moments(panel))
    _scaled(axes, style, reached, told.times.end)
    if style.custom.get("thresholdsStyle", {}).get("mode") == "dashed":
        for start, colour in style.steps[1:] if style.steps[0][0] == -math.inf else style.steps:
            axes.axhline(start, color=colour, linewidth=1.1, linestyle=(0, (5, 4)), zorder=2)


def _drawn(axes: Axes, series: Sequence[Field], moments: Numbers) -> Numbers:
    """Draw all series, and give all values that the axis has to reach."""
    ground = np.zeros(len(moments))
    floor, reached = ground, [np.array([])]
    for one in series:
        values = on(moments, np.column_stack([one.times, one.values]))
        stacked = one.looks.custom.get("stacking", {}).get("mode") == "normal"
        top = floor + values if stacked else values
        _one(axes, one, moments, floor if stacked else ground, top)
        reached.append(top[np.isfinite(top)])
        floor = np.where(np.isnan(top), floor, top) if stacked else floor
    return np.concatenate(reached)


def _one(axes: Axes, one: Field, moments: Numbers, floor: Numbers, top: Numbers) -> None:
    """Fill what is between floor and top, and draw a line along the top; bars have none."""
    custom, known = one.looks.custom, ~np.isnan(top)
    bars, stepped = custom.get("drawStyle") == "bars", custom.get("lineInterpolation") == "stepAfter"
    way: dict[str, Any] = {"step": "mid"} if bars else {"step": "post"} if stepped else {}
    fill = custom["fillOpacity"] / 100
    axes.fill_between(moments, floor, top, where=known, color=one.colour, alpha=fill, lw=0, zorder=1.5, **way)
    if bars:
        return
    dashes = custom.get("lineStyle")
    dots = known if custom.get("showPoints") == "always" else lonely(known)
    axes.plot(
        moments,
        top,
        color=one.colour,
        linewidth=custom["lineWidth"] * 1.2,
        linestyle=(0, tuple(dashes["dash"])) if dashes else "-",
        drawstyle="steps-post" if stepped else "default",
        zorder=2.5,
    )
    axes.plot(moments[dots], top[dots], "o", color=one.colour, markersize=3, zorder=2.5)


def lonely(known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which points no line leads to: they are drawn as such."""
    edged = np.pad(known, 1)
    alone: NDArray[np.bool_] = known & ~edged[:-2] & ~edged[2:]
    return alone


def _scaled(axes: Axes, style: Looks, reached: Numbers, now: float) -> None:
    """Divide the axis, between its least ends and what was reached."""
    custom = style.custom
    least, most = custom.get("axisSoftMin"), custom.get("axisSoftMax")
    if custom.get("scaleDistribution", {}).get("type") == "log":
        above = reached[reached > 0]
        low, high = (above.min(), above.max()) if len(above) else (0.1, 1)
        axes.set_yscale("log")
        axes.set_ylim(10 ** math.floor(math.log10(low)), 10 ** math.ceil(math.log10(high * 1.001)))
        axes.yaxis.set_major_locator(LogLocator(10, numticks=7))
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        low = min([*reached, *([least] if least is not None else [])], default=0)
        high = max([*reached, *([most] if most is not None else [])], default=1)
        room = (high - low) * HEADROOM or max(1, abs(high) * HEADROOM)
        axes.set_ylim(low if low == least else low - room, high if high == most else high + room)
        whole = style.decimals == 0 and style.unit in ("short", "none")
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10], integer=whole))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: style.text(round(value, 12), now)))
