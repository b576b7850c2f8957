"""P12: the processor time a target costs where there are 100, 1,000, and 10,000 of them."""

import contextlib
import ipaddress
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from tests.bench import ours
from tests.bench.cpu import cpu_seconds
from tests.bench.places import named, routed
from tests.bench.plan import Plan
from tests.bench.report import Goal, Row, ratio
from tests.bench.running import started

SIZES = (100, 1_000, 10_000)
PREFIX = "10.9.0.0/16"
MOST_ROUNDS = 3
LONGEST = 5.0
"""The timeout where the interval allows it."""


EVERY = {"ping": 1.0, "tcp": 5.0, "dns": 30.0}
"""Seconds from one run of a probe to the next."""


def measure(plan: Plan) -> list[Row]:
    """Let each probe run at each size; a host's kernel answers, so that only ours is measured."""
    plan = replace(plan, rounds=min(plan.rounds, MOST_ROUNDS))
    sizes = SIZES[:-1] if plan.quick else SIZES
    rows: list[Row] = []
    with _everybody_answers():
        for probe, usual in EVERY.items():
            every = min(usual, plan.seconds) if plan.quick else usual
            figures = {}
            if ours.has(probe):
                turns = {size: partial(_per_target, plan, probe, every, size) for size in sizes}
                figures = plan.medians(turns)
            rows += (_row(f"{probe} every {every:g} s", size, figures) for size in sizes[1:])
    return rows


def _row(what: str, size: int, figures: Mapping[int, float]) -> Row:
    goal = Goal(number="P12", what=f"CPU per run, {what}, {size:,} targets", peer="ours at 100")
    return ratio(goal, theirs=figures.get(SIZES[0]), ours=figures.get(size), most=1.0)


def _per_target(plan: Plan, probe: str, every: float, size: int) -> float:
    runs = max(
        1, round(plan.seconds / every)
    )  # whole intervals, in each of which every target takes part once
    settings = {"interval": f"{every:g}s", "timeout": f"{min(every, LONGEST):g}s"}
    probes = ours.only(**{probe: settings})
    with ours.exporter(ours.configuration(_hosts(probe, size), probes)) as exporter:
        time.sleep(plan.warm_up)
        used = cpu_seconds([exporter.pid])
        time.sleep(runs * every)
        used = cpu_seconds([exporter.pid]) - used
    return used / size / runs


def _hosts(probe: str, size: int) -> Sequence[str]:
    if probe == "dns":
        return [f"h{number}.bench.test" for number in range(size)]
    first = ipaddress.ip_address("10.9.0.1")
    return [str(first + number) for number in range(size)]


@contextlib.contextmanager
def _everybody_answers() -> Iterator[None]:
    listen = (sys.executable, "-m", "tests.bench.servers", "tcp", "0.0.0.0", str(ours.PORT))  # noqa: S104  its own network
    with routed(PREFIX, 0) as server, named(), started(*listen, inside=server):
        yield
