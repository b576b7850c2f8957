"""What alerts ask of gauges is not over while a scrape fails."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import promql_parser
from promql_parser import BinaryExpr, MatrixSelector, SubqueryExpr, VectorSelector

from exporter.alerts.bridging import A_MINUTE, MISSED
from tests.alerts.files import Rule, alerts
from tests.dashboards.expressions import parts

AS_IT_IS = {
    "up": "a scrape that fails is what it is about",
    "ALERTS": "rules make it, and no scrape",
}
SPANS = {"s": "seconds", "m": "minutes"}


def lasting(text: str) -> timedelta:
    """Read a time such as 59s or 15m."""
    return timedelta(**{SPANS[text[-1]]: int(text[:-1])})


def bare(rule: Rule) -> Iterator[str]:
    """Name the gauges that an alert asks for as they are now, and only so."""
    for node, within in parts(promql_parser.parse(rule.document["expr"])):
        if not isinstance(node, VectorSelector) or any(isinstance(one, SubqueryExpr) for one in within):
            continue
        around = within[-1] if within else None
        if isinstance(around, MatrixSelector) or ":" in str(node.name):
            continue
        if not bridges(around, node, rule) and str(node.name) not in AS_IT_IS:
            yield f"{rule.name} asks for {node.name}"


def bridges(around: Any, node: VectorSelector, rule: Rule) -> bool:
    """Whether the last value stands in for that of now, for less time than the alert has to last."""
    if not isinstance(around, BinaryExpr):
        return False
    waits = rule.document.get("for", MISSED)
    over = A_MINUTE if lasting(waits) < lasting(MISSED) else MISSED
    assert lasting(over) <= lasting(waits), rule.name
    last = f"last_over_time({node}[{over}]) unless on (job, instance) up == 1"
    return str(around) == str(promql_parser.parse(f"{node} or {last}"))


def test_gauges_are_bridged() -> None:
    """Those of the exporter: what others measure is asked for as others do, but for whether it is there."""
    ours = [rule for rule in alerts() if rule.file.startswith("conndrop-")]
    assert [one for rule in ours for one in bare(rule)] == []


def test_gauges_that_are_not_bridged_are_found() -> None:
    for expr in (
        "conndrop_up == 0",
        "(conndrop_up or last_over_time(conndrop_up[5m])) == 0",
        "(conndrop_up or last_over_time(conndrop_up[59s])) == 0",
        "(conndrop_up or last_over_time(conndrop_goal[59s]) unless on (job, instance) up == 1) == 0",
    ):
        assert list(bare(down(expr))) == ["Down asks for conndrop_up"]
    well = "(conndrop_up or last_over_time(conndrop_up[59s]) unless on (job, instance) up == 1) == 0"
    assert list(bare(down(well))) == []


def down(expr: str) -> Rule:
    """Give an alert that waits for a minute."""
    return Rule("", {"alert": "Down", "expr": expr, "for": "1m"})
