"""Where the story takes place: a shop and its databases, two exporters, and both releases that scrape."""

import contextlib
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.dashboards.pace import Pace
from tests.dashboards.shop import Login, Shop
from tests.faults.names import ETC, HOST
from tests.faults.scenario import Place
from tests.lab.exporter import Exporter, exporter
from tests.lab.firewall import Firewall
from tests.lab.fronts import PgBouncer
from tests.lab.namespace import SEARCHED
from tests.lab.routers import Node, address, subnet
from tests.lab.site import PORTS, Site
from tests.servers import Certificates, MariaDb, MySql, Postgres, ServerMissing
from tests.servers.dnsmasq import Dnsmasq
from tests.servers.prometheus import Prometheus, Scraping, prometheus
from tests.servers.releases import RELEASES
from tests.servers.service import Service, serving

KINDS: Final = {"orders": "postgresql", "stock": "mariadb", "billing": "mysql"}
"""The databases by the names that the shop has for them."""
DRIVERS: Final = {
    "postgresql": "postgresql+psycopg2",
    "mariadb": "mysql+pymysql",
    "mysql": "mysql+pymysql",
}
POOLER: Final = "pooler"
"""The PgBouncer before `orders`: its console is looked at, and the shop goes through it, too."""
POOLING: Final = ("server_login_retry=1",)
"""A server that has refused it is asked again soon."""
TTL: Final = 5
LABELS: Final = {"team": "shop"}
BUDGET: Final = 16
NETWORKS: Final = {
    "office": [subnet(0, 4), subnet(1, 4)],
    "carrier": [subnet(2, 4), subnet(101, 4), subnet(102, 4)],
    "databases": [subnet(3, 4)],
}
BASTION: Final = address(3, 1, 4)
"""The last router: it reaches the databases, and past neither the firewall nor what befalls the way to it."""
NODE: Final = "prometheus-node-exporter"
RULES: Final = tuple(
    Path(__file__).parents[2] / "alerts" / f"conndrop-{name}.yml" for name in ("incidents", "vantages")
)
"""What says whose trouble it is; not in a short story, which is over before that has settled."""
Job = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What there is. `names` is the name server that the client asks; `exporters` are by their vantage."""

    site: Site
    pace: Pace
    names: Dnsmasq
    shops: tuple[Shop, ...]
    exporters: Mapping[str, Exporter]
    watching: Mapping[str, Prometheus]

    @property
    def carrier(self) -> Firewall:
        """The second router, on the client's way only."""
        return Firewall(self.site.row.routers[1])

    def place(self, name: str) -> Place:
        """Give a database as the fault bench's mishaps take it."""
        return Place(site=self.site, name=KINDS[name], stack=contextlib.ExitStack())

    def incidents(self) -> tuple[Mapping[str, Any], ...]:
        """Give what each exporter tells of incidents, oldest first, and every name that one has had."""
        told = [
            {"vantage": vantage, "names": _names(running, one["id"]), **one}
            for vantage, running in self.exporters.items()
            for one in running.incidents()
        ]
        return tuple(sorted(told, key=lambda one: str(one["started"])))


def _names(running: Exporter, identity: str) -> list[str]:
    return [
        line["cause"] for line in running.log if line["msg"] == "incident named" and line["id"] == identity
    ]


@contextlib.contextmanager
def scene(certificates: Certificates, pace: Pace, directory: Path) -> Iterator[Scene]:
    """Have it all; what each release scrapes is kept in the directory. Raises ServerMissing."""
    with contextlib.ExitStack() as stack:
        site = stack.enter_context(Site(certificates, Postgres, MariaDb, MySql, winding=True))
        orders = site.databases["postgresql"]
        pooler = stack.enter_context(PgBouncer(site, orders, pooling="transaction", settings=POOLING))
        far = site.row.routers[2]
        names, _ = (stack.enter_context(_name_server(node, site)) for node in (site.client, far))
        shops = tuple(stack.enter_context(Shop(site, _logins(site, pooler), pace.rest)) for _ in range(2))
        etc, targets = _etc(site), _targets(site, pooler, pace)
        exporters = {
            vantage: stack.enter_context(
                exporter(node, targets, etc=etc, further=_further(vantage, pace), listen=f"{host}:0")
            )
            for vantage, node, host in (("app-1", site.client, "127.0.0.1"), ("bastion", far, BASTION))
        }
        jobs = [_ours(exporters), _shop(shops), stack.enter_context(_node_exporter(site))]
        rules = () if pace.short else RULES
        told = Scraping(jobs=jobs, rules=rules, scrape=pace.scrape, evaluation=pace.scrape)
        watching = {
            name: stack.enter_context(prometheus(site.client, told, release, directory / name))
            for name, release in RELEASES.items()
        }
        yield Scene(site=site, pace=pace, names=names, shops=shops, exporters=exporters, watching=watching)


@contextlib.contextmanager
def _name_server(node: Node, site: Site) -> Iterator[Dnsmasq]:
    """Have a name server on a node's loopback that knows the databases' host."""
    server = Dnsmasq(hosts={HOST: [site.host]}, ttl=TTL)
    node.run(server.__enter__)
    try:
        yield server
    finally:
        server.__exit__(None, None, None)


def _etc(site: Site) -> Path:
    """Give the files of /etc with which that name server is asked."""
    etc = Path(tempfile.mkdtemp(prefix="etc-", dir=site.directory))
    for name, text in ETC.items():
        (etc / name).write_text(text)
    return etc


def _logins(site: Site, pooler: PgBouncer) -> list[Login]:
    """Tell the shop where its databases are."""
    straight = [
        Login(name=name, driver=DRIVERS[kind], host=site.host, port=PORTS[kind])
        for name, kind in KINDS.items()
    ]
    return [
        *straight,
        Login(name=POOLER, driver=DRIVERS["postgresql"], host=pooler.host, port=pooler.port),
    ]


def _targets(site: Site, pooler: PgBouncer, pace: Pace) -> list[dict[str, Any]]:
    fixed = {"labels": LABELS, "connection_budget": BUDGET}
    straight = [
        {
            "name": name,
            "url": site.url(kind, site.databases[kind].encrypted).replace(site.host, HOST),
            "probes": pace.probes,
        }
        for name, kind in KINDS.items()
    ]
    orders = site.databases["postgresql"]
    console = orders.url(orders.plain, host=pooler.host, port=pooler.port, database="pgbouncer")
    probes = {**pace.probes, "idle": False, "pool": False}
    return [{**one, **fixed} for one in (*straight, {"name": POOLER, "url": console, "probes": probes})]


def _further(vantage: str, pace: Pace) -> dict[str, Any]:
    return {
        "vantage": vantage,
        "networks": NETWORKS,
        "diagnosis": {"quiet": f"{pace.quiet}s"},
        "target_files": ["more/*.yml"],  # where there are none: dashboards have a source to show
    }


def _ours(exporters: Mapping[str, Exporter]) -> Job:
    """Give the job that scrapes both exporters, as the README has it."""
    places = [
        {"targets": [running.address], "labels": {"instance": f"{vantage}:10054"}}
        for vantage, running in exporters.items()
    ]
    return {"job_name": "conndrop", "static_configs": places}


def _shop(shops: tuple[Shop, ...]) -> Job:
    places = [
        {"targets": [shop.address], "labels": {"instance": f"app-1:800{number}"}}
        for number, shop in enumerate(shops, 1)
    ]
    return {"job_name": "shop", "static_configs": places}


@contextlib.contextmanager
def _node_exporter(site: Site) -> Iterator[Job]:
    """Look at the databases' host; it is called as the exporters call it."""
    program = shutil.which(NODE, path=SEARCHED)
    if program is None:
        raise ServerMissing(f"no {NODE} found: install the package of that name")
    where = f"{site.host}:9100"
    words = [program, f"--web.listen-address={where}", "--log.level=error"]
    with serving(Service(site.server, where), site.server, words, "/metrics", ends_with=-signal.SIGTERM):
        yield {
            "job_name": "node",
            "static_configs": [{"targets": [where], "labels": {"instance": f"{HOST}:9100"}}],
        }
