"""Bins on an axis of time: where each stands, where none does, and what all of them say together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

from exporter.model.trend import Bin
from exporter.web.charts.scale import Axis
from exporter.web.charts.svg import finite
from exporter.web.charts.words import clock, date, duration, share

LOOSE: Final = 1.5
"""Times the usual length of a span from which on the next bin does not follow this one."""
STANDS_OUT: Final = 2.0
"""Times the median of all from which on a delay is worth a word."""
DAY: Final = 86400.0
NOTHING: Final = "Nothing has been measured yet."


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """The delays of a bin that has some, in seconds, from the shortest to the longest."""

    least: float
    median: float
    high: float
    most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A bin and its place: percent of the width from `left` to `right`; `delays` where replies came."""

    bin: Bin
    left: float
    right: float
    delays: Delays | None

    @property
    def middle(self) -> float:
        """Where its values are drawn."""
        return (self.left + self.right) / 2

    @property
    def loss(self) -> float:
        """The share that was lost, 0 to 1."""
        return self.bin.lost / self.bin.sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Spans in their order on an axis of time; those in which nothing was sent are none."""

    axis: Axis
    spans: tuple[Span, ...]

    def runs(self) -> Iterator[list[Span]]:
        """Give the spans with delays that follow each other without a gap."""
        run: list[Span] = []
        for span in self.spans:
            if run and (span.delays is None or span.left - run[-1].right > 1e-6):
                yield run
                run = []
            if span.delays is not None:
                run.append(span)
        if run:
            yield run

    def gaps(self) -> Iterator[tuple[float, float]]:
        """Give what of the width nothing is known of, each from left to right."""
        edges = [0.0, *(edge for span in self.spans for edge in (span.left, span.right)), 100.0]
        for left, right in zip(edges[::2], edges[1::2], strict=True):
            if right - left > 1e-6:
                yield left, right


def timeline(bins: Sequence[Bin], ends: float) -> Timeline:
    """Put bins on an axis from the first of them to `ends`, which is seconds since the epoch."""
    ordered = sorted((each for each in bins if each.started < ends), key=lambda each: each.started)
    if not ordered:
        return Timeline(axis=Axis(low=ends - 1, high=ends), spans=())
    axis = Axis(low=ordered[0].started, high=ends)
    starts = [each.started for each in ordered]
    usual = (
        median(later - earlier for earlier, later in pairwise(starts))
        if len(starts) > 1
        else ends - starts[0]
    )
    spans = (
        _span(each, axis, following if following - each.started < LOOSE * usual else each.started + usual)
        for each, following in zip(ordered, [*starts[1:], ends], strict=True)
        if each.sent > 0
    )
    return Timeline(axis=axis, spans=tuple(spans))


def finding(line: Timeline) -> str:
    """Say in words what the bins of a timeline tell."""
    if not line.spans:
        return NOTHING
    sent, lost = sum(span.bin.sent for span in line.spans), sum(span.bin.lost for span in line.spans)
    length = line.axis.high - line.axis.low
    over = {3600: "hour", 60: "minute"}.get(round(length), duration(length))
    if lost == sent:
        return f"Everything was lost in the last {over}: no reply to {sent} packets."
    typical = _typical(line.spans)
    words = [f"Round trip {duration(typical)} at the median" if typical is not None else "Round trip unknown"]
    words.append(
        f"{share(lost, sent)} lost in the last {over}" if lost else f"nothing lost in the last {over}"
    )
    if (worst := _worst(line.spans, lost)) is not None:
        day = f"{date(worst.bin.started)} " if length >= DAY else ""
        words.append(f"worst at {day}{clock(worst.bin.started)}\N{NO-BREAK SPACE}UTC")
    told = ", ".join(words)
    missing = sum(right - left for left, right in line.gaps())
    return (
        f"{told}; nothing was measured for {share(missing, 100)} of that time." if missing > 1 else f"{told}."
    )


def _span(each: Bin, axis: Axis, end: float) -> Span:
    left, right = 100 * axis.place(each.started), 100 * axis.place(end)
    return Span(bin=each, left=left, right=right, delays=_delays(each))


def _delays(each: Bin) -> Delays | None:
    """Give the delays in their order; those that are missing are the next one that is known."""
    middle = finite(each.median)
    if middle is None:
        return None
    known = [
        middle if (value := finite(part)) is None else value for part in (each.least, each.high, each.most)
    ]
    least, high = min(known[0], middle), max(known[1], middle)
    return Delays(least=least, median=middle, high=high, most=max(known[2], high))


def _typical(spans: Sequence[Span]) -> float | None:
    """Give the median delay of all, from those of the bins, each for as often as it was answered."""
    weighted = sorted(
        (span.delays.median, span.bin.sent - span.bin.lost) for span in spans if span.delays is not None
    )
    half, seen = sum(weight for _, weight in weighted) / 2, 0
    for value, weight in weighted:
        seen += weight
        if seen >= half:
            return value
    return None


def _worst(spans: Sequence[Span], lost: int) -> Span | None:
    """Give the bin that lost most, or else the slowest, where it stands out."""
    if lost:
        return max(spans, key=lambda span: (span.loss, span.bin.lost))
    answered = [(span.delays.high, index) for index, span in enumerate(spans) if span.delays is not None]
    highest, index = max(answered, default=(0.0, 0))
    return spans[index] if highest > STANDS_OUT * (_typical(spans) or highest) else None
