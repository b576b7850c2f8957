"""Rules of dashboards as such, and of how they lead to each other."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from exporter.settings import parse_duration
from tests.dashboards.boards import Board, Panel, boards
from tests.dashboards.rules.questions import named, organized

OFTEN: Final = 30.0
"""Seconds between two refreshes, at least: dashboards stay open, and each asks for all it shows."""
LONGEST: Final = 40
"""Characters of a dashboard's name in addresses that Grafana takes."""
KEPT: Final = re.compile(r"\$\{(\w+):queryparam\}")
FIELD: Final = re.compile(r"__data\.fields(?:\.(\w+)|\[\"([^\"]+)\"\])")


@cache
def committed() -> Mapping[str, Board]:
    """Give all dashboards by their names in addresses."""
    return {board.document["uid"]: board for board in boards()}


def known_by_their_files(board: Board) -> Iterator[str]:
    """A dashboard's address is its file's name: it stays the same when it is imported anew."""
    document = board.document
    if document["uid"] != board.name or len(board.name) > LONGEST:
        yield f"its address is {document['uid']}"
    if not re.fullmatch(r"Conndrop / [A-Z][\w ]+", board.title):
        yield f"its title is {board.title!r}"
    if document["tags"] != ["conndrop"] or not document["description"]:
        yield "it is not tagged, or does not say what it is for"
    if document["schemaVersion"] != 42 or {"id", "version", "__inputs", "__requires"} & set(document):
        yield "it is in another form than what can be imported and provisioned alike"


def not_to_be_changed(board: Board) -> Iterator[str]:
    """What is changed by hand is lost with the next version: whoever wants to makes a copy."""
    if board.document["editable"] is not False:
        yield "it can be edited"


def not_asked_too_often(board: Board) -> Iterator[str]:
    """Half a minute is between two refreshes, at least."""
    if parse_duration(board.document["refresh"]) < OFTEN:
        yield f"it is asked anew every {board.document['refresh']}"


def linked_to_each_other(board: Board) -> Iterator[str]:
    """A dashboard leads to every other once, and takes the time range along."""
    links = board.document["links"]
    there = sorted(_place(link["url"]) for link in links)
    if there != sorted(uid for uid in committed() if uid != board.name):
        yield f"its links lead to {there}"
    for link in links:
        if not link["title"] or not link["tooltip"] or not link["keepTime"] or link["targetBlank"]:
            yield f"the link {link['title']!r} has no words, or loses the time range"


def links_lead_somewhere(board: Board) -> Iterator[str]:
    """Links lead to dashboards that there are, with variables that both have, and columns that it has."""
    for link in board.document["links"]:
        yield from _leads(board, f"link {link['title']!r}", link["url"])
    for panel in board.panels:
        for address in _addresses(panel):
            yield from _leads(board, named(panel), address)
            headings = set(organized(panel).get("renameByName", {}).values())
            for plain, quoted in FIELD.findall(address):
                if (plain or quoted) not in headings:
                    yield f"{named(panel)} has no column {plain or quoted} to lead from"


def _leads(board: Board, where: str, address: str) -> Iterator[str]:
    there = committed().get(_place(address))
    if there is None:
        yield f"{where} leads nowhere: {address}"
        return
    here = {variable.name for variable in board.variables}
    # A variable that is handed on as a whole brings its name with it.
    handed = set(KEPT.findall(address))
    set_there = {key.removeprefix("var-") for key, _ in parse_qsl(_query(address)) if key.startswith("var-")}
    if lacking := (handed - here) | ((handed | set_there) - {one.name for one in there.variables}):
        yield f"{where} hands on what is not known: {sorted(lacking)}"


def _place(address: str) -> str:
    return urlsplit(address).path.removeprefix("/d/")


def _query(address: str) -> str:
    return urlsplit(address).query


def _addresses(panel: Panel) -> Iterator[str]:
    """Give all addresses that values and titles of a panel lead to."""
    config: Mapping[str, Any] = panel.document.get("fieldConfig", {"defaults": {}, "overrides": ()})
    links = [*panel.document.get("links", ()), *config["defaults"].get("links", ())]
    for override in config["overrides"]:
        for looks in override["properties"]:
            links += looks["value"] if looks["id"] == "links" else []
    yield from (link["url"] for link in links)
