"""P12: the processor time of a packet where there are 100, 1,000, and 10,000 targets."""

import contextlib
import ipaddress
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from tests.bench import ours
from tests.bench.cpu import sent_packets, used_per
from tests.bench.places import named, routed
from tests.bench.plan import Plan
from tests.bench.report import Goal, Row, ratio
from tests.bench.running import started

SIZES = (0.1, 1, 10)
"""How many targets, in parts of what other measurements have."""
PREFIX = "10.9.0.0/16"
MOST_ROUNDS = 3
LONGEST = 5.0
"""The timeout where the interval allows it."""


EVERY = {"ping": 1.0, "tcp": 5.0, "dns": 30.0}
"""Seconds from one run of a probe to the next."""


def measure(plan: Plan) -> list[Row]:
    """Let each probe run at each size; a host's kernel answers, so that only ours is measured."""
    plan = replace(plan, rounds=min(plan.rounds, MOST_ROUNDS))
    sizes = [round(plan.targets * size) for size in (SIZES[:-1] if plan.quick else SIZES)]
    rows: list[Row] = []
    with _everybody_answers():
        for probe, usual in EVERY.items():
            every = min(usual, plan.seconds) if plan.quick else usual
            figures = {}
            if ours.has(probe):
                turns = {size: partial(_per_packet, plan, probe, every, size) for size in sizes}
                figures = plan.medians(turns)
            what = f"CPU per packet, {probe} every {every:g} s"
            rows += (_row(what, figures, sizes[0], size) for size in sizes[1:])
    return rows


def _row(what: str, figures: Mapping[int, float], small: int, size: int) -> Row:
    goal = Goal(number="P12", what=f"{what}, {size:,} targets", peer=f"ours at {small}")
    return ratio(goal, theirs=figures.get(small), ours=figures.get(size), most=1.0)


def _per_packet(plan: Plan, probe: str, every: float, size: int) -> float:
    settings = {"interval": f"{every:g}s", "timeout": f"{min(every, LONGEST):g}s"}
    probes = ours.only(**{probe: settings})
    with ours.exporter(ours.configuration(_hosts(probe, size), probes)) as exporter:
        time.sleep(plan.warm_up)
        return used_per([exporter.pid], partial(sent_packets, loopback=True), plan.seconds)


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
