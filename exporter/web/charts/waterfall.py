"""The phases of a session, one below the other, each where the one before it ended."""

from collections.abc import Iterator, Sequence
from typing import Final

from markupsafe import Markup

from exporter.web.charts.scale import Axis, ticks
from exporter.web.charts.svg import bar, element, finite, percent, picture, shown, text
from exporter.web.charts.words import duration, share

ROW: Final = 24.0
THICK: Final = 14.0
HEAD: Final = 22.0
"""Pixels above the rows, for the axis."""
THIN: Final = 0.6
"""Percent of the width of the shortest bar: what took place can be seen."""
NAME: Final = 7
"""Letters of a phase for which there is room."""
MOST: Final = 0.5
"""Share of the whole from which on one phase is what takes long."""


def waterfall(phases: Sequence[tuple[str, float]], failed: str | None, name: str) -> Markup:
    """Draw phases, each with its seconds, one after the other; `failed` is the phase that failed, if any did.

    The failed phase need not be among the others: where its time is not known, its row has none.
    """
    known = [(phase, finite(seconds) or 0.0) for phase, seconds in phases]
    whole = sum(seconds for _, seconds in known)
    rows: list[tuple[str, float | None]] = [*known]
    if failed is not None and failed not in dict(known):
        rows.append((failed, None))
    height = HEAD + ROW * max(1, len(rows))
    inside = [*_grid(whole, height), *_rows(rows, failed, whole)]
    nothing = [] if rows else [text("No session yet", 50, height / 2, "middle muted")]
    return picture("waterfall", name, finding(known, failed), height, [*inside, *nothing])


def finding(phases: Sequence[tuple[str, float]], failed: str | None) -> str:
    """Say in words what the phases tell."""
    whole = sum(seconds for _, seconds in phases)
    each = ", ".join(f"{shown(phase)} {duration(seconds)}" for phase, seconds in phases)
    if failed is not None:
        after = f" after {duration(whole)}" if failed in dict(phases) else ""
        return f"The session failed in {shown(failed)}{after}" + (f": {each}." if each else ".")
    if not phases:
        return "No session has been tried yet."
    phase, most = max(phases, key=lambda one: one[1])
    told = f"The session took {duration(whole)}: {each}."
    if len(phases) > 1 and most >= MOST * whole > 0:
        return f"{told} Of that, {share(most, whole)} went into {shown(phase)}."
    return told


def _grid(whole: float, height: float) -> Iterator[Markup]:
    if not whole:
        return
    axis = Axis(low=0.0, high=whole)
    for value in (0.0, *ticks(axis)):
        x = 100 * axis.place(value)
        class_ = "start" if not value else "end" if x > 88 else "middle"
        yield element("line", x1=percent(x), x2=percent(x), y1=HEAD - 4, y2=height, class_="grid")
        yield text(duration(value) if value else "0", x, HEAD - 8, class_)


def _rows(rows: Sequence[tuple[str, float | None]], failed: str | None, whole: float) -> Iterator[Markup]:
    begun = 0.0
    for number, (phase, seconds) in enumerate(rows):
        top = HEAD + ROW * number
        base = top + ROW / 2 + 4
        broken = phase == failed
        strong = " strong" if broken else ""
        yield element("text", shown(phase)[:NAME], x=-6, y=base, class_=f"end{strong}")
        width = max(THIN, 100 * (seconds or 0.0) / whole) if whole else THIN
        left = min(100 * begun / whole if whole else 0.0, 100 - width)
        yield bar(left, top + (ROW - THICK) / 2, width, THICK, "phase failed" if broken else "phase")
        took = "failed" if seconds is None else duration(seconds)
        yield element(
            "text", f"✕ {took}" if broken else took, x="100%", dx=6, y=base, class_=f"start{strong}"
        )
        begun += seconds or 0.0
