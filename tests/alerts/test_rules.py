"""The rules as promtool sees them: each alert fires where it must, and not where it only looks so."""

import re
import subprocess
from pathlib import Path

import pytest

from exporter.alerts import BOOK, Thresholds, defaults, printed
from exporter.alerts.rule import Kind
from exporter.model import Severity
from tests.alerts.files import CASES, FILES, ROOT, RULES, alerts, cases, rules
from tests.alerts.promtool import PROMTOOLS, promtool

RECORDED = re.compile(r"[a-z_]+:[a-z_]+:[a-z0-9_]+")
ALERT = re.compile(r"([A-Z][a-zA-Z]+)+")
TEXTS = {"summary", "evidence", "fix", "description", "runbook_url"}


def test_the_files_are_those_that_the_command_prints() -> None:
    """`make alerts` writes them anew."""
    committed = {path.relative_to(RULES).as_posix(): path.read_text() for path in FILES}
    assert committed == printed(BOOK, Thresholds())
    assert (ROOT / "config" / "alerts.yml").read_text() == defaults()


@pytest.mark.parametrize("release", PROMTOOLS)
def test_prometheus_takes_the_rules(release: str) -> None:
    done = subprocess.run(
        [promtool(release), "check", "rules", *FILES], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("release", PROMTOOLS)
@pytest.mark.parametrize("path", sorted(CASES.glob("**/*.yml")), ids=lambda path: path.stem)
def test_alerts_fire_and_stay_silent(path: Path, release: str) -> None:
    done = subprocess.run(
        [promtool(release), "test", "rules", path.name],
        cwd=path.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_fires_in_a_test_at_each_severity() -> None:
    wanted = {(rule.name, rule.severity) for rule in alerts()}
    assert wanted == {(case.alert, severity) for case in cases() for severity in case.severities}


def test_every_alert_has_a_look_alike_that_leaves_it_silent() -> None:
    silent = {case.alert for case in cases() if not case.severities}
    assert {rule.name for rule in alerts()} == silent


def test_names_are_those_of_the_field() -> None:
    for rule in rules():
        pattern = ALERT if "alert" in rule.document else RECORDED
        assert pattern.fullmatch(rule.name), rule.name


def test_every_alert_says_what_how_bad_and_what_to_do() -> None:
    for rule in alerts():
        texts, labels = rule.document["annotations"], rule.document["labels"]
        assert set(texts) >= TEXTS, rule.name
        assert labels["severity"] in set(Severity)
        assert labels["kind"] in set(Kind)
        for part in ("summary", "evidence", "fix"):
            assert texts[part], rule.name
            assert not texts[part].endswith("."), (rule.name, part)
            assert texts[part] in texts["description"]
