"""A real Prometheus that scrapes, evaluates rules, and passes alerts on."""

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.lab.exporter import HERE, Network
from tests.scraping import samples_in
from tests.servers.database import ServerMissing, free_port
from tests.servers.releases import INSTALLED, Release
from tests.servers.service import Service, serving

FOREVER: Final = "10y"
"""For how long is kept what was scraped, so that it can be asked for later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scraping:
    """What a Prometheus is told: jobs as it has them, rule files, intervals in seconds.

    It scrapes `itself` as well.
    """

    jobs: Sequence[Mapping[str, Any]] = ()
    rules: Sequence[Path] = ()
    alertmanager: Service | None = None
    scrape: float = 15
    evaluation: float = 15
    itself: bool = True

    def document(self, address: str) -> dict[str, Any]:
        """Give the configuration of a Prometheus that listens there."""
        itself = [{"job_name": "prometheus", "static_configs": [{"targets": [address]}]}]
        told = [self.alertmanager.address] if self.alertmanager else []
        return {
            "global": {
                "scrape_interval": _span(self.scrape),
                "scrape_timeout": _span(min(self.scrape, 10)),
                "evaluation_interval": _span(self.evaluation),
            },
            "rule_files": [str(path) for path in self.rules],
            "scrape_configs": [*(itself if self.itself else []), *self.jobs],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": told}]}]},
        }


def _span(seconds: float) -> str:
    return f"{round(1000 * seconds)}ms"


class Prometheus(Service):
    """A running Prometheus, asked by its HTTP API."""

    def query(self, expression: str, at: float | None = None) -> list[tuple[dict[str, str], float]]:
        """Evaluate an expression now, or `at` a time in seconds since 1970; gives labels and values."""
        moment = {} if at is None else {"time": str(at)}
        found = self.document("/api/v1/query", query=expression, **moment)["data"]["result"]
        return [(one["metric"], float(one["value"][1])) for one in found]

    def asked(self, path: str, **query: str) -> dict[str, Any]:
        """Give the API's whole answer, an error's too: `status`, `data`, `warnings`, `infos`, `error`."""
        found: dict[str, Any] = json.loads(self.answer(path, **query))
        return found

    def rules(self) -> list[dict[str, Any]]:
        """Give the rules of all groups, each with its group's `interval` in seconds, and how it went."""
        groups = self.document("/api/v1/rules")["data"]["groups"]
        return [{**rule, "interval": group["interval"]} for group in groups for rule in group["rules"]]

    def alerts(self) -> list[dict[str, Any]]:
        """Give the alerts that are pending or firing now."""
        found: list[dict[str, Any]] = self.document("/api/v1/alerts")["data"]["alerts"]
        return found

    def failures(self) -> dict[str, int]:
        """Count the failed evaluations of each rule group that had any."""
        samples = samples_in(self.get("/metrics").decode())
        return {
            dict(labels)["rule_group"].rpartition(";")[2]: int(value)
            for (name, labels), value in samples.items()
            if name == "prometheus_rule_evaluation_failures_total" and value
        }


@contextlib.contextmanager
def prometheus(
    inside: Network, told: Scraping, release: Release = INSTALLED, data: Path | None = None
) -> Iterator[Prometheus]:
    """Run a Prometheus in a network; its storage goes with the block, unless it is `data`.

    Raises ServerMissing.
    """
    program, address = release.program("prometheus"), f"127.0.0.1:{inside.run(free_port)}"
    running = Prometheus(inside, address)
    with tempfile.TemporaryDirectory(prefix="conndrop-prometheus-") as directory:
        file = Path(directory, "prometheus.yml")
        file.write_text(json.dumps(told.document(address)))  # which is YAML, too
        words = [
            program,
            f"--config.file={file}",
            f"--storage.tsdb.path={data or Path(directory, 'data')}",
            f"--storage.tsdb.retention.time={FOREVER}",
            f"--web.listen-address={address}",
        ]
        with serving(running, inside, words, "/-/ready"):
            yield running


@contextlib.contextmanager
def prometheus_here(told: Scraping, release: Release = INSTALLED) -> Iterator[Prometheus]:
    """Run a Prometheus beside the test, which is skipped where there is none, but not in CI."""
    try:
        with prometheus(HERE, told, release) as running:
            yield running
    except ServerMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))
