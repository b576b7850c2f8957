"""What is told of a dashboard: the answers to all its questions, and what happened when."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tests.dashboards.asking import POINTS_OF_MARKS, Answer, Range, Series, answer, chosen, legend, marked
from tests.dashboards.boards import Board, Mark, Panel
from tests.dashboards.pictures.fields import Numbers
from tests.servers.prometheus import Prometheus


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A part of the story, in seconds since 1970."""

    name: str
    begin: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What an annotation marks; where it `begin`s and `end`s at once, a moment."""

    title: str
    colour: str
    begin: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """All answers: by the panel's number and the question's letter."""

    times: Range
    chapters: tuple[Chapter, ...]
    answers: Mapping[int, Mapping[str, Answer]]
    events: tuple[Event, ...]

    def moments(self, panel: Panel) -> Numbers:
        """Give the moments that a panel asks about: what has no value at one of them has a gap there."""
        step = self.times.interval(panel.points)
        first, last = (int(moment // step) for moment in (self.times.begin, self.times.end))
        return np.arange(first, last + 1, dtype=np.float64) * np.float64(step)


def told(
    prometheus: Prometheus, board: Board, times: Range, chapters: Sequence[Chapter], target: str
) -> Told:
    """Ask everything that a dashboard asks; ValueError for what is refused."""
    choice = chosen(board, target)
    answers = {
        panel.number: {
            query.letter: _heard(answer(prometheus, query, panel, times, choice), panel.title)
            for query in panel.queries
        }
        for panel in board.panels
    }
    events = [
        event
        for mark in board.marks
        for event in marks(mark, _heard(marked(prometheus, mark, times, choice), mark.name), times)
    ]
    return Told(times=times, chapters=tuple(chapters), answers=answers, events=tuple(events))


def marks(mark: Mark, heard: Answer, times: Range) -> Iterator[Event]:
    """Make events of an annotation's series: from the first of its points to the last without a gap."""
    step = times.interval(POINTS_OF_MARKS, mark.step)
    for series in heard.series:
        title = legend(mark.title, series.labels)
        for begin, end in spans(series, step):
            yield Event(title=title, colour=mark.colour, begin=begin, end=end)


def spans(series: Series, step: float) -> list[tuple[float, float]]:
    """Give when a series has values other than 0 at each step."""
    found: list[tuple[float, float]] = []
    for moment, value in series.points:
        if value and found and moment - found[-1][1] <= step * 1.01:
            found[-1] = (found[-1][0], moment)
        elif value:
            found.append((moment, moment))
    return found


def _heard(heard: Answer, what: str) -> Answer:
    if heard.refusal:
        raise ValueError(f"{what}: {heard.refusal}")
    return heard
