"""Colours of series that have none of their own.

Grafana takes them from a palette by the series' name, and two names may meet at one colour there. Here a name
has the same colour in all panels, too, but for those that would meet.
"""

import zlib
from collections.abc import Iterable, Mapping
from typing import Final

COLOURS: Final = (
    "#1F77B4", "#D62728", "#2CA02C", "#9467BD", "#FF7F0E", "#17BECF", "#8C564B", "#E377C2", "#7F7F7F",
    "#A5A521", "#0B3C6F", "#8B0000", "#145A32", "#4A148C", "#B8860B", "#00796B", "#C2185B", "#5D4037",
)  # fmt: skip


def by_name(names: Iterable[str]) -> Mapping[str, str]:
    """Give each name its colour; names meet only where there are more than colours."""
    found: dict[str, int] = {}
    for name in sorted(set(names)):
        place = zlib.crc32(name.encode()) % len(COLOURS)
        while place in found.values() and len(found) < len(COLOURS):
            place = (place + 1) % len(COLOURS)
        found[name] = place
    return {name: COLOURS[place] for name, place in found.items()}


def readable(background: str) -> str:
    """Give the colour of text on a background."""
    red, green, blue = (int(background[place : place + 2], 16) for place in (1, 3, 5))
    return "#FFFFFF" if 0.299 * red + 0.587 * green + 0.114 * blue < 150 else "#1F2328"
