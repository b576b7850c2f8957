"""Questions about one target as seen from one place.

An exporter need not have a `vantage`, so a place is told by that and by `instance`.
"""

from typing import Final

from grafana.generator.palette import Colour
from grafana.generator.panel import Word
from grafana.generator.questions import TARGET, Subject

PLACE: Final = Subject(by=("target", "vantage", "instance"), named="{{target}} {{vantage}} {{instance}}")
"""One target from one place."""
SUFFERS: Final = PLACE.latest("conndrop_incident_active")
"""1 for a place at which there is an incident, else 0."""
CAUSES: Final = PLACE.latest("conndrop_incident_active", "cause")
"""The same for each cause."""
SHUT_OUT: Final = f"1 - {PLACE.least('conndrop_up')}"
"""1 for a place whose latest session did not get in, else 0."""

NOBODY, SOME, ALL, ONLY = range(4)
SEEN_FROM: Final = {
    NOBODY: Word(text="nowhere", colour=Colour.BLUE),
    SOME: Word(text="some places", colour=Colour.ORANGE),
    ALL: Word(text="all places", colour=Colour.VERMILION),
    ONLY: Word(text="the only place", colour=Colour.PURPLE),
}
"""What `verdict` gives: with one place only there is no telling whether others would see the same."""


def verdict(bad: str) -> str:
    """Ask of each target from where something is so; `bad` is 1 or 0 for each place."""
    some = f"(sum {TARGET.each()} ({bad}) > bool 0)"
    all_of_them = f"(sum {TARGET.each()} ({bad}) == bool count {TARGET.each()} ({bad}))"
    only = f"(count {TARGET.each()} ({bad}) == bool 1)"
    return f"{some} + {all_of_them} * (1 + {only})"


def apart(values: str) -> str:
    """Ask how far apart the places are; `values` has one for each.

    To a millionth: interpolated quantiles that are alike differ in their last bits.
    """
    return f"round(max {TARGET.each()} ({values}) - min {TARGET.each()} ({values}), 1e-6)"


JUDGED: Final = "vantage:conndrop_trouble:verdict"
"""What the rules of conndrop-vantages.yml make of it: too much to ask for at each look."""
WHERE: Final = {
    "server": Word(text="the server", colour=Colour.VERMILION),
    "path": Word(text="the way from there", colour=Colour.ORANGE),
    "here": Word(text="this place", colour=Colour.PURPLE),
}
"""Where to look, by the label `verdict`."""


def judged() -> str:
    """Ask where to look, for each place that has trouble: the number of a verdict in `WHERE`, from 1 on."""
    found = (PLACE.latest(JUDGED, having=f'verdict="{verdict}"') for verdict in WHERE)
    return " or ".join(f"{number} * {one}" for number, one in enumerate(found, 1))
