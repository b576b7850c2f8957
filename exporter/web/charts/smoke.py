"""Round trips over time: the median as a line, the spread around it as smoke, and loss at the foot."""

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from markupsafe import Markup

from exporter.model.trend import Bin
from exporter.web.charts.scale import Axis, clock_ticks, delays, ticks
from exporter.web.charts.spans import DAY, NOTHING, Span, Timeline, finding, timeline
from exporter.web.charts.svg import area, bar, element, line, outlines, percent, picture, text
from exporter.web.charts.words import clock, date, duration

TOP: Final = 20.0
"""Pixels above the plot, for what is beyond it."""
PLOT: Final = 140.0
STRIP: Final = 18.0
"""Pixels of the strip of loss below the plot; all of it where all is lost."""
SPACE: Final = 6.0
FOOT: Final = TOP + PLOT + SPACE + STRIP
HEIGHT: Final = FOOT + 20.0
LEAST_MARK: Final = 4.0
"""Pixels of the smallest loss: it can be seen, however small its share."""
LOSSES: Final = ((1.0, "all"), (0.25, "much"), (0.05, "some"), (0.0, "little"))
"""Classes of loss, by the share from which on they are."""
SHORT: Final = 240.0
"""Seconds of a picture below which seconds tell its moments apart."""
WIDE: Final = 22.0
"""Percent of the width from which on there is room for words."""
Beyond: TypeAlias = tuple[Span, float]
"""A span with a delay that is beyond the axis, in seconds."""


def smoke(bins: Sequence[Bin], ends: float, name: str) -> Markup:
    """Draw the round trips and the loss of bins until `ends`, in seconds since the epoch."""
    told = timeline(bins, ends)
    values = [value for span in told.spans if span.delays for value in (span.delays.high, span.delays.most)]
    axis = delays(values)
    beyond = [(span, span.delays.most) for span in told.spans if span.delays and span.delays.most > axis.high]
    inside = [
        *_gaps(told),
        *_losses(told),
        *_grid(axis, bool(values)),
        outlines(TOP + PLOT, *_smoke(told, axis)),
    ]
    return picture("smoke", name, _said(told, beyond), HEIGHT, [*inside, *_beyond(beyond), *_clock(told)])


def loss_class(loss: float) -> str:
    """Give the class of a share that was lost, which is above 0."""
    return next(f"loss loss-{name}" for least, name in LOSSES if loss >= least)


def _said(told: Timeline, beyond: Sequence[Beyond]) -> str:
    words = finding(told)
    return f"{words} Delays of up to {duration(_longest(beyond))} are beyond the scale." if beyond else words


def _gaps(told: Timeline) -> Iterator[Markup]:
    """Show where nothing is known; it is neither quick nor lost."""
    for left, right in told.gaps():
        yield bar(left, TOP, right - left, FOOT - TOP, "gap")
        if right - left >= WIDE:
            words = "not measured" if told.spans else NOTHING.rstrip(".")
            yield text(words, (left + right) / 2, TOP + PLOT / 2, "middle muted")


def _losses(told: Timeline) -> Iterator[Markup]:
    """Show what was lost: by colour and by the height of a mark; where all was, all of the plot tells."""
    for span in told.spans:
        if not span.loss:
            continue
        height = max(LEAST_MARK, STRIP * span.loss)
        width = span.right - span.left
        if span.loss >= 1:
            yield bar(span.left, TOP, width, PLOT + SPACE, "lost")
        yield bar(span.left, FOOT - height, width, height, loss_class(span.loss))


def _grid(axis: Axis, known: bool) -> Iterator[Markup]:
    for value in (0.0, *ticks(axis)) if known else ():
        height = _height(axis, value)
        yield element("line", x1="0%", x2="100%", y1=height, y2=height, class_="grid" if value else "axis")
        words = duration(value) if value else "0"
        yield element("text", words, x=-6, y=height + 4, class_="end")
    yield element("line", x1="0%", x2="100%", y1=FOOT, y2=FOOT, class_="axis")
    yield element("text", "lost", x=-6, y=FOOT - 3, class_="end")


def _smoke(told: Timeline, axis: Axis) -> Iterator[Markup]:
    """Draw bands from the least to the most, and to the high, delay, and the median on top of them."""
    for run in told.runs():
        shape = [(edge, span.delays) for span in run if span.delays for edge in _edges(span, run)]
        for class_, upper in (("band wide", "most"), ("band", "high")):
            above = [(x, _height(axis, getattr(values, upper))) for x, values in shape]
            below = [(x, _height(axis, values.least)) for x, values in shape]
            yield area([*above, *reversed(below)], class_)
        yield line([(x, _height(axis, values.median)) for x, values in shape], "median")


def _edges(span: Span, run: Sequence[Span]) -> list[float]:
    """Give where the values of a span stand: in its middle, and at the ends of a run at its edge, too."""
    return [
        *([span.left] if span is run[0] else []),
        span.middle,
        *([span.right] if span is run[-1] else []),
    ]


def _beyond(beyond: Sequence[Beyond]) -> Iterator[Markup]:
    """Mark what is beyond the axis, and say how far."""
    for span, _ in beyond:
        yield bar(span.left, TOP - 4, span.right - span.left, 4, "beyond")
    if beyond:
        yield text(f"▲ cut off: up to {duration(_longest(beyond))}", 100, TOP - 8, "end strong")


def _clock(told: Timeline) -> Iterator[Markup]:
    yield element("text", "UTC", x=-6, y=HEIGHT - 4, class_="end")
    length = told.axis.high - told.axis.low
    for moment in clock_ticks(told.axis) if told.spans else []:
        place = 100 * told.axis.place(moment)
        class_ = "start" if place < 6 else "end" if place > 94 else "middle"
        midnight = length >= DAY and moment % DAY == 0
        words = date(moment) if midnight else clock(moment, seconds=length < SHORT)
        yield element("line", x1=percent(place), x2=percent(place), y1=FOOT, y2=FOOT + 4, class_="axis")
        yield text(words, place, HEIGHT - 4, class_)


def _height(axis: Axis, value: float) -> float:
    return TOP + PLOT * (1 - axis.place(value))


def _longest(beyond: Sequence[Beyond]) -> float:
    return max(delay for _, delay in beyond)
