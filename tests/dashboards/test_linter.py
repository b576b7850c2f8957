"""The dashboards keep to all rules, and each rule is broken by what it is against."""

import json
from pathlib import Path

import pytest

from tests.alerts.files import alerts
from tests.dashboards.boards import PLACE, boards
from tests.dashboards.broken import BREAKS, Break
from tests.dashboards.rules import RULES
from tests.dashboards.rules.limits import HALF

OVERVIEW = "conndrop-overview.json"


@pytest.mark.parametrize("name", RULES)
def test_dashboards_keep_to(name: str) -> None:
    found = [f"{board.name}: {sentence}" for board in boards() for sentence in RULES[name](board)]
    assert not found, "\n".join(["", *found])


@pytest.mark.parametrize("case", BREAKS, ids=lambda case: f"{case.rule}-{case.new}")
def test_a_dashboard_that_is_broken_on_purpose_is_found_out(case: Break, tmp_path: Path) -> None:
    """By the rule that is broken, and not only since the file cannot be read any more."""
    text = (PLACE / OVERVIEW).read_text()
    assert case.old in text
    broken = text.replace(case.old, case.new)
    json.loads(broken)
    (tmp_path / OVERVIEW).write_text(broken)
    (board,) = boards(tmp_path)
    assert list(RULES[case.rule](board))


def test_every_rule_is_broken() -> None:
    assert {case.rule for case in BREAKS} == set(RULES)


def test_alerts_about_half_of_something_are() -> None:
    expressions = {alert.name: alert.document["expr"] for alert in alerts()}
    for name in HALF.values():
        assert "> 0.5" in expressions[name]
