"""The questions of dashboards, as Grafana would ask them.

Grafana's arithmetic is that of `rangeutil.roundInterval`, of its Prometheus data source (`$__rate_interval`,
steps to which the range is aligned), and of its front end (`__auto` legends).
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.error import URLError

from tests.dashboards.boards import Board, Mark, Panel, Query, Variable
from tests.servers.prometheus import Prometheus

POINTS_OF_MARKS: Final = 100
"""Grafana asks for no more for annotations."""
ROUNDED: Final = (
    (0.01, 0.001), (0.015, 0.01), (0.035, 0.02), (0.075, 0.05), (0.15, 0.1), (0.35, 0.2), (0.75, 0.5),
    (1.5, 1), (3.5, 2), (7.5, 5), (12.5, 10), (17.5, 15), (25, 20), (45, 30), (90, 60), (210, 120),
    (450, 300), (750, 600), (1050, 900), (1500, 1200), (2700, 1800), (5400, 3600), (9000, 7200),
    (16200, 10800), (32400, 21600), (86400, 43200), (604800, 86400),
)  # fmt: skip
"""Seconds: what is shorter than the first becomes the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A range of time: seconds since 1970; `scrape` is the interval that Grafana's data source is told."""

    begin: float
    end: float
    scrape: float

    def interval(self, points: int, least: float = 0) -> float:
        """Give `$__interval` for so many points, in seconds; it is also the step."""
        exact = (self.end - self.begin) / points
        place = bisect_right(ROUNDED, exact, key=lambda pair: pair[0])
        return max(ROUNDED[min(place, len(ROUNDED) - 1)][1], self.scrape, least)

    def rate_interval(self, points: int, least: float = 0) -> float:
        """Give `$__rate_interval` in seconds."""
        return max(self.interval(points, least) + self.scrape, 4 * self.scrape)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One series of an answer; points are pairs of seconds since 1970 and value."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What Prometheus said; `refusal` is why it said nothing, else empty."""

    refusal: str = ""
    warnings: tuple[str, ...] = ()
    infos: tuple[str, ...] = ()
    series: tuple[Series, ...] = ()


def chosen(board: Board, target: str) -> dict[str, str]:
    """Choose All wherever there is All, and elsewhere the target."""
    variables = [variable for variable in board.variables if variable.kind == "query"]
    return {one.name: target if one.everything is None else one.everything for one in variables}


def filled(expr: str, times: Range, choice: Mapping[str, str], points: int, least: float = 0) -> str:
    """Replace variables as Grafana does; KeyError for one that there is not. `$1` of PromQL stays."""
    values = {
        **choice,
        "__interval": duration(times.interval(points, least)),
        "__rate_interval": duration(times.rate_interval(points, least)),
        "__range": duration(round(times.end - times.begin)),
    }
    return re.sub(r"\$(?:\{([a-z_]\w*)\}|([a-z_]\w*))", lambda found: values[found[1] or found[2]], expr)


def duration(seconds: float) -> str:
    """Write seconds as Prometheus reads them."""
    return f"{seconds:.0f}s" if seconds == round(seconds) else f"{seconds * 1000:.0f}ms"


def answer(
    prometheus: Prometheus, query: Query, panel: Panel, times: Range, choice: Mapping[str, str]
) -> Answer:
    """Have a panel's question answered."""
    expr = filled(query.expr, times, choice, panel.points)
    if query.instant:
        return _asked(prometheus, "/api/v1/query", query=expr, time=str(times.end))
    return _over_time(prometheus, expr, times, times.interval(panel.points))


def marked(prometheus: Prometheus, mark: Mark, times: Range, choice: Mapping[str, str]) -> Answer:
    """Have an annotation's question answered."""
    expr = filled(mark.expr, times, choice, POINTS_OF_MARKS, mark.step)
    return _over_time(prometheus, expr, times, times.interval(POINTS_OF_MARKS, mark.step))


def choices(prometheus: Prometheus, variable: Variable, times: Range, choice: Mapping[str, str]) -> list[str]:
    """Give what a variable can be, of `label_values(series, label)`; ValueError for any other question."""
    found = re.fullmatch(r"label_values\((.+),\s*(\w+)\)", variable.query)
    if not found:
        raise ValueError(f"{variable.name} is no question for values of a label: {variable.query}")
    series = filled(found[1], times, choice, POINTS_OF_MARKS)
    asked = {"match[]": series, "start": str(times.begin), "end": str(times.end)}
    document = prometheus.document(f"/api/v1/label/{found[2]}/values", **asked)
    assert document["status"] == "success", document
    return list(document["data"])


def named(query: Query, labels: Mapping[str, str]) -> str:
    """Call a series what its query's legend says."""
    if query.legend not in ("", "__auto"):
        return legend(query.legend, labels)
    own = {name: value for name, value in labels.items() if name != "__name__"}
    if len(own) == 1:
        return next(iter(own.values()))
    pairs = ", ".join(f'{name}="{value}"' for name, value in own.items())
    return f"{{{pairs}}}" if own else query.expr


def legend(text: str, labels: Mapping[str, str]) -> str:
    """Fill labels in; one that the series has not is empty."""
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda found: labels.get(found[1], ""), text).strip()


def _over_time(prometheus: Prometheus, expr: str, times: Range, step: float) -> Answer:
    begin, end = (moment // step * step for moment in (times.begin, times.end))
    asked = {"start": str(begin), "end": str(end), "step": str(step)}
    return _asked(prometheus, "/api/v1/query_range", query=expr, **asked)


def _asked(prometheus: Prometheus, path: str, **asked: str) -> Answer:
    try:
        document = prometheus.document(path, **asked)
    except URLError as refusal:
        return Answer(refusal=str(refusal.reason))
    return Answer(
        warnings=tuple(document.get("warnings", ())),
        infos=tuple(document.get("infos", ())),
        series=tuple(_series(document["data"])),
    )


def _series(data: Mapping[str, Any]) -> Iterator[Series]:
    """Read series of one or of many points; a scalar is one without labels."""
    found = data["result"]
    for one in [{"metric": {}, "value": found}] if data["resultType"] == "scalar" else found:
        points = one["values"] if "values" in one else [one["value"]]
        yield Series(labels=one["metric"], points=tuple((moment, float(value)) for moment, value in points))
