"""A fault, and the pages that come of it: from the packet that is lost to who is told."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final

from exporter.model import Cause
from tests.lab.exporter import Exporter, exporter
from tests.lab.site import Site
from tests.paging.monitoring import Monitoring, Pace, monitoring, scraping
from tests.servers import Certificates, Postgres
from tests.servers.releases import Release
from tests.waiting import wait_for

TARGET: Final = "postgresql"
WARM: Final = 120.0
LOOK: Final = 0.1
PAGED: Final = "/hook/databases-page"
ALERT: Final = "DatabaseConnectionsDropping"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is brought about for so many seconds, and what it has to be called."""

    cause: Cause
    bring: Callable[[Site], AbstractContextManager[object]]
    seconds: float


DROPOUT: Final = Fault(cause=Cause.NET_BLACKHOLE, bring=lambda site: site.firewall.black_hole(), seconds=5)
GOOD: Final = (
    f"conndrop_up{{target='{TARGET}'}} == 1",
    "conndrop_held_connections{probe='sentinel'} > 0",
    "conndrop_ping_rtt_seconds_count > 5",
    "conndrop_path_rounds_total > 0",
)
"""What there is once all probes that matter here have told something good."""
FAULTS: Final[Mapping[str, Fault]] = {
    "dropout": DROPOUT,
    "server stopped": Fault(cause=Cause.SERVER_DOWN, bring=lambda site: site.down(TARGET), seconds=20),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What came of a fault: seconds from its beginning to the page, from its end until that was over.

    None is for what did not come in time. `told` is whatever came, with when: status, alert and cause.
    """

    told: Sequence[tuple[float, str]]
    after: float | None
    over: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """A site with a PostgreSQL, our exporter at its client, and one monitoring or several that watch."""

    site: Site
    exporter: Exporter
    monitorings: Mapping[str, Monitoring]

    def pages(self, fault: Fault, longest: float) -> dict[str, Page]:
        """Bring a fault about, and wait until all have been told that it is over, or for so many seconds."""
        begun = time.time()
        with fault.bring(self.site):
            time.sleep(fault.seconds)
        healed = time.time()
        with contextlib.suppress(AssertionError):
            wait_for(lambda: self._over(fault, begun, healed), longest)
        return self._pages(fault, begun, healed)

    def _over(self, fault: Fault, begun: float, healed: float) -> bool:
        time.sleep(LOOK)
        return all(page.over is not None for page in self._pages(fault, begun, healed).values())

    def _pages(self, fault: Fault, begun: float, healed: float) -> dict[str, Page]:
        return {name: _page(one, fault, begun, healed) for name, one in self.monitorings.items()}


def _page(watching: Monitoring, fault: Fault, begun: float, healed: float) -> Page:
    since = [(at, alert) for at, alert in watching.receiver.alerts("/hook/") if at >= begun]
    theirs = watching.receiver.alerts(PAGED)
    pages = {
        status: [at for at, alert in theirs if at >= begun and _is(alert, fault, status)]
        for status in ("firing", "resolved")
    }
    return Page(
        told=[(at - begun, _said(alert)) for at, alert in since],
        after=pages["firing"][0] - begun if pages["firing"] else None,
        over=pages["resolved"][0] - healed if pages["resolved"] else None,
    )


def _is(alert: Mapping[str, Any], fault: Fault, status: str) -> bool:
    wanted = {"alertname": ALERT, "cause": fault.cause, "target": TARGET}
    return bool(alert["status"] == status and wanted.items() <= alert["labels"].items())


def _said(alert: Mapping[str, Any]) -> str:
    labels = alert["labels"]
    return f"{alert['status']} {labels['alertname']} {labels.get('cause', '')}".rstrip()


@contextlib.contextmanager
def office(certificates: Certificates, pace: Pace, releases: Sequence[Release]) -> Iterator[Office]:
    """Have it all, warm, with a monitoring of each release; raises ServerMissing."""
    with contextlib.ExitStack() as stack:
        site = stack.enter_context(Site(certificates, Postgres))
        target = {"name": TARGET, "url": site.url(TARGET), "probes": dict(pace.probes)}
        further = {"diagnosis": dict(pace.diagnosis)}
        running = stack.enter_context(exporter(site.client, [target], further=further))
        watching = {
            release.name: stack.enter_context(monitoring(site.client, [scraping(running)], pace, release))
            for release in releases
        }
        for one in watching.values():
            _warm_up(one, running)
        yield Office(site=site, exporter=running, monitorings=watching)


def _warm_up(watching: Monitoring, running: Exporter) -> None:
    """Wait until probes tell something good and rules have been evaluated; fail with what is missing."""
    deadline = time.monotonic() + WARM
    while missing := [*_missing(watching)]:
        assert time.monotonic() < deadline, (missing, running.log)
        time.sleep(LOOK)


def _missing(watching: Monitoring) -> Iterator[str]:
    yield from (query for query in GOOD if not watching.prometheus.query(query))
    for rule in watching.prometheus.rules():
        if rule["name"] == ALERT and rule["health"] != "ok":
            yield f"{rule['query']}: {rule['health']} {rule.get('lastError', '')}"
