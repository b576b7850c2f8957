"""The files of rules as they are committed, and the cases that promtool runs on them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

ROOT: Final = Path(__file__).parents[2]
RULES: Final = ROOT / "alerts"
CASES: Final = Path(__file__).parent
FILES: Final = sorted([*RULES.glob("*.yml"), *RULES.glob("compat/*.yml")])


class Rule(NamedTuple):
    """One rule, and the file that it stands in, relative to `alerts`."""

    file: str
    document: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of an alert or of a recorded series."""
        return str(self.document.get("alert") or self.document["record"])

    @property
    def severity(self) -> str:
        return str(self.document["labels"]["severity"])


class Case(NamedTuple):
    """One test of an alert: what the test is called, and with which severities the alert fires in it."""

    file: str
    test: str
    alert: str
    severities: frozenset[str]


def rules() -> Iterator[Rule]:
    """Go through all rules."""
    for path in FILES:
        for group in yaml.safe_load(path.read_text())["groups"]:
            for document in group["rules"]:
                yield Rule(path.relative_to(RULES).as_posix(), document)


def alerts() -> list[Rule]:
    """List all alerting rules."""
    return [rule for rule in rules() if "alert" in rule.document]


def cases() -> Iterator[Case]:
    """Go through all tests of alerts; one with several looks at the same alert is one case."""
    for path in sorted(CASES.glob("**/*.yml")):
        for test in yaml.safe_load(path.read_text())["tests"]:
            found: dict[str, set[str]] = {}
            for look in test.get("alert_rule_test", []):
                severities = found.setdefault(look["alertname"], set())
                severities |= {str(one["exp_labels"]["severity"]) for one in look["exp_alerts"]}
            file = path.relative_to(CASES).as_posix()
            for alert, fired in found.items():
                yield Case(file, str(test["name"]), alert, frozenset(fired))
