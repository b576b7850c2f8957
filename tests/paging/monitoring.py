"""A Prometheus with every rule that is shipped, an Alertmanager as it is shipped, and those whom it tells."""

import contextlib
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from tests.lab.exporter import Exporter, Network
from tests.paging.mail import Mailbox, mailbox
from tests.paging.receivers import Receiver, receiver
from tests.paging.shipped import addressed
from tests.servers.alertmanager import alertmanager
from tests.servers.prometheus import Prometheus, Scraping, prometheus
from tests.servers.releases import Release

ALERTS: Final = Path(__file__).parents[2] / "alerts"
JOB: Final = "conndrop"
"""The job under which our own exporter is scraped, as the README has it."""
WATCHDOG: Final = "Watchdog"
"""An alert of the test's own that always fires: what comes of it is what would come of others."""
ALWAYS: Final = {"groups": [{"name": "watchdog", "rules": [{"alert": WATCHDOG, "expr": "vector(1)"}]}]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast it all goes; by default as it is by default.

    Seconds between scrapes and between evaluations, times of Alertmanager's routes, settings of probes and
    of the diagnosis. If `hurried`, groups of rules with an interval of their own have none.
    """

    scrape: int = 15
    evaluation: int = 15
    timing: Mapping[str, str] = field(default_factory=dict)
    probes: Mapping[str, Any] = field(default_factory=dict)
    diagnosis: Mapping[str, str] = field(default_factory=dict)
    hurried: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitoring:
    """What runs."""

    prometheus: Prometheus
    receiver: Receiver
    mailbox: Mailbox


def rules() -> list[Path]:
    """Give every rule file that is shipped."""
    return [*sorted(ALERTS.glob("conndrop-*.yml")), *sorted(ALERTS.glob("compat/*.yml"))]


def hurried(place: Path) -> list[Path]:
    """Copy the rule files without the intervals of single groups; gives the copies."""
    copies = []
    for path in rules():
        document = yaml.safe_load(path.read_text())
        for group in document["groups"]:
            group.pop("interval", None)
        copies.append(place / f"{path.parent.name}-{path.name}")
        copies[-1].write_text(json.dumps(document))  # which is YAML, too
    return copies


def scraping(running: Exporter) -> Mapping[str, Any]:
    """Give the job that scrapes an exporter of ours."""
    return {"job_name": JOB, "static_configs": [{"targets": [running.address]}]}


@contextlib.contextmanager
def monitoring(
    inside: Network, jobs: Sequence[Mapping[str, Any]], pace: Pace, release: Release
) -> Iterator[Monitoring]:
    """Run it all in a network until the block ends; raises ServerMissing."""
    with contextlib.ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="conndrop-paging-")))
        always = place / "watchdog.yml"
        always.write_text(json.dumps(ALWAYS))
        receiving = stack.enter_context(receiver(inside))
        letters = stack.enter_context(mailbox(inside))
        configuration = addressed(place, receiving, letters, timing=pace.timing)
        told = Scraping(
            jobs=jobs,
            rules=[*(hurried(place) if pace.hurried else rules()), always],
            alertmanager=stack.enter_context(alertmanager(inside, configuration, release)),
            scrape=pace.scrape,
            evaluation=pace.evaluation,
        )
        watching = stack.enter_context(prometheus(inside, told, release))
        yield Monitoring(prometheus=watching, receiver=receiving, mailbox=letters)
