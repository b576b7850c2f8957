"""P1: the processor time of an echo, with 1,000 targets each second."""

import time
from collections.abc import Sequence
from functools import partial

from tests.bench import ours, peers
from tests.bench.cpu import sent_packets, used_per
from tests.bench.places import answering, hosts
from tests.bench.plan import Plan
from tests.bench.report import Goal, Row, ratio
from tests.bench.running import scraped

SCRAPE_EVERY = 15.0
DATABASES = 5


def measure(plan: Plan) -> list[Row]:
    """Let smokeping_prober, fping and the exporter with all its other work take turns."""
    with answering(), ours.databases(DATABASES) as urls:
        contenders = {
            "smokeping_prober": partial(_smokeping, plan),
            "fping": partial(_fping, plan),
            "conndrop": partial(_conndrop, plan, urls),
        }
        figures = plan.medians(peers.present(contenders))
    what, cost = f"CPU per echo, {plan.targets:,} targets x 1/s", figures["conndrop"]
    return [
        ratio(Goal(number="P1", what=what, peer=peer), theirs=figures.get(peer), ours=cost, most=most)
        for peer, most in (("smokeping_prober", 0.1), ("fping", 0.5))
    ]


def _smokeping(plan: Plan) -> float:
    with peers.smokeping_prober(hosts(plan.targets)) as peer, scraped(peer.url, SCRAPE_EVERY):
        return _per_echo(plan, peer.pid)


def _fping(plan: Plan) -> float:
    with peers.fping(hosts(plan.targets)) as pid:
        return _per_echo(plan, pid)


def _conndrop(plan: Plan, urls: Sequence[str]) -> float:
    text = ours.configuration(hosts(plan.targets), ours.only(ping={}), urls)
    with ours.exporter(text) as exporter, scraped(exporter.url, SCRAPE_EVERY):
        return _per_echo(plan, exporter.pid)


def _per_echo(plan: Plan, pid: int) -> float:
    time.sleep(plan.warm_up)
    return used_per([pid], sent_packets, plan.seconds)
