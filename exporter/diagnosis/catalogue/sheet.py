"""The catalogue as plain text, for a terminal."""

from collections.abc import Iterable, Mapping
from textwrap import fill
from typing import Final

from exporter.diagnosis.catalogue.entry import Entry, Fix
from exporter.diagnosis.catalogue.page import FAMILIES, by_library, shown
from exporter.model import Cause

WIDTH: Final = 100
"""Columns of running text; lines to copy are never broken."""


def listing(catalogue: Mapping[Cause, Entry]) -> str:
    """List all entries, one on a line: cause, severity, title."""
    rows = [(entry.cause, entry.severity, entry.title) for entry in catalogue.values()]
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    return "\n".join(f"{cause:{first}}  {severity:{second}}  {title}" for cause, severity, title in rows)


def sheet(entry: Entry) -> str:
    """Write one entry."""
    blocks = [
        f"{entry.cause} ({entry.severity})",
        _wrapped(entry.title),
        _wrapped(entry.meaning),
        _block("How it looks", (f"  {looks.library:10}  {looks.text}" for looks in by_library(entry.looks))),
        _block(
            "What looks like it", (_item(f"{alike.cause}: {alike.splitter}") for alike in entry.look_alikes)
        ),
        _block("What to do", (_step(fix) for fix in entry.fixes)),
    ]
    return "\n\n".join(block for block in blocks if block)


def _block(heading: str, lines: Iterable[str]) -> str:
    """Put a heading above lines; nothing where there are none."""
    found = "\n".join(lines)
    return f"{heading}:\n{found}" if found else ""


def _step(fix: Fix) -> str:
    family = f"[{FAMILIES[fix.family]}] " if fix.family else ""
    return "\n".join([_item(family + shown(fix.text)), *(f"      {shown(line)}" for line in fix.copy)])


def _item(text: str) -> str:
    return fill(text, WIDTH, initial_indent="  - ", subsequent_indent="    ", break_on_hyphens=False)


def _wrapped(text: str) -> str:
    return fill(text, WIDTH, break_on_hyphens=False)
