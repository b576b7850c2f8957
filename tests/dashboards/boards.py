"""The committed dashboards as values."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

PLACE: Final = Path(__file__).parents[2] / "grafana"
EMPTY: Final = "**Empty while all is well.**"
"""In the description of a panel that may have nothing to show."""
ONLY: Final = "**Not of every database.**"
"""In that of one that shows nothing of some databases."""
POINTS_OF_A_COLUMN: Final = 25
"""A panel asks for as many points as it has pixels: these to each of the grid's 24 columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One question of a panel: at the range's end where it is `instant`, else over all of it."""

    letter: str
    expr: str
    legend: str
    instant: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where on the grid: columns of 24 from the left, and rows from the top."""

    x: int
    y: int
    w: int
    h: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A panel that is no row.

    `empty`: it may have nothing to show; `only`: some databases cannot fill it. `document` is all that
    Grafana is told.
    """

    number: int
    kind: str
    title: str
    description: str
    place: Place
    queries: tuple[Query, ...]
    empty: bool
    only: bool
    document: Mapping[str, Any]

    @property
    def points(self) -> int:
        """How many points in time it asks for: those that its width has, unless it is told otherwise."""
        return int(self.document.get("maxDataPoints", self.place.w * POINTS_OF_A_COLUMN))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A heading, and the panels beneath it: those that it hides, too, where it is collapsed."""

    number: int
    title: str
    collapsed: bool
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """What the reader chooses from; `everything` is what All stands for, None where there is no All."""

    name: str
    kind: str
    query: str
    everything: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """An annotation: `title` and `text` have labels as legends do.

    `step` is in seconds, as Grafana 12 and 13 have it; older ones take the coarser one beside it.
    """

    name: str
    expr: str
    title: str
    text: str
    colour: str
    step: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A dashboard; `name` is that of its file without `.json`."""

    name: str
    title: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...]
    marks: tuple[Mark, ...]
    document: Mapping[str, Any]

    @property
    def panels(self) -> tuple[Panel, ...]:
        """Give all panels, from the top."""
        return tuple(panel for row in self.rows for panel in row.panels)


def boards(place: Path = PLACE) -> list[Board]:
    """Read all dashboards of a directory."""
    return [_board(path) for path in sorted(place.glob("conndrop-*.json"))]


def seconds(text: str) -> float:
    """Read a time as Grafana writes it; KeyError for a unit that is not known."""
    return float(text[:-1]) * {"s": 1, "m": 60, "h": 3600}[text[-1]]


def _board(path: Path) -> Board:
    document = json.loads(path.read_text())
    return Board(
        name=path.stem,
        title=document["title"],
        rows=tuple(_rows(document["panels"])),
        variables=tuple(_variable(one) for one in document["templating"]["list"]),
        marks=tuple(_mark(one) for one in document["annotations"]["list"]),
        document=document,
    )


def _rows(documents: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    """Give rows; ValueError for a panel before the first."""
    if documents and documents[0]["type"] != "row":
        raise ValueError(f"{documents[0]['title']} stands before the first row")
    starts = [place for place, document in enumerate(documents) if document["type"] == "row"]
    for start, end in zip(starts, [*starts[1:], len(documents)], strict=True):
        heading = documents[start]
        panels = [*heading["panels"], *documents[start + 1 : end]]
        yield Row(
            number=heading["id"],
            title=heading["title"],
            collapsed=heading["collapsed"],
            panels=tuple(_panel(one) for one in panels),
        )


def _panel(document: Mapping[str, Any]) -> Panel:
    description = document["description"]
    return Panel(
        number=document["id"],
        kind=document["type"],
        title=document["title"],
        description=description,
        place=Place(**document["gridPos"]),
        queries=tuple(_query(one) for one in document.get("targets", ())),
        empty=EMPTY in description,
        only=ONLY in description,
        document=document,
    )


def _query(document: Mapping[str, Any]) -> Query:
    return Query(
        letter=document["refId"],
        expr=document["expr"],
        legend=document["legendFormat"],
        instant=document["instant"],
    )


def _variable(document: Mapping[str, Any]) -> Variable:
    return Variable(
        name=document["name"],
        kind=document["type"],
        query=document["query"],
        everything=document["allValue"] if document["includeAll"] else None,
    )


def _mark(document: Mapping[str, Any]) -> Mark:
    return Mark(
        name=document["name"],
        expr=document["expr"],
        title=document["titleFormat"],
        text=document["textFormat"],
        colour=document["iconColor"],
        step=seconds(document["target"]["interval"]),
    )
