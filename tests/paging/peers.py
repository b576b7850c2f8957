"""Exporters of others beside ours, so that rules on their metrics have something to judge."""

import contextlib
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from tests.lab.namespace import SEARCHED
from tests.lab.site import PORTS, Site
from tests.servers.database import PASSWORD, USER, ServerMissing, free_port
from tests.servers.service import Service, serving

PACKAGES: Final = {
    "postgresql": "prometheus-postgres-exporter",
    "mariadb": "prometheus-mysqld-exporter",
    "mysql": "prometheus-mysqld-exporter",
}
BLACKBOX: Final = "prometheus-blackbox-exporter"
SMOKEPING: Final = "prometheus-smokeping-prober"
NODE: Final = "prometheus-node-exporter"
MODULES: Final = {"modules": {"tcp_connect": {"prober": "tcp", "timeout": "5s"}}}
Job = Mapping[str, Any]


@contextlib.contextmanager
def peers(site: Site) -> Iterator[list[Job]]:
    """Run them on a site's client; gives the jobs that scrape them. Raises ServerMissing."""
    with contextlib.ExitStack() as stack:
        looking = [stack.enter_context(_database_exporter(site, name)) for name in site.databases]
        others = (_blackbox_exporter(site), _smokeping_prober(site), _node_exporter(site))
        yield [*looking, *map(stack.enter_context, others)]


@contextlib.contextmanager
def _database_exporter(site: Site, name: str) -> Iterator[Job]:
    """Look at a database as the package's defaults do, with the probing account."""
    url = site.url(name, {"sslmode": "disable"})
    source = url if name == "postgresql" else f"{USER}:{PASSWORD}@({site.host}:{PORTS[name]})/"
    with _running(site, PACKAGES[name], source=source) as address:
        yield _job(f"{name}-exporter", address)


@contextlib.contextmanager
def _blackbox_exporter(site: Site) -> Iterator[Job]:
    """Have connects to all databases tried."""
    with tempfile.TemporaryDirectory(prefix="conndrop-blackbox-") as directory:
        file = Path(directory, "blackbox.yml")
        file.write_text(json.dumps(MODULES))  # which is YAML, too
        with _running(site, BLACKBOX, f"--config.file={file}") as address:
            yield {
                "job_name": "blackbox",
                "metrics_path": "/probe",
                "params": {"module": ["tcp_connect"]},
                "static_configs": [{"targets": [f"{site.host}:{PORTS[name]}" for name in site.databases]}],
                "relabel_configs": [
                    {"source_labels": ["__address__"], "target_label": "__param_target"},
                    {"source_labels": ["__param_target"], "target_label": "instance"},
                    {"target_label": "__address__", "replacement": address},
                ],
            }


@contextlib.contextmanager
def _smokeping_prober(site: Site) -> Iterator[Job]:
    """Have the server pinged once a second."""
    hosts = {"hosts": [site.host], "interval": "1s", "protocol": "icmp"}
    with tempfile.TemporaryDirectory(prefix="conndrop-smokeping-") as directory:
        file = Path(directory, "smokeping.yml")
        file.write_text(json.dumps({"targets": [hosts]}))  # which is YAML, too
        with _running(site, SMOKEPING, f"--config.file={file}") as address:
            yield _job("smokeping", address)


@contextlib.contextmanager
def _node_exporter(site: Site) -> Iterator[Job]:
    """Look at this machine."""
    with _running(site, NODE) as address:
        yield _job("node", address)


def _job(name: str, address: str) -> Job:
    return {"job_name": name, "static_configs": [{"targets": [address]}]}


@contextlib.contextmanager
def _running(site: Site, package: str, *options: str, source: str = "") -> Iterator[str]:
    """Run a program on the client until the block ends; gives its address."""
    program = shutil.which(package, path=SEARCHED)
    if program is None:
        raise ServerMissing(f"no {package} found: install the package of that name")
    address = f"127.0.0.1:{site.client.run(free_port)}"
    words = [program, *options, f"--web.listen-address={address}", "--log.level=error"]
    told = os.environ | {"DATA_SOURCE_NAME": source}
    status = 0 if package == BLACKBOX else -signal.SIGTERM  # the others just die
    service = Service(site.client, address)
    with serving(service, site.client, words, "/metrics", environment=told, ends_with=status):
        yield address
