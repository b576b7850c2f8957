"""All metrics as a page: docs/metrics.md is this, word for word."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry, Metric

from exporter.exposition import SERIES
from exporter.exposition.discovery import DiscoveryMetrics
from exporter.exposition.families import Families
from exporter.exposition.family import Family, Histogram
from exporter.exposition.held import DropFamilies
from exporter.exposition.incidents import IncidentMetrics
from exporter.exposition.labels import LABELS
from exporter.exposition.own import Keepalives, OwnMetrics, TargetInfo
from exporter.exposition.registry import new_registry
from exporter.model import Endpoint, Target

MARKUP: Final = re.compile(r"\[([^]]+)\]\([^)]+\)|`")
"""What Markdown has, and a terminal has not."""
OURS: Final = "conndrop_"
EXAMPLE: Final = Target(
    name="orders",
    endpoint=Endpoint(
        dialect="postgresql", host="localhost", port=5432, user="probe", password=None, database="orders"
    ),
)
"""A target of which everything is told, so that there are labels to be read."""
UNITS: Final = {
    "_start_time_seconds": "Unix time",
    "_timestamp_seconds": "Unix time",
    "_seconds": "seconds",
    "_bytes": "bytes",
    "_ratio": "0 to 1",
    "_info": "1",
}
INTRODUCTION: Final = """\
# Metrics

<!-- `make metrics` writes this page from exporter/exposition: change it there. -->

These are all metrics at `/metrics`. `conndrop metrics` lists them on a terminal, `conndrop metrics NAME`
tells of one.

- Each series has the labels in the table, and `vantage` where the configuration sets one.
- Series that can be foreseen are there from the start, at 0, so that `increase()` sees the first of a kind.
- Failures are counted beside attempts. A share of failures is a quotient:

  ```promql
  sum by (target) (rate(conndrop_session_failures_total[5m]))
    / sum by (target) (rate(conndrop_session_attempts_total[5m]))
  ```

- `cause` is what one probe could see at that moment, but for incidents, which weigh everything
  ([how](how-it-decides.md)). [Causes](causes.md) lists them.

Series with other names are told of elsewhere: `probe_*` of [looks on request](probes.md#probing-on-request),
`mysql_*` and `pg_*` [for those who come from other exporters](compatible-names.md), and `conndrop_app_*` of
[an application that is instrumented](instrument.md).
"""
NOTES: Final[Mapping[str, str]] = {
    "session": "`conndrop_up` is no alarm by itself: one lost packet makes it 0 for one interval.",
    "ping": (
        "The buckets are those of smokeping_prober, so that its dashboards fit. Without permission for ICMP"
        " all of these are absent."
    ),
    "tcp": "A failure is counted as `dns.ipv6_broken` where the same name connects over IPv4.",
    "path": (
        "A hop that loses answers while the hops behind it lose none is a router that answers seldom, and no"
        " loss ([how to read a path](probes.md#reading-a-path))."
    ),
    "server": """\
When a look fails, values up to `conndrop_server_setting` in this table stay as last told; those from
`conndrop_server_connections` to `conndrop_server_limit_usage_ratio` are absent, but that a limit for which
we are refused counts as full. What has a twin with `own` in its name is the server's own counter, which falls
when the server restarts; the twin is our part of it. [Server series](server-series.md) has which server tells
what.""",
    "held": "Written by `sentinel`, `idle`, `pool` and `server`, each under its own `probe`.",
    "incidents": "There is one series for each cause, from the start.",
}
HEADINGS: Final = {
    "held": "Connections that are held",
    "incidents": "Incidents",
    "target": "The targets",
    "own": "The exporter itself",
    "process": "Its process",
}


class Row(NamedTuple):
    """One metric; `bounds` are the upper bounds of a histogram's classes."""

    section: str
    name: str
    kind: str
    labels: tuple[str, ...]
    text: str
    bounds: Sequence[float] = ()

    @property
    def unit(self) -> str:
        """What its values are; empty for counts and plain numbers."""
        bare = self.name.removesuffix("_total")
        return next((unit for suffix, unit in UNITS.items() if bare.endswith(suffix)), "")


def rows() -> list[Row]:
    """Give every metric, in the order in which they are told of."""
    registry, house, own = new_registry(), Families(), Families()
    held = Families()
    DropFamilies(held)
    found = []
    for probe, build in SERIES.items():
        room = house.room()
        build(room)
        found += [_row(probe, family) for family in room.own if family.name.startswith(OURS)]
    found += [_row("held", family) for family in held.own]
    incidents = Families()
    IncidentMetrics(incidents)
    found += [_row("incidents", family) for family in incidents.own]
    OwnMetrics(registry, own).expect("session", ("overlap",))
    DiscoveryMetrics(registry).retain([EXAMPLE.name])
    told = list(_collected(registry))
    return [
        *found,
        *_about_targets(),
        *(row for row in told if row.section == "own"),
        *(_row("own", family) for family in own.own),
        *(row for row in told if row.section == "process"),
    ]


def listing() -> str:
    """List all metrics for a terminal, one on a line."""
    found = rows()
    longest = max(len(row.name) for row in found)
    return "\n".join(f"{row.name:{longest}}  {row.text}" for row in found)


def sheet(row: Row) -> str:
    """Tell of one metric."""
    labels = [f"  {name:12}  {_plain(LABELS[name])}" for name in row.labels]
    unit = f", {row.unit}" if row.unit else ""
    bounds = f"Buckets: {_bounds(row.bounds)}" if row.bounds else ""
    listed = "\n".join(["Labels:", *labels]) if labels else ""
    blocks = (f"{row.name} ({row.kind}{unit})", row.text, listed, bounds)
    return "\n\n".join(block for block in blocks if block)


def page() -> str:
    """Write all metrics as Markdown."""
    found = rows()
    sections = [(name, list(group)) for name, group in groupby(found, lambda row: row.section)]
    titles = [*(_heading(name) for name, _ in sections), "Labels", "Buckets"]
    contents = "".join(f"- [{_plain(title)}](#{_anchor(title)})\n" for title in titles)
    parts = (_section(name, group) for name, group in sections)
    return "\n".join([INTRODUCTION, contents, *parts, _glossary(found), _buckets(found)])


def _row(section: str, family: Family) -> Row:
    bounds = family.bounds if isinstance(family, Histogram) else ()
    return Row(section, family.name, family.kind, family.label_names, family.text, bounds)


def _about_targets() -> Iterator[Row]:
    registry = CollectorRegistry()
    TargetInfo(lambda: [EXAMPLE], registry)
    Keepalives(lambda: {EXAMPLE.name: lambda _: 1.0}, registry)
    yield from (_metric("target", metric) for metric in registry.collect())


def _collected(registry: CollectorRegistry) -> Iterator[Row]:
    for metric in registry.collect():
        yield _metric("own" if metric.name.startswith(OURS) else "process", metric)


def _metric(section: str, metric: Metric) -> Row:
    name = metric.name + "_total" * (metric.type == "counter")
    labels = sorted({label for sample in metric.samples for label in sample.labels})
    return Row(section, name, metric.type, tuple(sorted(labels, key="target".__ne__)), metric.documentation)


def _section(name: str, group: Sequence[Row]) -> str:
    note = f"{NOTES[name]}\n\n" if name in NOTES else ""
    return f"## {_heading(name)}\n\n{note}{_table(group)}"


def _heading(section: str) -> str:
    return HEADINGS.get(section, f"Probe `{section}`")


def _plain(text: str) -> str:
    return MARKUP.sub(r"\1", text)


def _anchor(title: str) -> str:
    return _plain(title).lower().replace(" ", "-")


def _table(group: Sequence[Row]) -> str:
    head = "| name | type | labels | unit | |\n|---|---|---|---|---|\n"
    cells = ((f"`{row.name}`", row.kind, _listed(row.labels), row.unit, row.text) for row in group)
    return head + "".join(f"| {' | '.join(row)} |\n" for row in cells)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _glossary(found: Sequence[Row]) -> str:
    used = {label for row in found for label in row.labels} | {"vantage"}
    lines = "".join(f"| `{name}` | {text} |\n" for name, text in LABELS.items() if name in used)
    return f"## Labels\n\n| label | |\n|---|---|\n{lines}"


def _buckets(found: Sequence[Row]) -> str:
    by_bounds: dict[tuple[float, ...], list[str]] = {}
    for row in found:
        if row.bounds:
            by_bounds.setdefault(tuple(row.bounds), []).append(row.name)
    lines = "".join(f"| {_listed(names)} | {_bounds(bounds)} |\n" for bounds, names in by_bounds.items())
    head = "## Buckets\n\nUpper bounds in seconds; one more, `+Inf`, follows."
    return f"{head}\n\n| histogram | bounds |\n|---|---|\n{lines}"


def _bounds(bounds: Sequence[float]) -> str:
    return ", ".join(f"{bound:.6g}" for bound in bounds)
