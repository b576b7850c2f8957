"""What the screenshots show: databases of a shop in the lab, first well, then in trouble that is real."""

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.dashboards.scene import BUDGET, LABELS, NETWORKS
from tests.faults.names import ETC
from tests.lab.exporter import Exporter, exporter
from tests.lab.firewall import Firewall
from tests.lab.site import PORTS, Site
from tests.servers import Certificates, MariaDb, MySql, Postgres
from tests.servers.database import PASSWORD, USER
from tests.servers.dnsmasq import Dnsmasq

KINDS: Final = {
    "orders": "postgresql",
    "stock": "mariadb",
    "billing": "mysql",
    "reports": "mariadb",
    "customers": "mariadb",
    "archive": "mariadb",
}
"""The databases by the names that the shop has for them."""
LOST: Final = 8
"""Of a hundred packets of `stock`, on its way over IPv6."""
FORGETS: Final = 10
"""Seconds of silence after which connections of `orders` are forgotten."""
PROBES: Final[dict[str, Any]] = {
    "path": {"interval": "5s"},
    "dns": {"interval": "10s", "timeout": "2s"},
    "tcp": {"interval": "2s", "timeout": "2s"},
    "session": {"interval": "5s", "timeout": "3s"},
    "sentinel": {"heartbeat": "2s"},
    "idle": {"ladder": ["2s", "5s", "20s", "40s"], "keepalive": "3s", "connections": 6},
    "server": {"interval": "5s"},
    "pool": {"interval": "5s", "timeout": "5s", "pool_recycle": "1m"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The lab, and the exporter on its client."""

    site: Site
    exporter: Exporter

    @contextlib.contextmanager
    def trouble(self) -> Iterator[None]:
        """Forget the silent connections of one database, and lose packets of another."""
        six = self.site.host_six
        share = f"numgen random mod 100 < {LOST} drop"
        carrier = Firewall(self.site.row.routers[1])
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.site.firewall.idle(PORTS["postgresql"], FORGETS))
            stack.enter_context(carrier.filtering(f"ip6 saddr {six} {share}", f"ip6 daddr {six} {share}"))
            yield

    def change_password(self) -> None:
        """Let the account of `reports` have another password than the exporter knows."""
        self.site.databases["mariadb"].admin("ALTER USER reports IDENTIFIED BY 'another'")

    def end_sessions(self) -> None:
        """End all sessions of `billing`, as an administrator does."""
        database = self.site.databases["mysql"]
        for number in database.numbers():
            database.kill(number)


@contextlib.contextmanager
def stage(certificates: Certificates) -> Iterator[Stage]:
    """Build it, all well; raises ServerMissing."""
    with contextlib.ExitStack() as stack:
        site = stack.enter_context(Site(certificates, Postgres, MariaDb, MySql, winding=True))
        hosts = {f"{name}.test": [site.host] for name in KINDS} | {"stock.test": [site.host_six]}
        names = Dnsmasq(hosts=hosts, ttl=60)
        site.client.run(names.__enter__)
        stack.callback(names.__exit__, None, None, None)
        etc = Path(tempfile.mkdtemp(prefix="etc-", dir=site.directory))
        for name, text in ETC.items():
            (etc / name).write_text(text)
        for sql in ("CREATE USER reports IDENTIFIED BY 'known'", "GRANT SELECT ON shop.* TO reports"):
            site.databases["mariadb"].admin(sql)
        further = {"vantage": "app-1", "networks": NETWORKS}
        running = exporter(site.client, list(_targets(site)), etc=etc, further=further)
        yield Stage(site=site, exporter=stack.enter_context(running))


def _targets(site: Site) -> Iterator[dict[str, Any]]:
    for name, kind in KINDS.items():
        database = site.databases[kind]
        user, password = ("reports", "known") if name == "reports" else (USER, PASSWORD)
        url = database.url(database.encrypted, host=f"{name}.test", user=user, password=password)
        yield {"name": name, "url": url, "probes": PROBES, "labels": LABELS, "connection_budget": BUDGET}
