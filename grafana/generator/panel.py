"""What dashboards are made of.

Expressions are PromQL with Grafana's variables, but for what stands between angle brackets: `<of>` is what
the dashboard's variables select, `<from>` the same without the target, and anything else a threshold of the
alerts, in expressions as in `Limits` (see `exporter.alerts.filling`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from grafana.generator.palette import Colour
from grafana.generator.selection import EXPORTERS, Selection


class Scale(StrEnum):
    """How an axis is divided."""

    LINEAR = "linear"
    LOG = "log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked, and what the answer's series are called: `legend` has labels as `{{target}}`.

    All series of a query with a `colour` have it; without, each gets one of its own. Where others are
    stacked, one that is `apart` is a line at its own height.
    """

    expr: str
    legend: str = ""
    colour: Colour | None = None
    dashed: bool = False
    apart: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """From where on a value is no longer good: names of thresholds between angle brackets, or numbers.

    Beyond them is above them, or below where it `falls`.
    """

    warning: str = ""
    critical: str = ""
    falls: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What stands for a number."""

    text: str
    colour: Colour


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """What all panels have in common.

    `number` is the panel's own in its dashboard, for ever: links lead to it. `reads` says how to read it, in
    whole sentences. `unit` is Grafana's name of it. `empty` says why it shows nothing where all is well, and
    `only` of which databases it shows something, where that is not all of them, both in whole sentences; a
    panel that always shows something has neither. `width` is in columns, 24 to a row.
    """

    number: int
    title: str
    reads: str
    unit: str
    width: int = 12
    height: int = 8
    limits: Limits = field(default_factory=Limits)
    words: Mapping[int, Word] = field(default_factory=dict)
    decimals: int | None = None
    empty: str = ""
    only: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines(Panel):
    """Values over time; `least` and `most` are ends of the axis that it has at least.

    With `dots` values are seen that have none beside them: what happens seldom has no lines.
    """

    queries: tuple[Query, ...]
    stacked: bool = False
    bars: bool = False
    steps: bool = False
    dots: bool = False
    scale: Scale = Scale.LINEAR
    least: float | None = 0
    most: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stat(Panel):
    """The latest value of each series, as large as it can be; with `sparkline` also how it came about.

    With `named` each value is shown by the name of its series: for labels that say more than a number. With
    `headed` the name stands above the value, also of the only one.
    """

    queries: tuple[Query, ...]
    sparkline: bool = False
    named: bool = False
    headed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat(Panel):
    """A histogram over time: values a second in each bucket, as colours; `expr` keeps the label `le`."""

    expr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline(Panel):
    """States over time, one band for each series; `words` say what the numbers mean."""

    queries: tuple[Query, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of values; the series of `expr` have the table's labels, and no others.

    Where they are asked for a label only, `hidden` leaves the value out.
    """

    title: str
    expr: str
    unit: str = "short"
    limits: Limits = field(default_factory=Limits)
    words: Mapping[int, Word] = field(default_factory=dict)
    decimals: int | None = None
    width: int | None = None
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Panel):
    """A row for each combination of labels; columns of labels first, in this order, with their headings.

    `links` are from a heading to the address that a value of it leads to. `sort` is a heading, with a minus
    sign before it for the largest first. Labels that are `numbers` are sorted as such: 2 before 10.
    """

    labels: Mapping[str, str]
    columns: tuple[Column, ...]
    links: Mapping[str, str] = field(default_factory=dict)
    sort: str = ""
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(Panel):
    """Text in Markdown; it asks nothing."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Panels side by side, and below each other where they do not fit; the title stands above them."""

    number: int
    title: str
    panels: tuple[Panel, ...]
    collapsed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A dashboard. `name` is what its file and its address are called after `conndrop-`.

    Where it is about `one` target, the first is shown; else all are.
    """

    name: str
    title: str
    reads: str
    rows: tuple[Row, ...]
    selection: Selection = EXPORTERS
    one: bool = False
    since: str = "now-6h"
