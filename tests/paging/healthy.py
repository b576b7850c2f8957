"""A lab in which all is well and much goes on, under the eyes of a whole monitoring."""

import contextlib
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.faults.names import ETC, HOST
from tests.lab.exporter import Exporter, exporter
from tests.lab.site import Site
from tests.paging.load import Load
from tests.paging.peers import Job, peers
from tests.paging.receivers import Receiver, receiver
from tests.servers import Certificates, MariaDb, MySql, Postgres
from tests.servers.alertmanager import alertmanager
from tests.servers.dnsmasq import Dnsmasq
from tests.servers.prometheus import JOB, Prometheus, Scraping, prometheus
from tests.servers.releases import Release

ALERTS: Final = Path(__file__).parents[2] / "alerts"
WATCHDOG: Final = "Watchdog"
"""An alert of the test's own that always fires: what comes of it is what would come of others."""
ALWAYS: Final = {"groups": [{"name": "watchdog", "rules": [{"alert": WATCHDOG, "expr": "vector(1)"}]}]}
DEFAULTS: Final[Mapping[str, Any]] = {"server": {"compatible_names": True}, "pool": {}}
"""All probes there are, as often as they are by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often things are looked at: seconds between scrapes and evaluations, settings of the probes."""

    scrape: int = 15
    evaluation: int = 15
    probes: Mapping[str, Any] = field(default_factory=lambda: DEFAULTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """What runs there."""

    exporter: Exporter
    prometheus: Prometheus
    receiver: Receiver
    load: Load


def rules() -> list[Path]:
    """Give every rule file that is shipped."""
    return [*sorted(ALERTS.glob("conndrop-*.yml")), *sorted(ALERTS.glob("compat/*.yml"))]


@contextlib.contextmanager
def healthy(certificates: Certificates, pace: Pace, release: Release) -> Iterator[Lab]:
    """Have it all; raises ServerMissing. Nothing is left behind."""
    with contextlib.ExitStack() as stack:
        site = stack.enter_context(Site(certificates, Postgres, MariaDb, MySql, winding=True))
        etc = stack.enter_context(_named(site))
        jobs = stack.enter_context(peers(site))
        load = stack.enter_context(Load(site))
        running = stack.enter_context(exporter(site.client, _targets(site, pace), etc=etc))
        receiving = stack.enter_context(receiver(site.client))
        watching = stack.enter_context(_watching(site, pace, release, [*jobs, _ours(running)], receiving))
        yield Lab(exporter=running, prometheus=watching, receiver=receiving, load=load)
        load.end()


@contextlib.contextmanager
def _named(site: Site) -> Iterator[Path]:
    """Have a name server that knows the server; gives the files of /etc with which it is asked."""
    etc = Path(tempfile.mkdtemp(prefix="etc-", dir=site.directory))
    for name, text in ETC.items():
        (etc / name).write_text(text)
    with site.client.entered(), Dnsmasq(hosts={HOST: [site.host, site.host_six]}):
        yield etc


def _targets(site: Site, pace: Pace) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "url": site.url(name, database.encrypted).replace(site.host, HOST),
            "probes": dict(pace.probes),
        }
        for name, database in site.databases.items()
    ]


def _ours(running: Exporter) -> Job:
    return {"job_name": JOB, "static_configs": [{"targets": [running.address]}]}


@contextlib.contextmanager
def _watching(
    site: Site, pace: Pace, release: Release, jobs: Sequence[Job], receiving: Receiver
) -> Iterator[Prometheus]:
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="conndrop-paging-")))
        always, configuration = directory / "watchdog.yml", directory / "alertmanager.yml"
        always.write_text(json.dumps(ALWAYS))
        configuration.write_text(json.dumps(receiving.configuration()))
        told = Scraping(
            further=jobs,
            rules=[*rules(), always],
            alertmanager=stack.enter_context(alertmanager(site.client, configuration, release)),
            scrape=pace.scrape,
            evaluation=pace.evaluation,
        )
        yield stack.enter_context(prometheus(site.client, told, release))
