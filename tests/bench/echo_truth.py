"""P2, P3, P4: the delays that are reported against those on the wire, and losses that never were."""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from exporter.net.echo import MOST_HELD
from tests.bench import ours, peers
from tests.bench.judge import Trip, Verdict, echo_trips, judge
from tests.bench.places import DEVICE, answering, hosts
from tests.bench.plan import Plan
from tests.bench.report import Goal, Row, error, limit, microseconds
from tests.bench.running import scraped, started
from tests.lab.capture import Capture
from tests.lab.truth import echoes

SESSIONS = {"interval": "1s", "timeout": "1s"}
DATABASES = 10
SCRAPE_EVERY = 1.0
STARTS = 1.0
"""Seconds over which the targets' first echoes are spread."""
MIDDLE, MOST = 1e-6, 20e-6
"""Errors in seconds that half, and 99 of 100 readings may have."""
FAR_OFF = 0.0002
"""Share of the readings that may be off by more than 100 µs."""
NOT_MADE = 0.01
"""Share of the echoes due that may be missing."""


def idle(plan: Plan) -> list[Row]:
    """P2: nothing else runs. Replies come at once, because fping writes longer delays in coarse steps."""
    with answering(0.0, 0.0):
        contenders = {"fping": partial(_fping, plan), "conndrop": partial(_conndrop, plan)}
        found = plan.turns(peers.present(contenders))
    return [
        error(
            Goal(number="P2", what=f"RTT error, idle, {name}", peer="fping"),
            theirs=_middle(found.get("fping", []), share),
            ours=_middle(found["conndrop"], share),
            most=most,
            beat=True,
        )
        for name, share, most in (("p50", 0.5, MIDDLE), ("p99", 0.99, MOST))
    ]


def loaded(plan: Plan) -> list[Row]:
    """P3 and P4: sessions, a scrape a second, garbage collected, one thread busy; from the first echo on."""
    seconds = max(plan.seconds, plan.echoes / plan.targets / plan.rounds)
    with answering(), ours.databases(DATABASES) as urls:
        contenders: dict[str, Callable[[], Verdict | Mean]] = {
            "smokeping_prober": partial(_smokeping, plan, seconds),
            "conndrop": partial(_loaded_conndrop, plan, seconds, urls),
        }
        found = plan.turns(peers.present(contenders))
    return _loaded_rows(
        plan.rounds * plan.targets * max(0.0, seconds - STARTS),
        [verdict for verdict in found.get("smokeping_prober", []) if isinstance(verdict, Mean)],
        [verdict for verdict in found["conndrop"] if isinstance(verdict, Verdict)],
    )


def _loaded_rows(due: float, theirs: "list[Mean]", ours: list[Verdict]) -> list[Row]:
    mean = statistics.median(one.error for one in theirs) if theirs else None
    phantoms, judged = sum(one.phantoms for one in theirs), sum(one.judged for one in theirs)
    worst = microseconds(max(verdict.quantile(1) for verdict in ours))
    readings = sum(len(verdict.errors) for verdict in ours)
    far_off = sum(verdict.far_off * len(verdict.errors) for verdict in ours) / readings
    p50 = Goal(number="P3", what="RTT error under load, p50", peer="smokeping_prober (mean)")
    p99 = Goal(number="P3", what="RTT error under load, p99")
    off = Goal(number="P3", what=f"off by more than 100 µs under load (worst {worst})")
    phantom = Goal(number="P4", what="phantom losses under load", peer="smokeping_prober")
    made = Goal(number="P4", what=f"echoes that were due, but not made, of {due:,.0f}")
    return [
        error(p50, theirs=mean, ours=_middle(ours, 0.5), most=MIDDLE),
        error(p99, ours=_middle(ours, 0.99), most=MOST),
        limit(off, ours=far_off, most=FAR_OFF, written="{:.3%}"),
        limit(
            phantom,
            theirs=f"{phantoms:,} of {judged:,}",
            ours=sum(one.phantoms for one in ours),
            most=0,
            written="{}",
        ),
        limit(
            made,
            ours=max(0.0, due - sum(one.judged for one in ours)) / (due or 1),
            most=NOT_MADE,
            written="{:.1%}",
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """What can be said of a tool that publishes sums only: how far off its mean is, and its losses."""

    error: float
    judged: int
    phantoms: int


def _middle(verdicts: list[Verdict], share: float) -> float | None:
    return statistics.median(verdict.quantile(share) for verdict in verdicts) if verdicts else None


def _wire(capture: Capture) -> dict[str, list[Trip]]:
    return echo_trips(echoes(capture.stop()))


def _fping(plan: Plan) -> Verdict:
    with tempfile.TemporaryDirectory() as directory, Capture(DEVICE, "icmp") as capture:
        readings = Path(directory, "readings")
        with peers.fping(hosts(plan.targets), readings=readings):
            time.sleep(plan.seconds)
        return judge(peers.read_fping(readings), _wire(capture))


def _conndrop(plan: Plan) -> Verdict:
    text = ours.configuration(hosts(plan.targets), ours.only(ping={}))
    with tempfile.TemporaryDirectory() as directory, Capture(DEVICE, "icmp") as capture:
        readings = Path(directory, "readings")
        with ours.exporter(text, readings=readings):
            time.sleep(plan.seconds + MOST_HELD)
        return judge(ours.read(readings), _wire(capture))


def _loaded_conndrop(plan: Plan, seconds: float, urls: Sequence[str]) -> Verdict:
    text = ours.configuration(hosts(plan.targets), ours.only(ping={}), urls, ours.only(session=SESSIONS))
    with tempfile.TemporaryDirectory() as directory, Capture(DEVICE, "icmp") as capture:
        readings = Path(directory, "readings")
        with (
            ours.exporter(text, readings=readings, loaded=True) as exporter,
            scraped(exporter.url, SCRAPE_EVERY),
        ):
            time.sleep(seconds + MOST_HELD)  # answers of many targets are told several at once
        return judge(ours.read(readings), _wire(capture))


def _smokeping(plan: Plan, seconds: float) -> Mean:
    """Judge smokeping_prober beside a process that keeps as busy as ours is kept."""
    with Capture(DEVICE, "icmp") as capture, started(sys.executable, "-m", "tests.bench.load"):
        with peers.smokeping_prober(hosts(plan.targets)) as peer:
            with scraped(peer.url, SCRAPE_EVERY):
                time.sleep(seconds)
            asked = time.time_ns()
            smoke = peers.read_smoke(peer)
        trips = [trip for trips in _wire(capture).values() for trip in trips if trip.left < asked]
    answered = [
        trip.seconds for trip in trips if trip.seconds is not None and trip.left + 1e9 * trip.seconds < asked
    ]
    under_way = len(trips) - len(answered)
    return Mean(
        error=abs(smoke.seconds / smoke.replies - statistics.fmean(answered)),
        judged=smoke.requests,
        phantoms=max(0, smoke.requests - smoke.replies - under_way),
    )
