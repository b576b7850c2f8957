"""The table of figures and goals, and the machine they are from."""

import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lab.namespace import SEARCHED

NOTHING = "-"
PACKAGES = (
    "prometheus-smokeping-prober",
    "prometheus-blackbox-exporter",
    "prometheus-postgres-exporter",
    "prometheus-mysqld-exporter",
    "fping",
    "mtr-tiny",
    "tcpdump",
)
"""What is compared with, by the names that Debian gives it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a row is about: the goal's number, what is measured, and who is measured beside."""

    number: str
    what: str
    peer: str = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A goal as it was measured, in words for the table; `reached` is `yes`, `no`, or nothing yet."""

    goal: Goal
    theirs: str
    ours: str = NOTHING
    compared: str = NOTHING
    wanted: str
    reached: str = NOTHING


def microseconds(seconds: float) -> str:
    """Write a time in µs, with as many digits as can mean anything."""
    value = 1e6 * seconds
    return f"{value:,.0f} µs" if abs(value) >= 100 else f"{value:.1f} µs"


def ratio(goal: Goal, *, theirs: float | None, ours: float | None, most: float) -> Row:
    """Compare two times in seconds, of which ours must be at most `most` times theirs: not with nothing."""
    their, mine = (NOTHING if time is None else microseconds(time) for time in (theirs, ours))
    wanted = f"≤ {most:g} x"
    if not theirs or ours is None:
        return Row(goal=goal, theirs=their, ours=mine, wanted=wanted)
    return Row(
        goal=goal,
        theirs=their,
        ours=mine,
        compared=f"{ours / theirs:.3f} x",
        wanted=wanted,
        reached=_word(ours <= most * theirs),
    )


def error(
    goal: Goal, *, theirs: float | None = None, ours: float | None, most: float, beat: bool = False
) -> Row:
    """Judge an error of ours, in seconds: at most `most`, and where `beat`, less than theirs."""
    their = NOTHING if theirs is None else microseconds(theirs)
    wanted = f"≤ {microseconds(most)}{', < peer' if beat else ''}"
    if ours is None:
        return Row(goal=goal, theirs=their, wanted=wanted)
    good = ours <= most and (not beat or theirs is None or ours < theirs)
    mine = microseconds(ours)
    return Row(goal=goal, theirs=their, ours=mine, compared=mine, wanted=wanted, reached=_word(good))


def limit(goal: Goal, *, theirs: str = NOTHING, ours: float | None, most: float, written: str) -> Row:
    """Judge any other figure of ours that must be at most `most`; `written` is its format."""
    wanted = f"≤ {written.format(most)}"
    if ours is None:
        return Row(goal=goal, theirs=theirs, wanted=wanted)
    mine = written.format(ours)
    return Row(goal=goal, theirs=theirs, ours=mine, compared=mine, wanted=wanted, reached=_word(ours <= most))


def table(rows: Sequence[Row]) -> str:
    """Write rows as a table in Markdown that is also legible as it is."""
    names = ["goal", "what", "peer", "peer's", "ours", "ratio or error", "wanted", "reached"]
    lines = [names, *(_cells(row) for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(names))]
    written = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in lines
    ]
    written.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(written)


def machine() -> str:
    """Say on what machine, and against which versions, the figures were taken."""
    models = {
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    }
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    cores = len(os.sched_getaffinity(0))
    return (
        f"{cores} cores ({', '.join(sorted(models)) or platform.machine()}), Linux {platform.release()}, "
        f"Python {platform.python_version()}\n{versions}"
    )


def version(package: str) -> str:
    """Give a Debian package's version; `?` where the tool came another way."""
    done = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", package],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PATH": SEARCHED},
    )
    return done.stdout or "?"


def _cells(row: Row) -> list[str]:
    goal = row.goal
    return [
        goal.number, goal.what, goal.peer, row.theirs, row.ours, row.compared, row.wanted, row.reached,
    ]  # fmt: skip


def _word(reached: bool) -> str:
    return "yes" if reached else "no"
