"""Rules of what is asked."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from tests.dashboards.boards import Board
from tests.dashboards.expressions import (
    INTERVAL,
    LAST,
    RANGE,
    RATE_INTERVAL,
    Asked,
    asked,
    kept,
    operations,
    subqueries,
)
from tests.dashboards.rules.questions import Question, named, questions, sound

RATES: Final = {"rate", "irate"}
OF_COUNTERS: Final = RATES | {"increase", "resets"}
BEGINNING: Final = "min_over_time"
"""Of a counter: what it had when it was first seen, which is no growth."""
COUNTER: Final = re.compile(r"_(total|bucket|count|sum)$")
COUNTERS: Final = frozenset(
    {"node_netstat_Tcp_RetransSegs", "node_netstat_Tcp_OutSegs", "node_netstat_TcpExt_ListenOverflows"}
)
"""Counters that are not called so, but as the kernel calls them: Prometheus finds fault with their rates."""
SLOPE: Final = "deriv"
"""How they grow, as good as a rate but for the moment at which they begin anew."""
APPLICATION: Final = "conndrop_app_"
COMPARED: Final = "vantage:conndrop_trouble:verdict"
"""What is asked for although only our rules make it: it takes a minute's look back at every exporter."""
ALONG: Final = re.compile(rf"up|{COMPARED}|(conndrop|scrape|process|python)_\w+")
"""Series that come with the job of what they are about: ours, and those that each scrape has."""
OWN_JOB: Final = {("job", "=~", "$job"), ("instance", "=~", "$instance")}
UNITS: Final = {
    "s": 1,
    "seconds": 1,
    "min": 60,
    "minutes": 60,
    "h": 3600,
    "hours": 3600,
    "d": 86400,
    "days": 86400,
}
SAID: Final = re.compile(rf"\b(\d+) ({'|'.join(UNITS)})\b")
THERE: Final = "present_over_time"
"""It tells that something was there, not how much: how long ago does not change what is shown."""
LOOKBACK: Final = timedelta(minutes=5)
"""What Prometheus itself knows of the past, if not told otherwise: as much may be `last_over_time`."""
OVER_TIME: Final = {"timeseries", "state-timeline", "heatmap"}
FORMATS: Final = {"table": "table", "heatmap": "heatmap"}
LABEL: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def written_in_promql(board: Board) -> Iterator[str]:
    """Each question can be read, with no variable that there is not."""
    for question in questions(board):
        try:
            question.parsed(board)
        except KeyError as unknown:
            yield f"{question.where} has an unknown variable: {unknown}"
        except ValueError as error:
            yield f"{question.where} is no PromQL: {error}"


def series_as_they_are_scraped(board: Board) -> Iterator[str]:
    """Series are raw, and of the jobs and instances that are chosen, where those are theirs."""
    about = next(variable for variable in board.variables if variable.name == "job")
    applications = APPLICATION in about.query
    for question, expr in sound(board):
        for series in asked(expr):
            if ":" in series.name and series.name != COMPARED:
                yield f"{question.where} asks for {series.name}, which only our rules make"
            others = any(name == "job" and value != "$job" for name, _, value in series.matchers)
            ours = ALONG.fullmatch(series.name) and not others
            theirs = ours and series.name.startswith(APPLICATION) == applications
            if theirs and not series.matchers >= OWN_JOB:
                yield f"{question.where} takes {series.name} of jobs and instances that are not chosen"
            if not theirs and series.matchers & OWN_JOB:
                yield f"{question.where} looks for {series.name} in jobs that have none"


def rates_over_what_grafana_says(board: Board) -> Iterator[str]:
    """Rates are over $__rate_interval, which always has enough samples in it; slopes are, too."""
    for where, series in _over_time(board):
        if series.function in RATES | {SLOPE} and series.span != RATE_INTERVAL:
            yield f"{where} has {series.function} of {series.name} over another span than $__rate_interval"


def spans_that_are_said(board: Board) -> Iterator[str]:
    """What is not a rate is over one of Grafana's spans, or over one that stands above it."""
    for question, expr in sound(board):
        said = {int(number) * UNITS[unit] for number, unit in SAID.findall(question.heading)}
        for series in asked(expr):
            if series.span is None or series.function in RATES | {SLOPE, THERE}:
                continue
            if series.function == LAST and series.span <= LOOKBACK:
                continue
            if series.span not in _grafanas(series.function) and series.span.total_seconds() not in said:
                yield f"{question.where} is over {series.span}, and {question.heading!r} does not say so"


def _grafanas(function: str) -> set[timedelta]:
    """Give the spans that a function can be over: between two points lies too little for a growth."""
    return {RATE_INTERVAL, RANGE} | ({INTERVAL} if function.endswith("_over_time") else set())


def counters_as_rates_only(board: Board) -> Iterator[str]:
    """A counter by itself says nothing, and what is no counter has no rate."""
    for question, expr in sound(board):
        for series in asked(expr):
            counter = bool(COUNTER.search(series.name)) or series.name in COUNTERS
            fitting = OF_COUNTERS | {SLOPE if series.name in COUNTERS else BEGINNING}
            if counter and series.function not in fitting and not series.counted:
                yield f"{question.where} shows the counter {series.name} as it is"
            if not counter and series.function in OF_COUNTERS:
                yield f"{question.where} has {series.function} of {series.name}, which is no counter"


def rates_before_sums(board: Board) -> Iterator[str]:
    """A sum of counters falls when one of them begins anew: what grows is taken of each by itself."""
    for question, expr in sound(board):
        for call in subqueries(expr):
            if call.func.name in OF_COUNTERS:
                yield f"{question.where} has {call.func.name} of what is no plain series"


def sides_that_match(board: Board) -> Iterator[str]:
    """Where two vectors meet, both have the same labels, or it says by which they are matched."""
    for question, expr in sound(board):
        for node, left, right in operations(expr):
            if left is not None and right is not None and left != right:
                yield f"{question.where} has {sorted(left)} {node.op} {sorted(right)}"


def legends_of_what_is_left(board: Board) -> Iterator[str]:
    """A legend has every label by which the series differ, and no other."""
    for question, expr in sound(board):
        labels = kept(expr)
        if labels is not None:
            yield from _legend(question, labels)


def _legend(question: Question, labels: frozenset[str]) -> Iterator[str]:
    if question.panel and question.panel.kind in FORMATS:
        return
    if question.legend == "__auto":
        if len(labels) > 1:
            yield f"{question.where} has no legend for {sorted(labels)}"
        return
    shown = set(LABEL.findall(question.legend))
    if unknown := shown - labels:
        yield f"{question.where} shows {sorted(unknown)}, which the series have not"
    if lacking := labels - shown:
        yield f"{question.where} calls all series the same that differ by {sorted(lacking)}"


def asked_in_the_panels_way(board: Board) -> Iterator[str]:
    """What is over time is asked over time, a table for now; each question has a letter."""
    for panel in board.panels:
        targets = panel.document.get("targets", ())
        letters = [target["refId"] for target in targets]
        if len(set(letters)) != len(letters) or (not letters) != (panel.kind == "text"):
            yield f"{named(panel)} has questions {letters}"
        for target in targets:
            if target["instant"] == target["range"] or (panel.kind in OVER_TIME) > target["range"]:
                yield f"{named(panel)} {target['refId']} is asked for other times than it is shown for"
            if target.get("format") != FORMATS.get(panel.kind) or (panel.kind == "table") > target["instant"]:
                yield f"{named(panel)} {target['refId']} is answered in another form than it is shown in"
            if target.get("hide") or target["datasource"] != panel.document["datasource"]:
                yield f"{named(panel)} {target['refId']} is asked of somebody else"


def _over_time(board: Board) -> Iterator[tuple[str, Asked]]:
    for question, expr in sound(board):
        for series in asked(expr):
            if series.span is not None:
                yield question.where, series
