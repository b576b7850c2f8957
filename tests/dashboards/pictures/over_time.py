"""Axes over time: moments beneath, what happened behind."""

import datetime
from collections.abc import Iterable, Iterator
from typing import Final

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator

from tests.dashboards.pictures.paper import LINE, PALE, POINTS, Area, Paper, width
from tests.dashboards.pictures.telling import Event, Told

LEFT: Final = 70
"""Pixels for what stands at the left of the axes."""
BENEATH: Final = 22
SMALL: Final = 11.5
STEPS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)
"""Seconds from one moment that is written to the next."""
SHADE: Final = "#5B6B7B"


def axes(paper: Paper, area: Area, told: Told, left: float = LEFT) -> Axes:
    """Give axes with the range of time, in the area without what stands at the left and beneath."""
    inner = area.without(left=left, right=14, top=4, bottom=BENEATH)
    made = paper.axes(inner)
    made.set_xlim(told.times.begin, told.times.end)
    _moments(made, told, inner.w)
    made.tick_params(labelsize=SMALL * POINTS, labelcolor=PALE, length=0, pad=4)
    made.set_axisbelow(True)
    made.grid(color=LINE, linewidth=0.6)
    for name, spine in made.spines.items():
        spine.set_visible(name in ("left", "bottom"))
        spine.set_color(LINE)
    return made


def behind(made: Axes, told: Told, *, marked: bool = True) -> None:
    """Show chapters, with their numbers at the top, and what annotations mark."""
    across = made.get_xaxis_transform()
    for number, chapter in enumerate(told.chapters, 1):
        if number % 2 == 0:
            made.axvspan(chapter.begin, chapter.end, color=SHADE, alpha=0.07, lw=0, zorder=0.1)
        middle = (chapter.begin + chapter.end) / 2
        made.text(
            middle, 0.99, str(number), transform=across, color=PALE, alpha=0.8, ha="center", va="top",
            fontsize=SMALL * 0.8 * POINTS, clip_on=True, zorder=4,
        )  # fmt: skip
    for colour in dict.fromkeys(event.colour for event in told.events if marked):
        mine = [event for event in told.events if event.colour == colour]
        for begin, end in joined(mine):
            _marked(made, begin, end, colour)


def joined(events: Iterable[Event]) -> Iterator[tuple[float, float]]:
    """Give the times at which there is any of the events."""
    begin, end = None, 0.0
    for event in sorted(events, key=lambda one: one.begin):
        if begin is None or event.begin > end:
            if begin is not None:
                yield begin, end
            begin, end = event.begin, event.end
        end = max(end, event.end)
    if begin is not None:
        yield begin, end


def _marked(made: Axes, begin: float, end: float, colour: str) -> None:
    """Mark a span with lines at its ends and a bar beneath it, and a moment with one line."""
    for moment in {begin, end}:
        made.axvline(moment, color=colour, linewidth=0.8, linestyle=(0, (3, 3)), alpha=0.7, zorder=1)
    if end > begin:
        made.axvspan(begin, end, color=colour, alpha=0.06, lw=0, zorder=0.2)
        made.axvspan(begin, end, ymin=-0.022, ymax=0, color=colour, lw=0, clip_on=False, zorder=3)


def _moments(made: Axes, told: Told, room: float) -> None:
    """Write as many round moments as there is room for, in UTC."""
    begin, end = told.times.begin, told.times.end
    form = "%H:%M:%S" if end - begin < 600 else "%H:%M" if end - begin < 172800 else "%m-%d"
    most = max(2, room / (width("00:00:00", SMALL) + 24))
    step = next((step for step in STEPS if (end - begin) / step <= most), STEPS[-1])
    first = -(-begin // step) * step
    places = [first + step * number for number in range(int((end - first) // step) + 1)]
    texts = [datetime.datetime.fromtimestamp(place, datetime.UTC).strftime(form) for place in places]
    made.xaxis.set_major_locator(FixedLocator(places))
    made.set_xticks(places, texts)
