"""P14: how late the exporter is with its own work while its pages are attacked, against when they are not."""

import contextlib
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from tests.bench import ours
from tests.bench.attacks import ATTACKS
from tests.bench.places import answering, hosts
from tests.bench.plan import Plan
from tests.bench.report import Goal, Row, ratio
from tests.bench.running import fetch, scraped, started
from tests.scraping import samples_in

DATABASES: Final = 5
SCRAPE_EVERY: Final = 1.0
QUIET: Final = "quiet"
LATENESS: Final = {
    "conndrop_measurement_error_seconds": "error of a round trip",
    "conndrop_heartbeat_lag_seconds": "lag of the heartbeat",
    "conndrop_probe_lag_seconds": "lag of probes",
    "conndrop_session_seconds": "length of a session",
}
"""What is late, by the histograms of which the means are compared."""
MOST: Final = 2.0

Means = Mapping[str, float]


def measure(plan: Plan) -> list[Row]:
    """Let each attack have its turn, and peace as well. All is scraped each second meanwhile."""
    with answering(), ours.databases(DATABASES) as urls:
        turns = {name: partial(_lateness, plan, urls, name) for name in (QUIET, *ATTACKS)}
        found = plan.turns(turns)
    rows = []
    for name, what in LATENESS.items():
        quiet = _middle(found[QUIET], name)
        for attack in ATTACKS:
            goal = Goal(number="P14", what=f"{what}, mean: {attack}", peer="ours in peace")
            rows.append(ratio(goal, theirs=quiet, ours=_middle(found[attack], name), most=MOST))
    return rows


def _middle(rounds: Sequence[Means], name: str) -> float | None:
    figures = sorted(means[name] for means in rounds if name in means)
    return figures[len(figures) // 2] if figures else None


def _lateness(plan: Plan, urls: Sequence[str], attack: str) -> Means:
    sessions = ours.only(session={"interval": "1s", "timeout": "1s"})
    text = ours.configuration(hosts(plan.targets), ours.only(ping={}), urls, sessions)
    with (
        ours.exporter(text, encrypted=attack == "handshakes") as exporter,
        scraped(exporter.url, SCRAPE_EVERY),
        contextlib.ExitStack() as stack,
    ):
        if attack != QUIET:
            parts = urlsplit(exporter.url)
            words = (attack, str(parts.hostname), str(parts.port))
            stack.enter_context(started(sys.executable, "-m", "tests.bench.attacks", *words))
        time.sleep(plan.warm_up)
        before = _sums(exporter.url)
        time.sleep(plan.seconds)
        after = _sums(exporter.url)
    return {
        name: (after[name][0] - before[name][0]) / (after[name][1] - before[name][1])
        for name in LATENESS
        if after[name][1] > before[name][1]
    }


def _sums(url: str) -> dict[str, tuple[float, float]]:
    """Give sum and count of each histogram, over all of its labels."""
    samples = samples_in(fetch(url).decode())

    def total(name: str) -> float:
        return sum(value for (found, _), value in samples.items() if found == name)

    return {name: (total(f"{name}_sum"), total(f"{name}_count")) for name in LATENESS}
