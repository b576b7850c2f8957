"""Whatever a rule names exists."""

from collections.abc import Iterator

import promql_parser

from tests.alerts.files import alerts, rules
from tests.alerts.foreign import APPLICATION, FOREIGN, PROMETHEUS
from tests.test_shipped import names

HISTOGRAM = ("_sum", "_count", "_bucket")


def series(expr: str) -> Iterator[str]:
    """Name every series that an expression asks for."""
    found: list[str] = []

    def visit(node: object) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(str(node.name))

    promql_parser.walk(promql_parser.parse(expr), visit)
    return iter(found)


def ours() -> set[str]:
    """Every series of the exporter; of histograms, what they are made of."""
    return {name + suffix for name in names() for suffix in ("", *HISTOGRAM)}


def test_every_series_exists() -> None:
    recorded = {rule.name for rule in rules() if "record" in rule.document}
    for rule in rules():
        known = FOREIGN.get(rule.file, ours() | APPLICATION) | recorded | PROMETHEUS
        missing = set(series(rule.document["expr"])) - known
        assert not missing, (rule.file, rule.name)


def test_every_recorded_series_is_asked_for() -> None:
    """By a rule, by a text, or by a dashboard."""
    recorded = {rule.name for rule in rules() if "record" in rule.document}
    asked = {name for rule in rules() for name in series(rule.document["expr"])}
    texts = " ".join(text for rule in alerts() for text in rule.document["annotations"].values())
    assert {name for name in recorded if name not in asked and name not in texts} == set()
