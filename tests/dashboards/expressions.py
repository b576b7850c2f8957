"""Questions of dashboards, taken apart."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import promql_parser
from promql_parser import AggregateExpr, BinaryExpr, Call, MatrixSelector, SubqueryExpr, VectorSelector

from tests.dashboards.asking import Range, filled
from tests.dashboards.labels import labels

POINTS: Final = 100
TIMES: Final = Range(begin=0, end=90_001, scrape=1009)
"""Makes each of Grafana's durations one that nobody writes."""
RATE_INTERVAL: Final = timedelta(seconds=TIMES.rate_interval(POINTS))
RANGE: Final = timedelta(seconds=TIMES.end)
INTERVAL: Final = timedelta(seconds=TIMES.interval(POINTS))
LAST: Final = "last_over_time"
"""It tells what was known last, also where a scrape has failed since."""
Labels = frozenset[str] | None
"""Those that series have; None where nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A series that is asked for. `matchers` are label, sign, and value.

    `function` is what it is given to over a `span` of time; none, if it is not. With `counted` it does not
    matter what its values are, but how many series there are, or how much they have changed.
    """

    name: str
    matchers: frozenset[tuple[str, str, str]]
    function: str = ""
    span: timedelta | None = None
    counted: bool = False


SIGNS: Final = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}


def parsed(expr: str, variables: Iterable[str]) -> promql_parser.Expr:
    """Parse a question; KeyError for a variable that there is not, ValueError for what is no PromQL."""
    found: promql_parser.Expr = promql_parser.parse(
        filled(expr, TIMES, {name: f"${name}" for name in variables}, POINTS)
    )
    return found


def parts(expr: promql_parser.Expr) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Give every part of an expression with those that it is in, the innermost last."""
    found: list[tuple[Any, tuple[Any, ...]]] = []
    within: list[Any] = []

    def enter(node: Any) -> None:
        found.append((node, tuple(within)))
        within.append(node)

    def leave(_: Any) -> None:
        within.pop()

    promql_parser.walk(expr, enter, leave)
    return iter(found)


def asked(expr: promql_parser.Expr) -> Iterator[Asked]:
    """Give every series that an expression asks for."""
    for node, within in parts(expr):
        if isinstance(node, VectorSelector):
            over = within[-1] if within and isinstance(within[-1], MatrixSelector) else None
            caller = within[-2] if over and len(within) > 1 else None
            yield Asked(
                name=str(node.name),
                matchers=frozenset(_matchers(node)),
                function=caller.func.name if isinstance(caller, Call) else "",
                span=over.range if over else None,
                counted=_counts(node, within),
            )


def _counts(node: VectorSelector, within: tuple[Any, ...]) -> bool:
    """Whether only the number of series matters, or that there are any, or by how much they have changed."""
    if len(within) > 1 and _known(within[-2])[1]:
        within = within[:-2]
    around = within[-1] if within else None
    if isinstance(around, BinaryExpr):
        there = str(around.op) in {"and", "unless"} and str(around.rhs) == str(node)
        return there or (str(around.op) == "-" and _earlier(around.lhs, around.rhs))
    return isinstance(around, AggregateExpr) and str(around.op) in {"count", "group"}


def _earlier(now: Any, then: Any) -> bool:
    """Whether the second is the first, some time ago."""
    (now, span), (then, other) = _known(now), _known(then)
    if not isinstance(now, VectorSelector) or not isinstance(then, VectorSelector) or now.offset:
        return False
    same = now.name == then.name and set(_matchers(now)) == set(_matchers(then)) and span == other
    return same and bool(then.offset)


def _known(side: Any) -> tuple[Any, timedelta | None]:
    """Give the series of what was known last, and within which time; anything else as it is."""
    if isinstance(side, Call) and side.func.name == LAST and isinstance(side.args[0], MatrixSelector):
        return side.args[0].vector_selector, side.args[0].range
    return side, None


def _matchers(node: VectorSelector) -> Iterator[tuple[str, str, str]]:
    for matcher in node.matchers.matchers:
        yield matcher.name, SIGNS[str(matcher.op).partition(".")[2]], matcher.value


def kept(node: Any) -> Labels:
    """Give the labels that every series of an answer has."""
    match node:
        case VectorSelector():
            return labels(str(node.name))
        case MatrixSelector():
            return kept(node.vector_selector)
        case AggregateExpr():
            return _grouped(node)
        case Call():
            return _called(node)
        case BinaryExpr():
            return _joined(node)
        case _:
            inner = getattr(node, "expr", None)
            return kept(inner) if inner is not None else frozenset()


def _grouped(node: AggregateExpr) -> Labels:
    inner = kept(node.expr)
    if str(node.op) in {"topk", "bottomk"}:
        return inner
    made = frozenset({node.param.val}) if str(node.op) == "count_values" and node.param else frozenset()
    if node.modifier is None:
        return made
    named = frozenset(node.modifier.labels) | made
    if node.modifier.type == promql_parser.AggModifierType.By:
        return named
    return None if inner is None else inner - named


def _called(node: Call) -> Labels:
    vectors = [one for one in node.args if not _scalar(one)]
    inner = kept(vectors[0]) if vectors else frozenset()
    if inner is None:
        return None
    match node.func.name:
        case "histogram_quantile":
            return inner - {"le"}
        case "label_replace" | "label_join":
            return inner | {node.args[1].val}
        case "vector" | "time" | "scalar":
            return frozenset()
        case _:
            return inner


def _joined(node: BinaryExpr) -> Labels:
    left, right = kept(node.lhs), kept(node.rhs)
    if _scalar(node.lhs):
        return right
    if _scalar(node.rhs) or str(node.op) in {"and", "unless"}:
        return left
    if str(node.op) == "or":
        return None if left is None or right is None else left & right
    return _matched(node, left, right)


def _matched(node: BinaryExpr, left: Labels, right: Labels) -> Labels:
    """Give what arithmetic and comparisons of two vectors leave."""
    rules = node.modifier
    card = str(rules.card).partition(".")[2] if rules else "OneToOne"
    brought = frozenset(rules.group_labels or ()) if rules else frozenset()
    if card == "ManyToOne":
        return None if left is None else left | brought
    if card == "OneToMany":
        return None if right is None else right | brought
    if rules is None or rules.matching is None:
        return left
    named = frozenset(rules.matching.labels)
    if rules.matching.type == promql_parser.LabelModifierType.Include:
        return named
    return None if left is None else left - named


def operations(expr: promql_parser.Expr) -> Iterator[tuple[BinaryExpr, Labels, Labels]]:
    """Give every operation on two vectors that are matched by all their labels, and both sides' labels."""
    for node, _ in parts(expr):
        if isinstance(node, BinaryExpr) and str(node.op) != "or" and not _scalar(node.lhs):
            bare = node.modifier is None or node.modifier.matching is None
            if bare and not _scalar(node.rhs):
                yield node, kept(node.lhs), kept(node.rhs)


def _scalar(node: Any) -> bool:
    """Whether something is a number or a text."""
    match node:
        case promql_parser.NumberLiteral() | promql_parser.StringLiteral():
            return True
        case promql_parser.ParenExpr() | promql_parser.UnaryExpr():
            return _scalar(node.expr)
        case Call():
            return node.func.name in {"time", "scalar", "pi"}
        case BinaryExpr():
            return _scalar(node.lhs) and _scalar(node.rhs)
        case _:
            return False


def subqueries(expr: promql_parser.Expr) -> Iterator[Call]:
    """Give every function that is given a subquery."""
    for node, within in parts(expr):
        if isinstance(node, SubqueryExpr) and within and isinstance(within[-1], Call):
            yield within[-1]
