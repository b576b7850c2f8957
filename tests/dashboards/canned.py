"""Answers that no Prometheus gave: what a panel asks for, with the labels that it shows."""

import math
import re
from collections.abc import Iterator

from tests.dashboards.asking import Answer, Range, Series
from tests.dashboards.boards import Board, Panel, Query
from tests.dashboards.pictures.telling import Chapter, Event, Told

TIMES = Range(begin=1_700_000_000.0, end=1_700_003_600.0, scrape=15)
OWN = ({"target": "orders", "vantage": "app-1"}, {"target": "stock", "vantage": "bastion"})
ENDS = ("0.001", "0.01", "+Inf")


def told(board: Board) -> Told:
    """Answer all questions of a dashboard with two series each, and tell of an incident."""
    begin = TIMES.begin
    return Told(
        times=TIMES,
        chapters=(
            Chapter(name="healthy", begin=begin, end=begin + 1200),
            Chapter(name="packet loss", begin=begin + 1300, end=begin + 2400),
        ),
        answers={
            panel.number: {query.letter: _answer(panel, query) for query in panel.queries}
            for panel in board.panels
        },
        events=(Event(title="an incident", colour="#D55E00", begin=begin + 1400, end=begin + 2000),),
    )


def _answer(panel: Panel, query: Query) -> Answer:
    if panel.kind == "heatmap":
        return Answer(series=tuple(_series({"le": end}, query, size) for size, end in enumerate(ENDS, 1)))
    return Answer(series=tuple(_series(dict(labels), query, 1) for labels in _labels(panel, query)))


def _labels(panel: Panel, query: Query) -> Iterator[dict[str, str]]:
    """Give the labels that a legend names, or that a table's question groups by."""
    shown = re.findall(r"\{\{(\w+)\}\}", query.legend) or re.findall(r"\w+", _grouped(query.expr))
    for own in OWN:
        yield {name: own.get(name, "2" if panel.kind == "table" else name) for name in shown}


def _grouped(expr: str) -> str:
    found = re.search(r"by \(([^)]*)\)", expr)
    return found[1] if found else ""


def _series(labels: dict[str, str], query: Query, size: int) -> Series:
    """Give a wave, at the end only where no more is asked for."""
    step = TIMES.interval(600)
    begin = TIMES.begin // step * step
    moments = [TIMES.end] if query.instant else [begin + step * number for number in range(20, 200, 6)]
    return Series(labels=labels, points=tuple((one, size * (1 + math.sin(one / 300))) for one in moments))
