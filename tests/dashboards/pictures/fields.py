"""The series of a panel, each with its name and its looks."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.dashboards.asking import Answer, Series, named
from tests.dashboards.boards import Panel
from tests.dashboards.pictures.looks import Looks, looks
from tests.dashboards.pictures.palette import by_name

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A series as it is drawn; times are in seconds since 1970, `colour` is that of all of it."""

    name: str
    times: Numbers
    values: Numbers
    looks: Looks
    colour: str

    @property
    def last(self) -> float:
        """Give the latest value."""
        return float(self.values[-1])


def fields(panel: Panel, answers: Mapping[str, Answer]) -> list[Field]:
    """Name all series that a panel's questions were answered with, in the questions' order."""
    found = [
        (named(query, series.labels), query.letter, series)
        for query in panel.queries
        for series in answers[query.letter].series
    ]
    colours = by_name(name for name, _, _ in found)
    return [_field(panel, name, letter, series, colours[name]) for name, letter, series in found]


def _field(panel: Panel, name: str, letter: str, series: Series, colour: str) -> Field:
    points, own = np.array(series.points, dtype=float), looks(panel.document, name, letter)
    return Field(
        name=name,
        times=points[:, 0],
        values=points[:, 1],
        looks=own,
        colour=own.fixed if own.colouring == "fixed" else colour,
    )


def on(moments: Numbers, points: Numbers) -> Numbers:
    """Put points, pairs of moment and value, where they belong; NaN where there is none."""
    values = np.full(len(moments), np.nan)
    step = moments[1] - moments[0]
    places = np.rint((points[:, 0] - moments[0]) / step).astype(int)
    values[places] = points[:, 1]
    return values
