"""Measures what is asked for, all by default, and prints the table: python -m tests.bench [P1 …]."""

import sys
import time
from collections.abc import Callable, Sequence

from tests.bench import (
    connects,
    database_load,
    echo_cost,
    echo_truth,
    growth,
    holding,
    path_cost,
    sessions,
    siege,
    whole,
)
from tests.bench.places import enter
from tests.bench.plan import Plan, say
from tests.bench.report import Row, machine, table

PIECES: dict[str, Callable[[Plan], list[Row]]] = {
    "P1": echo_cost.measure,
    "P2": echo_truth.idle,
    "P3": echo_truth.loaded,  # and P4
    "P5": path_cost.measure,
    "P6": connects.measure,
    "P7": sessions.phases,
    "P8": whole.scrape,
    "P9": whole.memory,
    "P10": holding.measure,
    "P11": sessions.cost,
    "P12": growth.measure,
    "P13": database_load.measure,
    "P14": siege.measure,
}


def main(wanted: Sequence[str]) -> None:
    """Measure and print."""
    unknown = set(wanted) - PIECES.keys()
    if unknown:
        sys.exit(f"There is no {', '.join(sorted(unknown))}; there are {', '.join(PIECES)}.")
    plan, begun, rows = Plan.from_environment(), time.monotonic(), []
    enter()
    for name, measure in PIECES.items():
        if not wanted or name in wanted:
            say(name)
            rows += measure(plan)
    minutes = (time.monotonic() - begun) / 60
    took = f"{plan.rounds} rounds of {plan.seconds:g} s each, {minutes:.0f} minutes in all"
    sys.stdout.write(f"{machine()}\n{took}\n\n{table(rows)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
