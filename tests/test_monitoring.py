"""The suite's own Prometheus and Alertmanager: they do what tests of alerts take for granted."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.exporter import HERE
from tests.servers import ServerMissing
from tests.servers.alertmanager import Alertmanager, alertmanager
from tests.servers.prometheus import Prometheus, Scraping, prometheus
from tests.servers.releases import RELEASES, Release
from tests.waiting import wait_for

SILENT = {"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}
BROKEN = "up + on (job) {__name__=~'up|scrape_samples_scraped'}"
"""More than one series stands on the right, and no rule can tell which is meant."""
RULES = {
    "groups": [
        {
            "name": "trial",
            "rules": [
                {"record": "job:up:sum", "expr": "sum by (job) (up)"},
                {"alert": "Watchdog", "expr": "job:up:sum == 1", "labels": {"severity": "info"}},
                {"alert": "Never", "expr": "job:up:sum == 2"},
                {"record": "broken", "expr": BROKEN},
            ],
        }
    ]
}


@pytest.fixture(params=RELEASES)
def release(request: pytest.FixtureRequest) -> Release:
    return RELEASES[request.param]


@contextlib.contextmanager
def watched(place: Path, release: Release) -> Iterator[tuple[Prometheus, Alertmanager]]:
    """Run a Prometheus that scrapes itself each second, and an Alertmanager that tells nobody."""
    configuration, rules = place / "alertmanager.yml", place / "rules.yml"
    configuration.write_text(json.dumps(SILENT))
    rules.write_text(json.dumps(RULES))
    with contextlib.ExitStack() as stack:
        try:
            receiving = stack.enter_context(alertmanager(HERE, configuration, release))
            told = Scraping(rules=[rules], scrape=1, evaluation=1, alertmanager=receiving)
            running = stack.enter_context(prometheus(HERE, told, release))
        except ServerMissing as missing:
            if os.environ.get("CI"):
                raise
            pytest.skip(str(missing))
        yield running, receiving


def test_an_alert_goes_from_a_scrape_to_the_alertmanager(tmp_path: Path, release: Release) -> None:
    with watched(tmp_path, release) as (running, receiving):
        itself = {"__name__": "up", "job": "prometheus", "instance": running.address}
        watchdog = {"alertname": "Watchdog", "job": "prometheus", "severity": "info"}

        def seen() -> tuple[object, ...]:
            told = [(one["labels"], one["status"]["inhibitedBy"]) for one in receiving.alerts()]
            return running.query("up"), told, {one["labels"]["alertname"] for one in running.alerts()}

        wait_for(lambda: seen() == ([(itself, 1.0)], [(watchdog, [])], {"Watchdog"}), 60)


def test_rules_tell_how_they_fare(tmp_path: Path, release: Release) -> None:
    with watched(tmp_path, release) as (running, _):
        wait_for(lambda: all(rule["health"] != "unknown" for rule in running.rules()), 60)
        wait_for(running.failures, 60)
        assert running.failures().keys() == {"trial"}
        faring = {rule["name"]: rule["health"] for rule in running.rules()}
        assert faring == {"job:up:sum": "ok", "Watchdog": "ok", "Never": "ok", "broken": "err"}
