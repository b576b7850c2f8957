"""P8 and P9: a scrape and the memory of a thousand databases, with every network probe and sessions."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from tests.bench import crowd, ours, peers
from tests.bench.connects import asked
from tests.bench.cpu import cpu_seconds, tree
from tests.bench.plan import Plan
from tests.bench.report import NOTHING, Goal, Row, limit, ratio
from tests.bench.running import fetch, scraped
from tests.scraping import samples_in
from tests.waiting import wait_for

SCRAPE_EVERY: Final = 15.0
BETWEEN: Final = 0.3
"""Seconds from one scrape to the next, so that each is written anew."""
MOST_SCRAPES: Final = 100
"""Scrapes after which what has cost nothing beside the rest is said to cost nothing."""
COSTLY: Final = ("mtu", "dns", "tls", "session")
ONCE: Final = {"interval": "1h"}
"""Settings of these, so that they run once and rest then, and a scrape is most of what costs anything."""
BEGUN_WITHIN: Final = 240.0
MINUTES: Final = float(os.environ.get("BENCH_MINUTES") or 0)
"""Minutes in which memory may grow; 0: as long as a measurement, or six times that where it is not quick."""
SIX_TIMES: Final = 6
LAG: Final = "conndrop_heartbeat_lag_seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one series of a scrape costs, and how late the meter woke up on average, in seconds.

    It did so `calm` without scrapes, and `busy` with one after the other.
    """

    series: float
    calm: float = 0.0
    busy: float = 0.0


def scrape(plan: Plan) -> list[Row]:
    """Let smokeping_prober and the exporter be scraped again and again."""
    what = f"CPU of a scrape per series, {plan.targets:,} targets"
    per_series = Goal(number="P8", what=what, peer="smokeping_prober")
    lateness = Goal(number="P8", what="lateness of the meter while scraped, mean", peer="ours in peace")
    with crowd.crowd():
        contenders: dict[str, Callable[[], Cost]] = {
            "smokeping_prober": partial(_smokeping, plan),
            "conndrop": partial(_conndrop, plan),
        }
        found = plan.turns(peers.present(contenders))
    middle = {
        name: sorted(costs, key=lambda cost: cost.series)[len(costs) // 2] for name, costs in found.items()
    }
    theirs = middle["smokeping_prober"].series if "smokeping_prober" in middle else None
    mine = middle["conndrop"]
    return [
        ratio(per_series, theirs=theirs, ours=mine.series, most=0.5),
        ratio(lateness, theirs=mine.calm, ours=mine.busy, most=1.1),
    ]


def _smokeping(plan: Plan) -> Cost:
    with peers.smokeping_prober(_addresses(plan.targets)) as peer:
        time.sleep(plan.warm_up)
        return Cost(series=_per_series(peer.pid, peer.url, plan.seconds))


def _conndrop(plan: Plan) -> Cost:
    probes = ours.only(**dict.fromkeys(crowd.NETWORK, True)) | dict.fromkeys(COSTLY, ONCE)
    with ours.exporter(crowd.configuration(plan.targets, probes)) as exporter:
        _wait_until_begun(exporter.url)
        before = _late(exporter.url)
        time.sleep(plan.seconds)
        between = _late(exporter.url)
        cost = _per_series(exporter.pid, exporter.url, plan.seconds)
        after = _late(exporter.url)
        return Cost(series=cost, calm=_mean(before, between), busy=_mean(between, after))


def _per_series(pid: int, url: str, seconds: float) -> float:
    """Take off what is used without scrapes."""
    used = cpu_seconds([pid])
    time.sleep(seconds)
    idle = (cpu_seconds([pid]) - used) / seconds
    lines = fetch(url).splitlines()
    series, scrapes = sum(not line.startswith(b"#") for line in lines), 0
    used, begun = cpu_seconds([pid]), time.monotonic()
    cost = 0.0
    while time.monotonic() < begun + seconds or (cost <= 0 and scrapes < MOST_SCRAPES):
        time.sleep(BETWEEN)
        fetch(url, compressed=True)
        scrapes += 1
        cost = cpu_seconds([pid]) - used - idle * (time.monotonic() - begun)
    return max(0.0, cost) / scrapes / series


def _late(url: str) -> tuple[float, float]:
    samples = samples_in(fetch(f"{url}?collect[]=exporter").decode())
    meter = frozenset({("process", "meter")})
    return samples[f"{LAG}_sum", meter], samples[f"{LAG}_count", meter]


def _mean(before: tuple[float, float], after: tuple[float, float]) -> float:
    return (after[0] - before[0]) / max(1.0, after[1] - before[1])


def memory(plan: Plan) -> list[Row]:
    """Add up what the tools of the field take for the same work, one after the other; then let ours grow."""
    with crowd.crowd(), ours.databases(1) as urls:
        mine, growth = _ours(plan)
        theirs = sum(measure() for measure in peers.present(_peers(plan, urls)).values())
    work = f"memory, {plan.targets:,} targets, every network probe and sessions"
    total = Goal(number="P9", what=work, peer="smokeping_prober + blackbox_exporter + postgres_exporter")
    grown = Goal(number="P9", what="growth of it in an hour")
    written = "{:.0f} MB"
    return [
        limit(total, theirs=written.format(theirs), ours=mine, most=1.5 * theirs, written=written)
        if theirs
        else Row(goal=total, theirs=NOTHING, ours=written.format(mine), wanted="≤ 1.5 x"),
        limit(grown, ours=100 * growth, most=1, written="{:.1f} %"),
    ]


def _ours(plan: Plan) -> tuple[float, float]:
    """Give megabytes, and by which part they grow in an hour, once half of the time has filled them."""
    with ours.exporter(crowd.configuration(plan.targets)) as exporter, scraped(exporter.url, SCRAPE_EVERY):
        _wait_until_begun(exporter.url)
        half = (60 * MINUTES or plan.seconds * (1 if plan.quick else SIX_TIMES)) / 2
        time.sleep(plan.warm_up + half)
        begun = megabytes(exporter.pid)
        time.sleep(half)
        ended = megabytes(exporter.pid)
        return ended, (ended / begun - 1) * 3600 / half


def _peers(plan: Plan, urls: Sequence[str]) -> dict[str, Callable[[], float]]:
    addresses = _addresses(plan.targets)

    @contextlib.contextmanager
    def probing() -> Iterator[peers.Peer]:
        every = [f"{address}:{ours.PORT}" for address in addresses]
        with peers.blackbox_exporter() as peer, asked(peer.url, every):
            yield peer

    found: dict[str, Callable[[], float]] = {
        "smokeping_prober": partial(_scraped, plan, partial(peers.smokeping_prober, addresses)),
        "blackbox_exporter": partial(_scraped, plan, probing),
    }
    for url in urls:
        one = partial(peers.database_exporter, "postgres_exporter", url)
        found["postgres_exporter"] = partial(_scraped, plan, one)
    return found


def _scraped(plan: Plan, begin: Callable[[], contextlib.AbstractContextManager[peers.Peer]]) -> float:
    with begin() as peer, scraped(peer.url, SCRAPE_EVERY):
        time.sleep(plan.warm_up + plan.seconds)
        return megabytes(peer.pid)


def megabytes(pid: int) -> float:
    """Give the memory that a process and those below it have, what they share being shared among them."""
    sizes = 0
    for each in tree([pid]):
        with contextlib.suppress(OSError):  # it has just ended
            lines = Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
            sizes += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return sizes * 1024 / 1e6


def _addresses(count: int) -> list[str]:
    return [crowd.address(number) for number in range(count)]


def _wait_until_begun(url: str) -> None:
    """Wait until every probe has looked at its target once."""
    ready = url.replace("/metrics", "/-/ready")
    wait_for(lambda: fetch(ready) == b"Ready\n", BEGUN_WITHIN)
