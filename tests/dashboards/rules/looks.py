"""Rules of how values look."""

import re
from collections.abc import Iterator
from typing import Any, Final

from grafana_foundation_sdk.models import units

from grafana.generator.palette import Colour
from tests.dashboards.boards import Board, Panel
from tests.dashboards.rules.questions import named

UNITS: Final = frozenset(value for value in vars(units).values() if isinstance(value, str))
OWN: Final = re.compile(r"suffix:/\w+")
"""What Grafana writes behind a number as it is told, and so has since before 10."""
PALETTE: Final = frozenset({*Colour, "transparent"})
"""Transparent is what has none."""
MODES: Final = frozenset({"thresholds", "fixed", "palette-classic", "palette-classic-by-name"})
"""Ways of colouring that Grafana has had since 10.0; the palette for the colour-blind came with 13."""
SCHEMES: Final = frozenset({"Cividis", "Viridis"})
"""Of heatmaps: those that are told apart whatever colours one sees, and that were always there."""


def units_that_there_are(board: Board) -> Iterator[str]:
    """Every value has a unit that Grafana knows."""
    for panel in board.panels:
        for unit in _of(panel, "unit"):
            if unit not in UNITS and not OWN.fullmatch(unit):
                yield f"{named(panel)} is in {unit!r}, which is no unit"
        if panel.kind != "text" and "unit" not in panel.document["fieldConfig"]["defaults"]:
            yield f"{named(panel)} has no unit"


def colours_of_the_palette(board: Board) -> Iterator[str]:
    """Colours are those that people tell apart who do not see all of them."""
    for panel in board.panels:
        for colour in _colours(panel.document.get("fieldConfig", {})):
            if colour not in PALETTE:
                yield f"{named(panel)} is coloured {colour!r}"
    for mark in board.marks:
        if mark.colour not in PALETTE:
            yield f"annotation {mark.name} is coloured {mark.colour!r}"


def colour_modes_that_all_know(board: Board) -> Iterator[str]:
    """Ways of colouring are known to every Grafana since 10."""
    for panel in board.panels:
        for colour in _of(panel, "color"):
            if colour["mode"] not in MODES:
                yield f"{named(panel)} is coloured by {colour['mode']!r}"
        scheme = panel.document.get("options", {}).get("color", {}).get("scheme")
        if panel.kind == "heatmap" and scheme not in SCHEMES:
            yield f"{named(panel)} is coloured by {scheme!r}"


def _of(panel: Panel, name: str) -> Iterator[Any]:
    """Give what a panel says of something, for all values and for some."""
    config = panel.document.get("fieldConfig", {"defaults": {}, "overrides": ()})
    if name in config["defaults"]:
        yield config["defaults"][name]
    for override in config["overrides"]:
        yield from (looks["value"] for looks in override["properties"] if looks["id"] == name)


def _colours(part: Any) -> Iterator[str]:
    """Give every colour that is named anywhere."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key in {"color", "fixedColor"} and isinstance(value, str):
                yield value
            yield from _colours(value)
    elif isinstance(part, list):
        for one in part:
            yield from _colours(one)
