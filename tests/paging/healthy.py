"""A lab in which all is well and much goes on, under the eyes of a whole monitoring."""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.faults.names import ETC, HOST
from tests.lab.exporter import Exporter, exporter
from tests.lab.site import Site
from tests.paging.load import Load
from tests.paging.monitoring import Monitoring, Pace, monitoring, scraping
from tests.paging.peers import peers
from tests.servers import Certificates, MariaDb, MySql, Postgres
from tests.servers.dnsmasq import Dnsmasq
from tests.servers.releases import Release

EVERYTHING: Final[Mapping[str, Any]] = {"server": {"compatible_names": True}, "pool": {}}
"""Settings with which all probes there are run, as often as they do by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """What runs there, at which pace."""

    pace: Pace
    exporter: Exporter
    monitoring: Monitoring
    load: Load


@contextlib.contextmanager
def healthy(certificates: Certificates, pace: Pace, release: Release) -> Iterator[Lab]:
    """Have it all; raises ServerMissing. Nothing is left behind."""
    with contextlib.ExitStack() as stack:
        site = stack.enter_context(Site(certificates, Postgres, MariaDb, MySql, winding=True))
        etc = stack.enter_context(_named(site))
        jobs = stack.enter_context(peers(site))
        load = stack.enter_context(Load(site))
        running = stack.enter_context(exporter(site.client, _targets(site, pace), etc=etc))
        watching = stack.enter_context(monitoring(site.client, [*jobs, scraping(running)], pace, release))
        yield Lab(pace=pace, exporter=running, monitoring=watching, load=load)
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
            "probes": {**EVERYTHING, **pace.probes},
        }
        for name, database in site.databases.items()
    ]
