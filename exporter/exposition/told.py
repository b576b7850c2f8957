"""Series that show what a server tells of itself: a name, a type, and where in the view the values are."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from exporter.exposition.families import Families
from exporter.exposition.family import Gauge
from exporter.model import ServerView, State

Values = Mapping[tuple[str, ...], float]
"""From the values of the labels after the target to the value; empty where nothing is told."""
Read = Callable[[ServerView], Values]
Row = Mapping[str, object]
LONGEST: Final = 160
"""Characters of a server's own words in a label."""
WORDS: Final = {"on": 1.0, "yes": 1.0, "off": 0.0, "no": 0.0}


class Told(NamedTuple):
    """One family; `kind` is the type that is published."""

    name: str
    kind: str
    text: str
    labels: tuple[str, ...]
    read: Read

    def begin(self, families: Families) -> Gauge:
        """Begin it; nothing is published yet."""
        return families.gauge(self.name, self.text, "target", *self.labels, kind=self.kind)


def one(value: float | None) -> Values:
    """Give the values of a family without labels."""
    return {} if value is None else {(): value}


def each(values: Mapping[State, int] | Mapping[str, int] | Mapping[str, float]) -> Values:
    """Give the values of a family with one label."""
    return {(label,): value for label, value in values.items()}


def number(value: object) -> float | None:
    """Read a number as servers write it, or a switch; None for other words, and for nothing."""
    try:
        return WORDS[str(value).casefold()] if str(value).isalpha() else float(str(value))
    except (KeyError, ValueError):
        return None


def text(value: object) -> str:
    """Read a server's own words, cut to a sane length; there may be none."""
    return "" if value is None else str(value)[:LONGEST]


def rows(view: ServerView, table: str) -> Sequence[Row]:
    """Give the rows of a table; there may be no such table."""
    return view.tables.get(table, ())


def columns(table: str, column: str, *labels: str) -> Read:
    """Read a number out of each row; where there is none, there is no series."""

    def read(view: ServerView) -> Values:
        found = {
            tuple(text(row.get(label)) for label in labels): number(row.get(column))
            for row in rows(view, table)
        }
        return {key: value for key, value in found.items() if value is not None}

    return read
