"""Two hosts behind routers of their own, two databases, an exporter on each host, and one Prometheus.

a - r1 - r2 - r3 - server
b - rb ------/

`monitor`, from where Prometheus scrapes, is joined to both hosts by links that no fault concerns.
"""

import contextlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from exporter.alerts import BOOK, Thresholds, printed
from tests.lab.exporter import Exporter, exporter, only
from tests.lab.firewall import Firewall
from tests.lab.routers import HOST, ROUTER, Node, address, join, subnet
from tests.lab.site import Site
from tests.servers import Certificates, MariaDb, Postgres
from tests.servers.prometheus import Prometheus, Scraping, prometheus
from tests.waiting import wait_for

BETWEEN, NEAR, TO_A, TO_B = 50, 51, 60, 61
"""The links between r3 and rb, between rb and b, and from the monitor to both hosts."""
TARGETS: Final = {"orders": "postgresql", "stock": "mariadb"}
SESSION: Final = {"interval": "1s", "timeout": "500ms"}
TCP: Final = {"interval": "1s", "timeout": "500ms"}
PING: Final = {"interval": "500ms", "timeout": "500ms"}
SETTLED: Final = 2.0
"""Seconds after which exporters are compared."""
WARM: Final = 60.0
"""Seconds within which both exporters see all well."""
Verdicts = Mapping[tuple[str, str], str]
"""From vantage and target to the verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What there is; `behind` is the router of each vantage, `middle` the one that both go through."""

    site: Site
    behind: Mapping[str, Firewall]
    middle: Firewall
    watching: Prometheus

    def verdicts(self) -> Verdicts:
        """Ask what the rules make of it now."""
        found = self.watching.query("vantage:conndrop_trouble:verdict")
        return {(labels["vantage"], labels["target"]): labels["verdict"] for labels, _ in found}

    def seen(self) -> set[str]:
        """List what firing alerts on it say of where it is seen."""
        return {
            alert["annotations"]["seen"]
            for alert in self.watching.alerts()
            if alert["labels"]["kind"] == "verdict" and alert["state"] == "firing"
        }


@contextlib.contextmanager
def scene(certificates: Certificates, place: Path) -> Iterator[Scene]:
    """Have it all; the rules are those shipped, but for the time that they wait. Raises ServerMissing."""
    with contextlib.ExitStack() as stack:
        site = stack.enter_context(Site(certificates, Postgres, MariaDb, winding=True))
        rb, b, monitor = (
            stack.enter_context(Node(name, settings | HOST))
            for name, settings in (("rb", ROUTER), ("b", {}), ("monitor", {}))
        )
        _branch(site, rb, b)
        running = [_watching(site, monitor, *one) for one in (("a", site.client, TO_A), ("b", b, TO_B))]
        # Each takes seconds.
        with ThreadPoolExecutor() as pool:
            exporters = list(pool.map(stack.enter_context, running))
        wait_for(lambda: all(_sees_all_well(one) for one in exporters), WARM)
        addresses = [one.address for one in exporters]
        job = {"job_name": "conndrop", "static_configs": [{"targets": addresses}]}
        told = Scraping(jobs=[job], rules=_rules(place), scrape=0.5, evaluation=0.5)
        yield Scene(
            site=site,
            behind={"a": site.firewall, "b": Firewall(rb)},
            middle=Firewall(site.row.routers[2]),
            watching=stack.enter_context(prometheus(monitor, told)),
        )


def _sees_all_well(running: Exporter) -> bool:
    """Whether its beginning is over: what the rules made of that would be remembered for minutes."""
    up = [value for _, value in running.every("conndrop_up")]
    return up == [1.0] * len(TARGETS) and all(one["ended"] for one in running.incidents())


def _branch(site: Site, rb: Node, b: Node) -> None:
    """Lay the way from b to the third router, and lead back what the server answers."""
    third = site.row.routers[2]
    join(third, rb, BETWEEN)
    join(rb, b, NEAR)
    b.ip(f"route add default via {address(NEAR, 1, 4)}")
    rb.ip(f"route add default via {address(BETWEEN, 1, 4)}")
    third.ip(f"route add {subnet(NEAR, 4)} via {address(BETWEEN, 2, 4)}")
    site.server.ip(f"route add {subnet(NEAR, 4)} via {address(3, 1, 4)}")


def _watching(
    site: Site, monitor: Node, vantage: str, node: Node, link: int
) -> AbstractContextManager[Exporter]:
    """Give the exporter of a vantage, which listens where the monitor reaches it."""
    join(monitor, node, link)
    further = {"vantage": vantage, "diagnosis": {"quiet": "2s"}}
    return exporter(node, _targets(site), further=further, listen=f"{address(link, 2, 4)}:0")


def _targets(site: Site) -> list[dict[str, object]]:
    probes = only(session=SESSION, tcp=TCP, ping=PING)
    return [{"name": name, "url": site.url(kind), "probes": probes} for name, kind in TARGETS.items()]


def _rules(place: Path) -> list[Path]:
    """Write the rules that this takes."""
    hurried = Thresholds.model_validate({"vantages_settled": f"{SETTLED:g}s"})
    names = ("conndrop-incidents.yml", "conndrop-vantages.yml")
    for name, text in printed({name: BOOK[name] for name in names}, hurried).items():
        (place / name).write_text(text)
    return [place / name for name in names]
