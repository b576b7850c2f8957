"""The round trips of a target in one line of a table: the shape of the delay, and loss at its foot."""

from collections.abc import Iterator, Sequence
from typing import Final

from markupsafe import Markup

from exporter.model.trend import Bin
from exporter.web.charts.scale import Axis, delays
from exporter.web.charts.smoke import LEAST_MARK, loss_class
from exporter.web.charts.spans import Timeline, finding, timeline
from exporter.web.charts.svg import area, bar, line, outlines, picture

HEIGHT: Final = 32.0
ROOM: Final = 24.0
"""Pixels for the delay; the rest is for loss."""
EDGE: Final = 2.0
"""Pixels between the highest value and the edge, so that a line is drawn whole."""


def sparkline(bins: Sequence[Bin], label: str, ends: float | None = None) -> Markup:
    """Draw the delay and the loss of bins; `label` names it, and no two on a page are the same.

    Without `ends`, in seconds since the epoch, the last bin is as long as the one before it.
    """
    told = timeline(bins, _end(bins) if ends is None else ends)
    axis = delays([span.delays.median for span in told.spans if span.delays])
    inside = [*_gaps(told), *_losses(told), outlines(ROOM, *_lines(told, axis))]
    return picture("sparkline", label, finding(told), HEIGHT, inside)


def _end(bins: Sequence[Bin]) -> float:
    starts = sorted(each.started for each in bins)
    match starts:
        case []:
            return 0.0
        case [only]:
            return only + 1
    return 2 * starts[-1] - starts[-2]


def _gaps(told: Timeline) -> Iterator[Markup]:
    for left, right in told.gaps():
        yield bar(left, 0, right - left, HEIGHT, "gap")


def _losses(told: Timeline) -> Iterator[Markup]:
    for span in told.spans:
        if not span.loss:
            continue
        height = HEIGHT if span.loss >= 1 else max(LEAST_MARK, (HEIGHT - ROOM) * span.loss)
        yield bar(span.left, HEIGHT - height, span.right - span.left, height, loss_class(span.loss))


def _lines(told: Timeline, axis: Axis) -> Iterator[Markup]:
    """Draw the median with what is below it; at the ends of a run it goes on to the edge of its bin."""
    for run in told.runs():
        heights = [_height(axis, span.delays.median) for span in run if span.delays]
        points = [(span.middle, height) for span, height in zip(run, heights, strict=True)]
        shape = [(run[0].left, heights[0]), *points, (run[-1].right, heights[-1])]
        yield area([(run[0].left, ROOM), *shape, (run[-1].right, ROOM)], "band")
        yield line(shape, "median")


def _height(axis: Axis, value: float) -> float:
    return EDGE + (ROOM - 2 * EDGE) * (1 - axis.place(value))
