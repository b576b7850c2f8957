"""Colours that people tell apart who do not see all of them: the palette of Okabe and Ito (2008)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Colour(StrEnum):
    """The colours there are, as Grafana writes them."""

    BLUE = "#0072B2"
    SKY = "#56B4E9"
    GREEN = "#009E73"
    YELLOW = "#F0E442"
    ORANGE = "#E69F00"
    VERMILION = "#D55E00"
    PURPLE = "#CC79A7"
    GREY = "#8E8E8E"


GOOD: Final = Colour.BLUE
WARNING: Final = Colour.ORANGE
CRITICAL: Final = Colour.VERMILION
QUIET: Final = Colour.GREY
"""What is neither good nor bad."""
IN_TURN: Final = (
    Colour.BLUE,
    Colour.ORANGE,
    Colour.GREEN,
    Colour.PURPLE,
    Colour.SKY,
    Colour.VERMILION,
    Colour.YELLOW,
    Colour.GREY,
)
"""For what has no meaning of its own, one after the other."""
PROBES: Final[Mapping[str, Colour]] = {
    "sentinel": Colour.BLUE,
    "pool": Colour.ORANGE,
    "server": Colour.GREEN,
    "idle": QUIET,
}
"""Of the probes that hold connections. Those of the idle probe are meant to drop."""
