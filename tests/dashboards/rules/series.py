"""Rules of the labels by which series are selected and grouped."""

from collections.abc import Iterator
from typing import Any, Final

from promql_parser import AggModifierType, AggregateExpr, BinaryExpr

from tests.dashboards.boards import Board
from tests.dashboards.expressions import asked, kept, parts
from tests.dashboards.labels import labels
from tests.dashboards.rules.questions import sound

ABOUT_ITSELF: Final = "conndrop-exporter"
"""In this dashboard, what tells nothing of single targets is of all that an exporter has."""


def selected_by_the_variables(board: Board) -> Iterator[str]:
    """Series are of the vantages and targets that are chosen, where they have any."""
    for question, expr in sound(board):
        of_all = board.name == ABOUT_ITSELF and "target" not in _all(kept(expr), ["target"])
        for series in asked(expr):
            known = labels(series.name)
            for name in ("vantage", "target"):
                chosen = (name, "=~", f"${name}") in series.matchers
                if known is None or chosen == (name in known) or (of_all and name == "target"):
                    continue
                yield f"{question.where} takes {series.name} of {'no' if chosen else 'every'} {name}"


def labels_that_there_are(board: Board) -> Iterator[str]:
    """Series are selected, grouped and matched by labels that they have."""
    for question, expr in sound(board):
        for series in asked(expr):
            known = labels(series.name)
            wanted = {name for name, _, _ in series.matchers}
            if known is not None and wanted - known:
                yield f"{question.where} selects {series.name} by {sorted(wanted - known)}"
        for node, _ in parts(expr):
            if unknown := _unknown(node):
                yield f"{question.where} groups or matches by {sorted(unknown)}, which are not there"


def _unknown(node: Any) -> frozenset[str]:
    """Name the labels that a part of an expression is to keep, and that nothing below it has."""
    if isinstance(node, AggregateExpr) and node.modifier and node.modifier.type == AggModifierType.By:
        return frozenset(node.modifier.labels) - _all(kept(node.expr), node.modifier.labels)
    if isinstance(node, BinaryExpr) and node.modifier and node.modifier.matching:
        named = node.modifier.matching.labels
        return frozenset(named) - (_all(kept(node.lhs), named) | _all(kept(node.rhs), named))
    return frozenset()


def _all(known: frozenset[str] | None, otherwise: list[str]) -> frozenset[str]:
    return frozenset(otherwise) if known is None else known
