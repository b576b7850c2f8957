"""`conndrop diagnose`: why connections to one database drop, and what to set."""

import argparse
from difflib import get_close_matches
from typing import Any, Final

from exporter.cli.examining import (
    add_hold,
    add_output,
    add_target,
    duration,
    examined,
    failed,
    hold,
    password,
)
from exporter.cli.parsing import read_by
from exporter.examination.plan import Plan, PlanError, PoolPlan
from exporter.examination.report import Side
from exporter.terminal.outcome import healthy, looked
from exporter.terminal.reading import diagnosed

HOLD: Final = 120.0
"""Seconds: enough for timeouts of a minute."""
POOL: Final = ("pool_size", "max_overflow", "pool_timeout", "pool_recycle", "pool_pre_ping")
STATUSES: Final = (
    "Exit status: 0 nothing is wrong, 1 something is, 2 it could not be looked at. "
    "The first Ctrl-C ends it and shows what is known by then, the second one leaves at once (130)."
)


def add(commands: Any) -> None:
    """Add the command to the parser's `commands`."""
    parser = commands.add_parser(
        "diagnose",
        help="find out why connections to one database drop",
        description="Look at one database from all sides, say why its connections drop, and what to set.",
        epilog=STATUSES,
    )
    add_target(parser)
    add_hold(parser, HOLD)
    _add_pool(parser)
    sides = parser.add_mutually_exclusive_group()
    sides.add_argument(
        "--only",
        type=read_by(_sides),
        metavar="SIDE,…",
        help=f"look at nothing else; sides are {', '.join(Side)}",
    )
    sides.add_argument("--skip", type=read_by(_sides), metavar="SIDE,…", help="leave sides out")
    parser.add_argument(
        "--timeout", type=read_by(duration), default=20.0, metavar="DURATION",
        help="how long everything but the hold may take (default 20s)",
    )  # fmt: skip
    add_output(parser)
    parser.set_defaults(command=_run)


def _add_pool(parser: argparse.ArgumentParser) -> None:
    pool = parser.add_argument_group("the application's pool, in SQLAlchemy's words")
    pool.add_argument("--pool-size", type=read_by(_count), metavar="COUNT", help="(default 5)")
    pool.add_argument(
        "--max-overflow", type=read_by(_count), metavar="COUNT", help="-1 for any number (default 10)"
    )
    pool.add_argument("--pool-timeout", type=read_by(duration), metavar="DURATION", help="(default 30s)")
    pool.add_argument(
        "--pool-recycle", type=read_by(_age), metavar="DURATION", help="-1 for never (the default)"
    )
    pool.add_argument("--pool-pre-ping", action="store_true", default=None, help="(default: off)")


def _run(parsed: argparse.Namespace) -> int:
    try:
        plan = Plan(
            where=parsed.where,
            config=parsed.config_file,
            password=password(parsed),
            hold=hold(parsed),
            ladder=parsed.ladder,
            pool=_pool(parsed),
            sides=_wanted(parsed),
            budget=parsed.budget,
            seconds=parsed.timeout,
        )
        report = examined(parsed, plan, diagnosed)
    except PlanError as error:
        return failed(error)
    if not looked(report):
        return 2
    return 0 if healthy(report) else 1


def _wanted(parsed: argparse.Namespace) -> frozenset[Side]:
    if parsed.only is not None:
        only: frozenset[Side] = parsed.only
        return only
    wanted = frozenset(Side) - (parsed.skip or frozenset())
    if not wanted:
        parsed.mistaken("--skip leaves nothing to look at")
    return wanted


def _pool(parsed: argparse.Namespace) -> PoolPlan | None:
    """Give the pool that was described; None where nothing was said of it."""
    told = {name: getattr(parsed, name) for name in POOL}
    return PoolPlan(**told) if any(value is not None for value in told.values()) else None


def _sides(text: str) -> frozenset[Side]:
    return frozenset(_side(name.strip().lower()) for name in text.split(","))


def _side(name: str) -> Side:
    try:
        return Side(name)
    except ValueError:
        near = get_close_matches(name, list(Side), n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(Side)}"
        raise ValueError(f"there is no side {name[:40]!r}; {hint}") from None


def _age(text: str) -> float:
    return -1.0 if text == "-1" else duration(text)


def _count(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text[:20]!r} is no count; write something like 5") from None
