"""Rules and dashboards as objects of Kubernetes: those of the files, no larger than is allowed."""

import json
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from exporter.alerts import BOOK, Thresholds, printed_for_operator
from exporter.settings import parse_duration
from tests.alerts.promtool import PROMTOOLS, promtool
from tests.kubernetes.building import LOADER, PLACE, ROOT, built, example, laid_over, of_kind

ALERTS: Final = PLACE / "components" / "alerts"
MOST_OF_A_CONFIGMAP: Final = 1024 * 1024
"""Bytes, all files of one together."""
MOST_RULES: Final = 512 * 1024
"""Bytes of one object: the operator puts it into a ConfigMap, and refuses what is larger than half of one."""


def plain(name: str) -> Any:
    return yaml.load((ROOT / "alerts" / name).read_text(), LOADER)  # noqa: S506  a safe one


def test_the_files_are_those_that_the_command_writes() -> None:
    """`make alerts` writes them anew; there are no others."""
    rules = ALERTS / "rules"
    found = {path.relative_to(rules).as_posix(): path.read_text() for path in rules.rglob("*.*")}
    assert found == printed_for_operator(BOOK, Thresholds())


def test_all_rules_of_our_own_are_applied() -> None:
    listed = yaml.safe_load((ALERTS / "kustomization.yml").read_text())["resources"]
    ours = [f"rules/{name}" for name in BOOK if not name.startswith("compat/")]
    assert listed == ours


def test_rules_are_those_of_the_files() -> None:
    rules = {one["metadata"]["name"]: one for one in of_kind(example("one"), "PrometheusRule")}
    assert len(rules) == sum(not name.startswith("compat/") for name in BOOK)
    for name, rule in rules.items():
        assert rule["spec"] == plain(f"{name}.yml")
        assert len(json.dumps(rule)) < MOST_RULES


@pytest.mark.parametrize("release", PROMTOOLS)
def test_prometheus_takes_the_rules(release: str, tmp_path: Path) -> None:
    rules = of_kind(example("one"), "PrometheusRule")
    files = [tmp_path / f"{one['metadata']['name']}.yml" for one in rules]
    for file, rule in zip(files, rules, strict=True):
        file.write_text(json.dumps(rule["spec"]))  # which is YAML
    done = subprocess.run(
        [promtool(release), "check", "rules", *files], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_job_is_the_one_that_alerts_ask_for() -> None:
    (monitor,) = of_kind(example("one"), "PodMonitor")
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    relabelled = {one["targetLabel"]: one["replacement"] for one in endpoint["relabelings"]}
    (elsewhere,) = of_kind(example("scraping"), "ScrapeConfig")
    assert relabelled["job"] == elsewhere["spec"]["jobName"] == Thresholds().exporter_job


def test_zones_are_sites(tmp_path: Path) -> None:
    """Prometheus knows them where it is told to look at nodes, too; the job stays what it was."""
    (monitor,) = of_kind(laid_over(tmp_path, "nodes", "zones"), "PodMonitor")
    assert monitor["spec"]["attachMetadata"] == {"node": True}
    job, site = monitor["spec"]["podMetricsEndpoints"][0]["relabelings"]
    assert (job["targetLabel"], site["targetLabel"]) == ("job", "site")
    assert "node_label_topology_kubernetes_io_zone" in site["sourceLabels"][0]


def test_nodes_have_all_looked_before_they_are_compared() -> None:
    """The rules wait for so long until who looks last has seen what the first has."""
    (files,) = [
        one["data"] for one in of_kind(example("nodes"), "ConfigMap") if "exporter.yml" in one["data"]
    ]
    session = yaml.safe_load(files["exporter.yml"])["defaults"]["session"]
    assert parse_duration(session["interval"]) < Thresholds().vantages_settled


def test_all_dashboards_are_there() -> None:
    found: dict[str, str] = {}
    for one in built(ROOT / "grafana"):
        assert one["kind"] == "ConfigMap"
        assert one["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert len(json.dumps(one["data"])) < MOST_OF_A_CONFIGMAP
        found |= one["data"]
    assert found == {path.name: path.read_text() for path in (ROOT / "grafana").glob("*.json")}
    shown = of_kind(example("one"), "ConfigMap")
    assert [one["data"] for one in built(ROOT / "grafana")] == [
        one["data"] for one in shown if "grafana_dashboard" in one["metadata"]["labels"]
    ]
