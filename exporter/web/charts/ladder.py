"""How long a connection may be silent: what was tried, what it survived, and where the timeout must be."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from exporter.web.charts.scale import Logarithmic
from exporter.web.charts.svg import bar, element, finite, percent, picture, text
from exporter.web.charts.words import duration

ROUND: Final = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0, 604800.0)
"""Seconds that have a tick."""
MOST_TICKS: Final = 5
NOTHING: Final = "No silence has been tried yet"
WORDS: Final = 13.0
"""Pixels from the top to the line of words."""
TRACK: Final = 22.0
THICK: Final = 18.0
ADVICE: Final = TRACK + THICK + 16.0
"""Pixels from the top to the first line of advice; the second is a line below."""
LINE: Final = 17.0
FOOT: Final = ADVICE + LINE + 8.0
HEIGHT: Final = FOOT + 18.0
APART: Final = 5.0
"""Percent of the width between two signs that can be told apart."""
THIN: Final = 1.0
"""Percent of the width of the narrowest bracket."""
ROOM: Final = 1.6
"""Times the shortest and the longest value by which the axis goes on."""
SURVIVED, ENDED, UNKNOWN = "✓", "✕", "○"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What is drawn: silences in seconds; `rungs`, from short to long, are those that are tried."""

    rungs: Sequence[float]
    survived: float | None
    killed: float | None
    keepalive: float | None
    recycle: float | None

    @property
    def values(self) -> list[float]:
        """Every silence there is to be seen."""
        named = (self.survived, self.killed, self.keepalive, self.recycle)
        return [*self.rungs, *(value for value in named if value is not None)]


def ladder(  # noqa: PLR0917  templates call it by position
    rungs: Sequence[float],
    survived: float | None,
    killed: float | None,
    recycle: float | None,
    keepalive: float | None,
    name: str,
) -> Markup:
    """Draw what silences of connections came to, all in seconds on a logarithmic axis.

    `rungs` are those that are tried. `survived` is the longest that did no harm and `killed` the shortest
    that ended a connection; the timeout is between them. `recycle` (pool_recycle) and `keepalive` are what
    to set.
    """
    known = _Known(
        rungs=sorted(seconds for seconds in rungs if finite(seconds)),
        survived=finite(survived) or None,
        killed=finite(killed) or None,
        recycle=finite(recycle) or None,
        keepalive=finite(keepalive) or None,
    )
    return picture("ladder", name, _finding(known), HEIGHT, _drawn(known) if known.values else [_nothing()])


def _nothing() -> Markup:
    return text(NOTHING, 50, HEIGHT / 2, "middle muted")


def _finding(known: _Known) -> str:
    told = [f"Silence on a connection: {_timeout(known)}." if known.values else f"{NOTHING}."]
    if known.keepalive is not None:
        told.append(f"Set TCP keepalive to {duration(known.keepalive)}.")
    if known.recycle is not None:
        told.append(f"Set pool_recycle to {duration(known.recycle)}.")
    return " ".join(told)


def _timeout(known: _Known) -> str:
    """Say in a few words what is known of the timeout."""
    survived = None if known.survived is None else duration(known.survived)
    killed = None if known.killed is None else duration(known.killed)
    if killed is None:
        return "the timeout is not known" if survived is None else f"survived up to {survived}"
    if survived in (None, killed):
        return f"ended after {killed}"
    return f"survived {survived}, ended after {killed}"


def _drawn(known: _Known) -> Iterator[Markup]:
    axis = Logarithmic(low=min(known.values) / ROOM, high=max(known.values) * ROOM)
    yield text(_timeout(known), 0, WORDS, "start strong")
    yield from _track(known, axis)
    yield from _rungs(known, axis)
    for number, (label, value) in enumerate(
        (("keepalive", known.keepalive), ("pool_recycle", known.recycle))
    ):
        if value is not None:
            yield from _advice(label, value, 100 * axis.place(value), ADVICE + LINE * number)
    yield from _ticks(axis)


def _track(known: _Known, axis: Logarithmic) -> Iterator[Markup]:
    """Draw what is safe, what is not known, and what is deadly, from left to right."""
    safe = 100 * axis.place(known.survived) if known.survived is not None else 0.0
    deadly = 100 * axis.place(known.killed) if known.killed is not None else 100.0
    safe, deadly = min(safe, deadly), max(safe, deadly, min(safe + THIN, 100.0))
    unknown = "between" if known.killed is not None else "gap"
    parts = (("safe", 0.0, safe), (unknown, safe, deadly), ("deadly", deadly, 100.0))
    for class_, left, right in parts:
        if right > left:
            yield bar(left, TRACK, right - left, THICK, class_)


def _rungs(known: _Known, axis: Logarithmic) -> Iterator[Markup]:
    """Draw a sign for each silence; of those that are too close together, the first."""
    last = -APART
    for seconds in known.rungs:
        place = 100 * axis.place(seconds)
        if place - last >= APART:
            yield text(_sign(known, seconds), place, TRACK + THICK / 2 + 5, "rung")
            last = place


def _sign(known: _Known, seconds: float) -> str:
    if known.killed is not None and seconds >= known.killed:
        return ENDED
    return SURVIVED if known.survived is not None and seconds <= known.survived else UNKNOWN


def _advice(label: str, value: float, place: float, base: float) -> Iterator[Markup]:
    """Point at what is to be set, with the words on the side that has more room."""
    yield element(
        "line", x1=percent(place), x2=percent(place), y1=TRACK + THICK, y2=base - 9, class_="advice"
    )
    words = f"{label} {duration(value)}"
    if place < 50:
        yield element("text", f"▲ {words}", x=percent(place), dx=-5, y=base, class_="start advice")
    else:
        yield element("text", f"{words} ▲", x=percent(place), dx=5, y=base, class_="end advice")


def _ticks(axis: Logarithmic) -> Iterator[Markup]:
    yield element("line", x1="0%", x2="100%", y1=FOOT, y2=FOOT, class_="axis")
    values = [value for value in ROUND if axis.low <= value <= axis.high]
    every = -(-len(values) // MOST_TICKS)
    for value in values[:: every or 1]:
        place = 100 * axis.place(value)
        class_ = "start" if place < 6 else "end" if place > 92 else "middle"
        yield element("line", x1=percent(place), x2=percent(place), y1=FOOT, y2=FOOT + 4, class_="axis")
        yield text(duration(value), place, HEIGHT - 3, class_)
