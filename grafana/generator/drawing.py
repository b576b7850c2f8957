"""Panels as Grafana reads them."""

from collections.abc import Callable
from functools import singledispatch
from typing import Any, Final

from grafana_foundation_sdk.builders import (
    common,
    heatmap,
    stat,
    statetimeline,
    text,
    timeseries,
)
from grafana_foundation_sdk.builders.dashboard import FieldColor
from grafana_foundation_sdk.models import common as kinds
from grafana_foundation_sdk.models.dashboard import FieldColorModeId, GridPos
from grafana_foundation_sdk.models.dashboard import Panel as Drawn
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.text import TextMode

from grafana.generator import asking
from grafana.generator.asking import SOURCE
from grafana.generator.fields import NOTHING, UNKNOWN, Values, limited, styles, worded
from grafana.generator.palette import QUIET
from grafana.generator.panel import Heat, Lines, Note, Panel, Scale, Stat, Table, Timeline
from grafana.generator.tables import table

EMPTY: Final = "**Empty while all is well.**"
"""By which a panel is known that may have nothing to show."""
ONLY: Final = "**Not of every database.**"
"""By which one is known that some databases cannot fill."""
READ_OFF: Final = (
    "Percentiles are read off the buckets of a histogram. They lie at the buckets' bounds or between two of "
    "them: small steps mean nothing."
)
FINEST: Final = 10_000
"""Points that a panel may show that asks for now: they keep `$__rate_interval` short in a long time range, so
that now is not the mean of an hour."""
BANDS: Final = 600
"""Points of a timeline: of some hundred targets a wide screen would ask for more than Prometheus answers."""


def drawn(panel: Panel, values: Values, place: GridPos) -> Drawn:
    """Draw a panel at its place."""
    builder = _kind(panel, values)
    builder.id(panel.number).title(panel.title).description(_description(panel)).grid_pos(place)
    if isinstance(panel, Table) or (isinstance(panel, Stat) and not panel.sparkline):
        builder.max_data_points(FINEST)
    if not isinstance(panel, Note):
        builder.datasource(SOURCE).unit(panel.unit).no_value(UNKNOWN if isinstance(panel, Table) else NOTHING)
        builder.thresholds(limited(panel.limits, values)).mappings(worded(panel.words))
        if panel.decimals is not None:
            builder.decimals(panel.decimals)
    built: Drawn = builder.build()
    return built


def _description(panel: Panel) -> str:
    """Say how to read a panel, how exact it is, and after that why it may be empty."""
    marked = [f"{mark} {why}" for mark, why in ((EMPTY, panel.empty), (ONLY, panel.only)) if why]
    return "\n\n".join([panel.reads, *([READ_OFF] if _read_off(panel) else []), *marked])


def _read_off(panel: Panel) -> bool:
    """Tell whether values are those of a histogram's buckets."""
    match panel:
        case Lines() | Stat():
            return any("histogram_quantile" in query.expr for query in panel.queries)
        case Table():
            return any("histogram_quantile" in column.expr for column in panel.columns)
        case _:
            return False


# The builders of the kinds of panels have nothing in common for a type checker, and all these methods.
@singledispatch
def _kind(panel: Panel, _: Values) -> Any:
    raise TypeError(f"no such panel: {panel}")


@_kind.register
def _lines(panel: Lines, values: Values) -> timeseries.Panel:
    drawn = (
        timeseries.Panel()
        .targets([*asking.over_time(panel.queries, values)])
        .color_scheme(FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
        .legend(_legend(panel))
        .tooltip(_largest_first())
        .show_points(kinds.VisibilityMode.ALWAYS if panel.dots else kinds.VisibilityMode.AUTO)
        .line_width(0 if panel.bars else 1)
        .fill_opacity(80 if panel.bars else 60 if panel.stacked else 0)
        .scale_distribution(_scale(panel))
        .thresholds_style(common.GraphThresholdsStyleConfig().mode(_marked(panel)))
    )
    if panel.stacked:
        drawn.stacking(common.StackingConfig().mode(kinds.StackingMode.NORMAL))
    if panel.bars:
        drawn.draw_style(kinds.GraphDrawStyle.BARS)
    if panel.steps:
        drawn.line_interpolation(kinds.LineInterpolation.STEP_AFTER)
    if panel.scale is Scale.LINEAR:  # A logarithm has no zero to begin at.
        _ends(drawn.axis_soft_min, panel.least)
    _ends(drawn.axis_soft_max, panel.most)
    for letter, looks in styles(panel.queries):
        drawn.override_by_query(letter, looks)
    return drawn


def _legend(panel: Lines) -> common.VizLegendOptions:
    """Have names below each other with what they amount to, where there is room for that."""
    legend = common.VizLegendOptions().placement(kinds.LegendPlacement.BOTTOM).show_legend(True)
    if panel.width < 12:
        return legend.display_mode(kinds.LegendDisplayMode.LIST)
    return legend.display_mode(kinds.LegendDisplayMode.TABLE).calcs(["lastNotNull", "mean", "max"])


def _largest_first() -> common.VizTooltipOptions:
    return common.VizTooltipOptions().mode(kinds.TooltipDisplayMode.MULTI).sort(kinds.SortOrder.DESCENDING)


def _scale(panel: Lines) -> common.ScaleDistributionConfig:
    scale = common.ScaleDistributionConfig().type(kinds.ScaleDistribution(panel.scale))
    return scale.log(10) if panel.scale == "log" else scale


def _marked(panel: Lines) -> kinds.GraphThresholdsStyleMode:
    """Mark limits as lines, where there are any."""
    any_limit = panel.limits.warning or panel.limits.critical
    return kinds.GraphThresholdsStyleMode.DASHED if any_limit else kinds.GraphThresholdsStyleMode.OFF


def _ends(set_end: Callable[[float], object], end: float | None) -> None:
    if end is not None:
        set_end(end)


@_kind.register
def _stat(panel: Stat, values: Values) -> stat.Panel:
    ask = asking.over_time if panel.sparkline else asking.now
    drawn = (
        stat.Panel()
        .targets([*ask(panel.queries, values)])
        .color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .graph_mode(kinds.BigValueGraphMode.AREA if panel.sparkline else kinds.BigValueGraphMode.NONE)
        .color_mode(kinds.BigValueColorMode.VALUE)
        .text_mode(_said(panel))
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    )
    for letter, looks in styles(panel.queries):
        drawn.override_by_query(letter, looks)
    return drawn


def _said(panel: Stat) -> kinds.BigValueTextMode:
    if panel.named:
        return kinds.BigValueTextMode.NAME
    return kinds.BigValueTextMode.VALUE_AND_NAME if panel.headed else kinds.BigValueTextMode.AUTO


@_kind.register
def _heat(panel: Heat, values: Values) -> heatmap.Panel:
    return (
        heatmap.Panel()
        .targets([*asking.bucketed(panel.expr, values)])
        .calculate(False)
        .color(heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Cividis").steps(64))
        .filter_values(heatmap.FilterValueRange().le(1e-9))
        .y_axis(heatmap.YAxisConfig().unit(panel.unit))
        .cell_values(heatmap.CellValues().unit("short"))
        .cell_gap(0)
        .show_legend()
    )


@_kind.register
def _timeline(panel: Timeline, values: Values) -> statetimeline.Panel:
    return (
        statetimeline.Panel()
        .targets([*asking.over_time(panel.queries, values)])
        .max_data_points(BANDS)
        .color_scheme(_states(panel))
        .merge_values(True)
        .show_value(kinds.VisibilityMode.AUTO)
        .row_height(0.8)
        .fill_opacity(80)
        .legend(common.VizLegendOptions().show_legend(False).display_mode(kinds.LegendDisplayMode.LIST))
    )


def _states(panel: Timeline) -> FieldColor:
    """Colour bands by words where there are any."""
    # By thresholds Grafana would merge bands by what these say, and forget the words.
    mode = FieldColorModeId.FIXED if panel.words else FieldColorModeId.THRESHOLDS
    return FieldColor().mode(mode).fixed_color(QUIET)


@_kind.register
def _table(panel: Table, values: Values) -> Any:
    return table(panel, values)


@_kind.register
def _note(panel: Note, _: Values) -> text.Panel:
    return text.Panel().mode(TextMode.MARKDOWN).content(panel.text).transparent(True)
