"""Rules of panels: their words, and their places."""

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Final

from tests.dashboards.boards import EMPTY, ONLY, Board, Panel, Place
from tests.dashboards.rules.questions import named

COLUMNS: Final = 24
FIRST_ROW: Final = 100
"""From here on numbers are those of rows."""
KINDS: Final = {"timeseries", "stat", "heatmap", "state-timeline", "table", "text"}
SENTENCE: Final = re.compile(r"(?:[A-Z0-9]|`\w).*\.", re.DOTALL)
SLIP: Final = re.compile(r"  |\t| \n|\s$|^\s| [.,;:](?:\s|$)|[.,;]{2}|<\w+>|\b(\w{2,}) \1\b")
"""Double blanks, blanks where none belong, points too many, places not filled in, words said twice."""
SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}


def said_in_whole_sentences(board: Board) -> Iterator[str]:
    """Each panel has a title of its own in its row, and whole sentences on how to read it."""
    for panel in board.panels:
        if not panel.title or panel.title.endswith((".", ":")):
            yield f"{named(panel)} has no good title"
        for part in panel.description.split("\n\n"):
            if not SENTENCE.fullmatch(part.removeprefix(EMPTY).removeprefix(ONLY).lstrip()):
                yield f"{named(panel)} does not say how to read it in whole sentences: {part!r}"
    for row in board.rows:
        if not row.title:
            yield f"row {row.number} has no title"
        if any(panel.title.lower() == row.title.lower() for panel in row.panels):
            yield f"row {row.number} is called as one of its panels: {row.title}"


def text_without_slips(board: Board) -> Iterator[str]:
    """Text has no slips of the pen."""
    for panel in board.panels:
        content = panel.document.get("options", {}).get("content", "")
        for text in (panel.title, panel.description, *content.split("\n")):
            if slip := SLIP.search(text):
                yield f"{named(panel)} has {slip[0]!r} in {text!r}"


def within_the_grid(board: Board) -> Iterator[str]:
    """No panel is wider than what is left of the grid; rows go all the way."""
    for panel in board.panels:
        place = panel.place
        if place.x < 0 or place.y < 0 or place.w < 1 or place.h < 1 or place.x + place.w > COLUMNS:
            yield f"{named(panel)} is at {place}"
    for row in board.document["panels"]:
        place = Place(**row["gridPos"])
        if row["type"] == "row" and (place.x, place.w, place.h) != (0, COLUMNS, 1):
            yield f"row {row['id']} is at {place}"


def beside_each_other(board: Board) -> Iterator[str]:
    """No panel covers another, or the heading of a row."""
    headings = [one for one in board.document["panels"] if one["type"] == "row"]
    placed = [(f"row {one['id']}", Place(**one["gridPos"])) for one in headings]
    for row in board.rows:
        inside = [(named(panel), panel.place) for panel in row.panels]
        # What a closed row hides takes its place when it is opened, and all below makes room.
        together = inside if row.collapsed else [*placed, *inside]
        placed = placed if row.collapsed else together
        for (one, here), (other, there) in combinations(together, 2):
            if _covers(here, there):
                yield f"{one} and {other} are in the same place"


def _covers(here: Place, there: Place) -> bool:
    across = here.x < there.x + there.w and there.x < here.x + here.w
    return across and here.y < there.y + there.h and there.y < here.y + here.h


def numbered(board: Board) -> Iterator[str]:
    """Each panel and row has a number of its own: links lead to it."""
    numbers = [panel.number for panel in board.panels]
    rows = [row.number for row in board.rows]
    if not all(0 < number < FIRST_ROW for number in numbers) or not all(n >= FIRST_ROW for n in rows):
        yield f"numbers are {numbers}, those of rows {rows}"
    yield from (f"number {one} is there twice" for one in numbers + rows if (numbers + rows).count(one) > 1)


def kinds_that_there_are(board: Board) -> Iterator[str]:
    """Panels are of kinds that come with every Grafana since 10."""
    yield from (f"{named(panel)} is a {panel.kind}" for panel in board.panels if panel.kind not in KINDS)


def asked_of_the_source(board: Board) -> Iterator[str]:
    """Everything is asked of the data source that is chosen."""
    for panel in board.panels:
        if panel.kind != "text" and panel.document["datasource"] != SOURCE:
            yield f"{named(panel)} asks {panel.document['datasource']}"
    for mark in board.document["annotations"]["list"]:
        if mark["datasource"] != SOURCE or mark["target"]["expr"] != mark["expr"]:
            yield f"annotation {mark['name']} asks {mark['datasource']}, or two things at once"


def empty_in_words(board: Board) -> Iterator[str]:
    """What has nothing to show says so, in a word."""
    for panel in board.panels:
        if panel.kind != "text" and not _empty(panel):
            yield f"{named(panel)} has no word for nothing"


def _empty(panel: Panel) -> str:
    return str(panel.document["fieldConfig"]["defaults"].get("noValue", ""))
