"""Real Prometheus servers with the scrape configurations that people have, only the port changed."""

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import pytest
import yaml

from tests.blackbox.pages import pages
from tests.lab.exporter import HERE, Exporter, exporter, only
from tests.servers import Postgres
from tests.servers.database import PASSWORD, USER, free_port
from tests.servers.prometheus import Prometheus, Scraping, prometheus_here
from tests.servers.releases import RELEASES, Release
from tests.servers.service import Service
from tests.waiting import wait_for

DOCUMENTED = """
  - job_name: 'blackbox'
    metrics_path: /probe
    params:
      module: [http_2xx]  # Look for a HTTP 200 response.
    static_configs:
      - targets:
        - http://prometheus.io    # Target to probe with http.
        - https://prometheus.io   # Target to probe with https.
        - http://example.com:8080 # Target to probe with http on port 8080.
    relabel_configs:
      - source_labels: [__address__]
        target_label: __param_target
      - source_labels: [__param_target]
        target_label: instance
      - target_label: __address__
        replacement: 127.0.0.1:9115  # The blackbox exporter's real hostname:port.
"""
"""From the README of blackbox_exporter, "Prometheus Configuration"."""
OF_SERVERS = """
  - job_name: mysql # To probe multiple servers, as in the README of mysqld_exporter
    metrics_path: /probe
    params:
      auth_module: [client.servers]
    static_configs:
      - targets:
        - server1:3306
        - unix:///run/mysqld/mysqld.sock
    relabel_configs:
      - source_labels: [__address__]
        target_label: __param_target
      - source_labels: [__param_target]
        target_label: instance
      - target_label: __address__
        replacement: localhost:9104
"""
"""From the README of mysqld_exporter, "Multi-target support"."""


@pytest.fixture(params=RELEASES)
def release(request: pytest.FixtureRequest) -> Release:
    return RELEASES[request.param]


def job(document: str, address: str, *targets: str) -> dict[str, Any]:
    """Give a job with our port in place of theirs, and targets that there are here."""
    (found,) = yaml.safe_load(document)
    found["static_configs"][0]["targets"] = list(targets)
    found["relabel_configs"][-1]["replacement"] = address
    assert isinstance(found, dict)
    return found


def scraping(release: Release, *jobs: dict[str, Any]) -> AbstractContextManager[Prometheus]:
    return prometheus_here(Scraping(jobs=jobs, scrape=1, itself=False), release)


def by_instance(running: Prometheus, name: str) -> dict[str, float]:
    return {labels["instance"]: value for labels, value in running.query(name)}


class Seen(NamedTuple):
    """What a Prometheus knows of looks, by instance for the most part."""

    up: Mapping[str, float]
    success: Mapping[str, float]
    status: Mapping[str, float]
    timeout: Mapping[str, float]
    phases: set[str]
    causes: Mapping[str, tuple[str, str]]


def seen(running: Prometheus) -> Seen:
    """Ask for all of it at once: each scrape may be one that a busy machine was too late for."""
    return Seen(
        up=by_instance(running, "up"),
        success=by_instance(running, "probe_success"),
        status=by_instance(running, "probe_http_status_code"),
        timeout=by_instance(running, "probe_timeout_seconds"),
        phases={labels["phase"] for labels, _ in running.query("probe_session_duration_seconds")},
        causes={
            labels["instance"]: (labels["phase"], labels["cause"])
            for labels, _ in running.query("probe_failure_info")
        },
    )


@pytest.fixture(scope="module")
def probing(postgres: Postgres) -> Iterator[Exporter]:
    """Run an exporter that may look at one address, and knows a password for the database there."""
    os.environ["CONNDROP_PROBED"] = PASSWORD
    auth = {"user": USER, "password": {"env": "CONNDROP_PROBED"}}
    login = {"dialect": "postgresql", "database": "shop", "auth": auth, "parameters": postgres.encrypted}
    further = {
        "probe": {"allow": ["127.0.0.1"]},
        "modules": {"client.servers": {"prober": "session", "session": login}},
    }
    targets = [{"name": "a", "url": "mysql://u@127.0.0.1:1/d", "probes": only(tcp={})}]
    with exporter(HERE, targets, further=further) as running:
        yield running
    del os.environ["CONNDROP_PROBED"]


def test_the_documented_configurations(release: Release, postgres: Postgres, probing: Exporter) -> None:
    """That of blackbox_exporter for pages, and that of mysqld_exporter with credentials kept here."""
    with pages() as port:
        good, bad = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port}/500"
        gone, forbidden = f"http://127.0.0.1:{free_port()}", "http://192.0.2.1:80"
        server = f"127.0.0.1:{postgres.port}"
        jobs = (
            job(DOCUMENTED, probing.address, good, bad, gone, forbidden),
            job(OF_SERVERS, probing.address, server),
        )
        with scraping(release, *jobs) as running:
            success = {good: 1, bad: 0, gone: 0, server: 1}
            expected = Seen(
                up={**dict.fromkeys(success, 1), forbidden: 0},
                success=success,
                status={good: 200, bad: 500, gone: 0},
                timeout=dict.fromkeys(success, 0.5),
                phases={"dns", "tcp", "tls", "auth", "query", "close"},
                causes={bad: ("processing", "unknown"), gone: ("connect", "server.down")},
            )
            wait_for(lambda: seen(running) == expected, 60)
    assert PASSWORD not in "".join(str(line) for line in probing.log)


def test_an_unknown_module_is_counted_where_it_is_scraped(probing: Exporter) -> None:
    assert Service(HERE, probing.address).answer("/probe", target="a", module="x").startswith(b"Unknown")
    assert probing.value("conndrop_probe_module_unknown_total") == 1
