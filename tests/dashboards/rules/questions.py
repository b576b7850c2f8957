"""All questions of a dashboard, and where in it they stand."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import promql_parser

from tests.dashboards.boards import Board, Panel, Query
from tests.dashboards.expressions import parsed

TRANSFORMED: Final = "organize"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Where a question stands, the text above its answers, what it is, and what its series are called.

    An annotation has no `panel`.
    """

    where: str
    heading: str
    expr: str
    legend: str
    panel: Panel | None = None
    query: Query | None = None

    def parsed(self, board: Board) -> promql_parser.Expr:
        """Parse it; KeyError for a variable that there is not, ValueError for what is no PromQL."""
        return parsed(self.expr, [variable.name for variable in board.variables])


def questions(board: Board) -> Iterator[Question]:
    """Give the questions of all panels and annotations."""
    for panel in board.panels:
        for query in panel.queries:
            yield Question(
                where=f"{named(panel)} {query.letter}",
                heading=f"{panel.title} {heading(panel, query)}",
                expr=query.expr,
                legend=query.legend,
                panel=panel,
                query=query,
            )
    for mark in board.marks:
        texts = f"{mark.title} {mark.text}"
        yield Question(where=f"annotation {mark.name}", heading=mark.name, expr=mark.expr, legend=texts)


def sound(board: Board) -> Iterator[tuple[Question, promql_parser.Expr]]:
    """Give all that can be parsed; that the others cannot is told by a rule of its own."""
    for question in questions(board):
        try:
            yield question, question.parsed(board)
        except (KeyError, ValueError):
            continue


def named(panel: Panel) -> str:
    """Name a panel."""
    return f"panel {panel.number} {panel.title!r}"


def heading(panel: Panel, query: Query) -> str:
    """Give the heading of a query's column, where the panel is a table."""
    value = "Value" if len(panel.queries) == 1 else f"Value #{query.letter}"
    return str(organized(panel).get("renameByName", {}).get(value, ""))


def organized(panel: Panel) -> Mapping[str, Any]:
    """Give how a table's columns are named and ordered; empty for all else."""
    steps = panel.document.get("transformations", ())
    found: Mapping[str, Any] = next((one["options"] for one in steps if one["id"] == TRANSFORMED), {})
    return found
