"""What dashboards mark in time, asked of Prometheus in steps as long as Grafana's."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.alerts.promtool import PROMTOOLS, promtool

ROOT = Path(__file__).parents[2]
OVERVIEW = ROOT / "grafana" / "conndrop-overview.json"
SCRAPED = 7
"""Seconds between samples: no step of Grafana's is a multiple of it, so that no sample lies on a border."""
END = 900
SICK = range(17 * SCRAPED, 23 * SCRAPED)
CHANGED = (17 * SCRAPED, 58 * SCRAPED)
FAILED = (*range(17 * SCRAPED, 20 * SCRAPED, SCRAPED), 85 * SCRAPED)
"""Scrapes that failed: where a change would have been seen first, and at a border of every step."""


def marks() -> dict[str, str]:
    """Give what is asked, by the name of the mark, with everything chosen."""
    listed = json.loads(OVERVIEW.read_text())["annotations"]["list"]
    return {mark["name"]: re.sub(r"\$(job|instance|vantage|target)", ".*", mark["expr"]) for mark in listed}


def counter(expr: str) -> str:
    """Name what is counted."""
    [name] = set(re.findall(r"conndrop_\w+_total", expr))
    return str(name)


def asked(expr: str, step: int, labels: str, seen: set[int]) -> list[dict[str, object]]:
    """Ask at each step; something is seen at those times, and nothing at all others."""
    there = [{"labels": f"{{{labels}}}", "value": 1}]
    return [
        {
            "expr": expr.replace("$__interval", f"{step}s"),
            "eval_time": f"{time}s",
            "exp_samples": there if time in seen else [],
        }
        for time in range(step, END, step)
    ]


def check(release: str, place: Path, name: str, values: str, questions: list[dict[str, object]]) -> None:
    """Have promtool ask what Prometheus holds when it has scraped a target with these values."""
    series = f'{name}{{target="orders",vantage="office",job="conndrop",instance="a:9187"'
    series += ',cause="net.loss"}' if name == "conndrop_incident_active" else "}"
    document = {
        "tests": [
            {
                "interval": f"{SCRAPED}s",
                "input_series": [{"series": series, "values": values}],
                "promql_expr_test": questions,
            }
        ]
    }
    (place / "test.yml").write_text(yaml.safe_dump(document))
    done = subprocess.run(
        [promtool(release), "test", "rules", "test.yml"],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("release", PROMTOOLS)
@pytest.mark.parametrize("step", [15, 60, 300])
def test_an_incident_between_two_steps_is_marked(step: int, release: str, tmp_path: Path) -> None:
    """Forty seconds are seen in steps of five minutes, and are no longer in those of fifteen seconds."""
    times = range(0, END, SCRAPED)
    values = " ".join(str(int(time in SICK)) for time in times)
    sick = [time for time in times if time in SICK]
    seen = {time for time in range(step, END, step) if any(time - step < at <= time for at in sick)}
    labels = 'target="orders",vantage="office",cause="net.loss"'
    questions = asked(marks()["Incidents"], step, labels, seen)
    check(release, tmp_path, "conndrop_incident_active", values, questions)


@pytest.mark.parametrize("release", PROMTOOLS)
@pytest.mark.parametrize("step", [15, 60, 300])
@pytest.mark.parametrize("name", sorted(marks().keys() - {"Incidents"}))
def test_each_change_is_marked_once(name: str, step: int, release: str, tmp_path: Path) -> None:
    expr = marks()[name]
    values = " ".join(str(sum(time >= at for at in CHANGED)) for time in range(0, END, SCRAPED))
    seen = {-(-at // step) * step for at in CHANGED}
    questions = asked(expr, step, 'target="orders",vantage="office"', seen)
    check(release, tmp_path, counter(expr), values, questions)


@pytest.mark.parametrize("release", PROMTOOLS)
@pytest.mark.parametrize("step", [15, 60, 300])
@pytest.mark.parametrize("name", sorted(marks().keys() - {"Incidents"}))
def test_a_change_while_scrapes_fail_is_marked_once(
    name: str, step: int, release: str, tmp_path: Path
) -> None:
    """At the step after the first scrape that told of it, whether a scrape failed at a step or not."""
    expr = marks()[name]
    assert any(at <= border < at + SCRAPED for at in FAILED for border in range(step, END, step))
    changed = [next(at for at in range(begun, END, SCRAPED) if at not in FAILED) for begun in CHANGED]
    values = " ".join(
        "stale" if time in FAILED else str(sum(time >= at for at in changed))
        for time in range(0, END, SCRAPED)
    )
    seen = {-(-at // step) * step for at in changed}
    questions = asked(expr, step, 'target="orders",vantage="office"', seen)
    check(release, tmp_path, counter(expr), values, questions)


def test_both_places_in_which_releases_look_have_the_same_question() -> None:
    for mark in json.loads(OVERVIEW.read_text())["annotations"]["list"]:
        assert mark["expr"] == mark["target"]["expr"]
        assert (mark["step"], mark["target"]["interval"]) == ("1m", "15s")
