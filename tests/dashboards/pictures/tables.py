"""Tables as Grafana makes them: the transformations `merge` and `organize`, and the order of rows."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from tests.dashboards.asking import Answer
from tests.dashboards.boards import Panel

Cell = str | float | None
Line = dict[str, Cell]
"""A row: its cells by the names of their columns; a column that it has not is not there."""
TIME: Final = "Time"


def tabled(panel: Panel, answers: Mapping[str, Answer]) -> tuple[list[str], list[Line]]:
    """Give a table's columns and rows; ValueError for a transformation that is not known here."""
    letters = [query.letter for query in panel.queries]
    frames = [frame(answers[letter], letter if len(letters) > 1 else "") for letter in letters]
    lines: list[Line] = frames[0]
    columns = names(lines)
    for one in panel.document.get("transformations", ()):
        if one["id"] == "merge":
            lines = merged(frames)
            columns = names(lines)
        elif one["id"] == "convertFieldType":
            lines = converted(lines, one["options"]["conversions"])
        elif one["id"] == "organize":
            columns, lines = organized(columns, lines, one["options"])
        else:
            raise ValueError(f"no such transformation: {one}")
    return columns, in_order(lines, panel.document["options"].get("sortBy") or ())


def frame(answer: Answer, letter: str) -> list[Line]:
    """Make rows of an answer: a row for each series, with the labels that any of them has, and its value."""
    value = f"Value #{letter}" if letter else "Value"
    labels = sorted({name for series in answer.series for name in series.labels})
    return [
        {TIME: moment, **{name: series.labels.get(name, "") for name in labels}, value: number}
        for series in answer.series
        for moment, number in series.points[-1:]
    ]


def merged(frames: Iterable[list[Line]]) -> list[Line]:
    """Bring rows together that agree in all columns that they both have, and in those that all have."""
    frames = [one for one in frames if one]
    if len(frames) < 2:
        return frames[0] if frames else []
    common = set.intersection(*(set(lines[0]) for lines in frames))
    found: list[Line] = []
    for line in (line for lines in frames for line in lines):
        alike = [
            one for one in found if _agree(one, line, common) and _agree(one, line, one.keys() & line.keys())
        ]
        for one in alike:
            one.update(line)
        if not alike:
            found.append(dict(line))
    return found


def converted(lines: list[Line], conversions: Iterable[Mapping[str, str]]) -> list[Line]:
    """Make numbers of labels; ValueError for anything else that is to be made of them."""
    for one in conversions:
        if one["destinationType"] != "number":
            raise ValueError(f"no such conversion: {one}")
        name = one["targetField"]
        lines = [{**line, name: _number(line[name])} if name in line else line for line in lines]
    return lines


def organized(
    columns: Sequence[str], lines: list[Line], options: Mapping[str, Any]
) -> tuple[list[str], list[Line]]:
    """Leave columns out, put the others in order, and give them their headings."""
    out, places, headings = (options[name] for name in ("excludeByName", "indexByName", "renameByName"))
    left = [name for name in columns if not out.get(name)]
    left.sort(key=lambda name: places.get(name, math.inf))
    called = {name: headings.get(name) or name for name in left}
    return list(called.values()), [
        {called[name]: cell for name, cell in line.items() if name in called} for line in lines
    ]


def in_order(lines: list[Line], by: Iterable[Mapping[str, Any]]) -> list[Line]:
    """Sort rows by their cells, the last key first; what has no value comes last."""
    for key in reversed(list(by)):
        name = key["displayName"]
        some = [line for line in lines if line.get(name) is not None]
        none = [line for line in lines if line.get(name) is None]
        lines = sorted(some, key=lambda line: _rank(line[name]), reverse=bool(key.get("desc"))) + none
    return lines


def names(lines: Iterable[Line]) -> list[str]:
    """Give the columns that any row has, in the order in which they come."""
    return list(dict.fromkeys(name for line in lines for name in line))


def _agree(one: Line, other: Line, columns: Iterable[str]) -> bool:
    return all(one.get(name) == other.get(name) for name in columns)


def _number(cell: Cell) -> Cell:
    return float(cell) if cell else None


def _rank(cell: Cell) -> tuple[int, float, str]:
    return (0, cell, "") if isinstance(cell, float) else (1, 0.0, str(cell))
