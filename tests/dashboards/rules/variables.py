"""Rules of what the reader chooses from."""

import re
from collections.abc import Iterator
from typing import Any, Final

from tests.dashboards.boards import Board
from tests.dashboards.expressions import asked, parsed
from tests.dashboards.labels import labels

CHOSEN: Final = ("job", "instance", "vantage", "target")
"""In the order in which each narrows down those after it."""
ON_TIME_RANGE: Final = 2
EVERYTHING: Final = {"job": ".+", "instance": ".+", "vantage": ".*", "target": ".+"}
"""What All stands for; an exporter need not have a vantage."""


def the_source_is_chosen(board: Board) -> Iterator[str]:
    """One variable is for the data source: it comes first, has its usual name, and is for Prometheus."""
    sources = [one for one in board.variables if one.kind == "datasource"]
    found = [(one.name, one.query) for one in sources]
    if found != [("datasource", "prometheus")] or board.variables[0] is not sources[0]:
        yield f"has other data sources: {found}"


def whose_series_are_chosen(board: Board) -> Iterator[str]:
    """Several can be chosen, all unless the dashboard is about one, of those in the time range."""
    for name, document in _chosen(board).items():
        if not document:
            yield f"has no variable {name}"
            continue
        usual = {
            "type": "query",
            "multi": True,
            "refresh": ON_TIME_RANGE,
            "datasource": {"type": "prometheus", "uid": "${datasource}"},
            "definition": document["query"],
        }
        for key, value in usual.items():
            if document[key] != value:
                yield f"variable {name} has {key} {document[key]!r}, not {value!r}"
        if not document.get("label"):
            yield f"variable {name} has no label"
        if not document["includeAll"] and name == "target":
            continue
        everything = document["includeAll"] and document.get("allValue")
        if everything != EVERYTHING[name] or document["current"]["value"] != "$__all":
            yield f"variable {name} does not begin with all: {everything}"


def narrowed_down_from_the_left(board: Board) -> Iterator[str]:
    """A variable's values are those of a label that the series has, within what stands before it."""
    before: list[str] = []
    for variable in board.variables:
        if variable.kind == "query":
            yield from _narrowed(variable.name, variable.query, before)
        before.append(variable.name)
    if tuple(name for name in before if name in CHOSEN) != CHOSEN:
        yield f"has its variables in another order: {before}"


def _narrowed(name: str, query: str, before: list[str]) -> Iterator[str]:
    found = re.fullmatch(r"label_values\((.+),\s*(\w+)\)", query)
    if not found or found[2] != name:
        yield f"variable {name} does not ask for its values: {query}"
        return
    try:
        (series,) = asked(parsed(found[1], before))
    except (KeyError, ValueError) as error:
        yield f"variable {name} asks for what is not there yet: {error}"
        return
    known = labels(series.name)
    if known is None or name not in known | {"vantage"}:
        yield f"variable {name} asks for a label that {series.name} has not"


def _chosen(board: Board) -> dict[str, dict[str, Any]]:
    documents = {one["name"]: one for one in board.document["templating"]["list"]}
    return {name: documents.get(name, {}) for name in CHOSEN}
