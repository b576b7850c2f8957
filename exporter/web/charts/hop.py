"""One hop of a path in one line of a table: its delay on the scale of the whole path, and its loss."""

from collections.abc import Iterator
from typing import Final

from markupsafe import Markup

from exporter.web.charts.scale import LEAST, Logarithmic
from exporter.web.charts.smoke import loss_class
from exporter.web.charts.svg import bar, finite, picture
from exporter.web.charts.words import duration

HEIGHT: Final = 18.0
ROOM: Final = 12.0
"""Pixels for the delay; the rest is for loss."""
THIN: Final = 0.8
"""Percent of the width of the mark at the mean, and of the narrowest bar."""


def hop(
    best: float | None,
    mean: float | None,
    worst: float | None,
    *,
    loss: float,
    shortest: float,
    longest: float,
    name: str,
) -> Markup:
    """Draw the delays of a hop in seconds, None where it never answered, and its `loss`, 0 to 1.

    `shortest` and `longest` are those of the whole path: its hops share a logarithmic scale, on which one
    long delay leaves room for the others.
    """
    lost = min(1.0, finite(loss) or 0.0)
    low = max(LEAST, finite(shortest) or LEAST)
    axis = Logarithmic(low=low, high=max(2 * low, finite(longest) or low))
    values = [value for each in (best, mean, worst) if (value := finite(each)) is not None]
    middle = finite(mean)
    inside = [*_delays(values, middle, axis), *(_loss(lost) if values else ())]
    return picture("hop", name, _finding(values, middle, lost), HEIGHT, inside)


def _finding(values: list[float], middle: float | None, lost: float) -> str:
    if not values:
        return "This hop does not answer."
    usual = f"{duration(middle)} on average, " if middle is not None else ""
    told = f"{usual}{duration(min(values))} to {duration(max(values))}"
    return f"{told}, {round(100 * lost)}\N{NO-BREAK SPACE}% unanswered." if lost else f"{told}."


def _delays(values: list[float], middle: float | None, axis: Logarithmic) -> Iterator[Markup]:
    if not values:
        yield bar(0, 0, 100, ROOM, "gap")
        return
    left, right = (100 * axis.place(each(values)) for each in (min, max))
    left = min(left, 100 - THIN)
    yield bar(left, 2, max(THIN, right - left), ROOM - 4, "range")
    if middle is not None:
        yield bar(min(100 * axis.place(middle), 100 - THIN), 0, THIN, ROOM, "middle-mark")


def _loss(lost: float) -> Iterator[Markup]:
    """Draw loss as a bar along the foot, as long as its share."""
    if lost:
        yield bar(0, ROOM + 1, 100 * lost, HEIGHT - ROOM - 1, loss_class(lost))
