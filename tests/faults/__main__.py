"""The fault bench: python -m tests.faults [--only PATTERN …] [--workers N] [--list]."""

import argparse
import sys

from tests.faults.bench import bench, say
from tests.faults.lineup import chosen


def main() -> int:
    """Try what is asked for, and give the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="PATTERN", help="a part of cause, name or database"
    )
    parser.add_argument("--workers", type=int, default=3, metavar="N", help="sites side by side")
    parser.add_argument("--list", action="store_true", help="say what there is, and do nothing")
    wanted = parser.parse_args()
    plans = list(chosen(wanted.only))
    if wanted.list:
        for scenario, databases in plans:
            say(f"{scenario.name:44} {scenario.expected:27} {', '.join(databases)}")
        say(f"{sum(len(databases) for _, databases in plans)} runs")
        return 0
    return bench(plans, wanted.workers)


if __name__ == "__main__":
    sys.exit(main())
