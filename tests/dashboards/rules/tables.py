"""Rules of tables, and of what is made of answers before they are shown."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from tests.dashboards.boards import Board, Panel
from tests.dashboards.expressions import Labels, kept
from tests.dashboards.rules.questions import named, organized, sound

STEPS: Final = frozenset(
    {"merge", "organize", "sortBy", "limit", "reduce", "groupBy", "labelsToFields", "joinByField"}
    | {
        "filterFieldsByName",
        "filterByValue",
        "calculateField",
        "renameByRegex",
        "seriesToRows",
        "convertFieldType",
    }
)
"""Transformations that Grafana has had since before 10, and still has."""


def columns_have_headings(board: Board) -> Iterator[str]:
    """Every column has a heading or is left out, and whatever names a heading names one of them."""
    for panel in board.panels:
        for step in panel.document.get("transformations", ()):
            if step["id"] not in STEPS:
                yield f"{named(panel)} is transformed by {step['id']}, which not every Grafana knows"
        for override in panel.document.get("fieldConfig", {}).get("overrides", ()):
            yield from _override(panel, override)
    for panel, answers in _tables(board):
        yield from _headings(panel, answers)


def _override(panel: Panel, override: dict[str, Any]) -> Iterator[str]:
    matcher = override["matcher"]
    there: set[str] = {query.letter for query in panel.queries}
    if matcher["id"] == "byName":
        there = set(organized(panel).get("renameByName", {}).values())
    if matcher["options"] not in there:
        yield f"{named(panel)} says how {matcher['options']} looks, which it does not have"


def _headings(panel: Panel, answers: dict[str, Labels]) -> Iterator[str]:
    order = organized(panel)
    shown, hidden = order["renameByName"], set(order["excludeByName"])
    there = {"Time", *_values(panel).values()}
    there |= {label for labels in answers.values() if labels for label in labels}
    if there != set(shown) | hidden:
        yield f"{named(panel)} names {sorted(set(shown) | hidden)} of the columns {sorted(there)}"
    headings = list(shown.values())
    if len(set(headings)) != len(headings) or not set(order["indexByName"]) >= set(shown):
        yield f"{named(panel)} has the headings {headings}"
    for sort in panel.document["options"].get("sortBy", ()):
        if sort["displayName"] not in headings:
            yield f"{named(panel)} is sorted by {sort['displayName']}, which it does not have"


def columns_are_of_the_same_rows(board: Board) -> Iterator[str]:
    """Answers have the same labels, but for the first ones: what they have more makes more lines."""
    for panel, answers in _tables(board):
        known = [labels for labels in answers.values() if labels is not None]
        ((rows, _),) = Counter(known).most_common(1)
        whole = False
        for letter, labels in answers.items():
            whole = whole or labels == rows
            if labels is not None and labels != rows and (whole or not labels > rows):
                yield f"{named(panel)} {letter} has {sorted(labels)}, the other columns {sorted(rows)}"


def _tables(board: Board) -> Iterator[tuple[Panel, dict[str, Labels]]]:
    """Give tables, and the labels of the answer to each of their questions."""
    found: dict[int, dict[str, Labels]] = {}
    for question, expr in sound(board):
        if question.panel and question.query and question.panel.kind == "table":
            found.setdefault(question.panel.number, {})[question.query.letter] = kept(expr)
    for panel in board.panels:
        if panel.number in found:
            yield panel, found[panel.number]


def _values(panel: Panel) -> dict[str, str]:
    """Give what Grafana calls the values that each question is answered with."""
    alone = len(panel.queries) == 1
    return {query.letter: "Value" if alone else f"Value #{query.letter}" for query in panel.queries}
