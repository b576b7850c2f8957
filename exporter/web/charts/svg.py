"""The elements of a picture: SVG for the inside of a page, with nothing in it that a strict policy forbids.

A picture is as wide as its place and never scales its letters: what lies along the width is given in percent
of it, what lies along the height in pixels. Only outlines need a box of their own, which is stretched.
"""

import math
from collections.abc import Iterable
from hashlib import blake2s
from typing import Final, TypeAlias

from markupsafe import Markup

WIDTH: Final = 1000.0
"""Units that the box of an outline is wide."""
LONGEST: Final = 80
"""Letters of a name that are shown at most."""

Point: TypeAlias = tuple[float, float]
"""Percent of the width, and pixels from the top."""


def element(tag: str, *inside: str, **attributes: str | float) -> Markup:
    """Write one element; `class_` is the attribute class, other underscores are hyphens.

    What is inside is escaped where it is no Markup. Raises ValueError for a number that is none.
    """
    written = Markup().join(
        Markup(' {}="{}"').format(name.rstrip("_").replace("_", "-"), _written(value))
        for name, value in attributes.items()
    )
    return Markup("<{0}{1}>{2}</{0}>").format(tag, written, Markup().join(inside))


def picture(kind: str, name: str, finding: str, height: float, inside: Iterable[Markup]) -> Markup:
    """Frame a picture of `name`, with its finding in words for whoever does not see it.

    No two pictures on one page may have the same kind and name.
    """
    key = f"{kind}-{blake2s(name.encode(errors='replace'), digest_size=6).hexdigest()}"
    title = element("title", shown(name), id=f"{key}-title")
    described = element("desc", finding, id=f"{key}-desc")
    return element(
        "svg",
        title,
        described,
        *inside,
        class_=f"chart {kind}",
        role="img",
        aria_labelledby=f"{key}-title {key}-desc",
        width="100%",
        height=height,
    )


def outlines(height: float, *paths: Markup) -> Markup:
    """Give outlines the box that is stretched to the width of the picture."""
    return element(
        "svg",
        *paths,
        width="100%",
        height=height,
        viewBox=f"0 0 {_written(WIDTH)} {_written(height)}",
        preserveAspectRatio="none",
    )


def line(points: Iterable[Point], class_: str) -> Markup:
    """Draw a line through points, in a box for outlines."""
    return element("polyline", points=_placed(points), class_=class_)


def area(points: Iterable[Point], class_: str) -> Markup:
    """Fill what points enclose, in a box for outlines."""
    return element("polygon", points=_placed(points), class_=class_)


def bar(x: float, y: float, width: float, height: float, class_: str) -> Markup:
    """Draw a bar; `x` and `width` are percent of the width."""
    return element("rect", x=percent(x), y=y, width=percent(width), height=height, class_=class_)


def text(words: str, x: float, y: float, class_: str = "") -> Markup:
    """Write words at a place, with their base line at `y`."""
    return element("text", words, x=percent(x), y=y, class_=class_)


def percent(share: float) -> str:
    """Write a part of the width."""
    return f"{_written(share)}%"


def shown(name: str) -> str:
    """Give a name as it can be shown: not endless, and without what no document may have in it."""
    cut = name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in cut)


def finite(value: float | None) -> float | None:
    """Give a value that can be drawn: None for what is no number, infinite or less than nothing."""
    return value if value is not None and math.isfinite(value) and value >= 0 else None


def _placed(points: Iterable[Point]) -> str:
    return " ".join(f"{_written(x * WIDTH / 100)},{_written(y)}" for x, y in points)


def _written(value: str | float) -> str:
    if isinstance(value, str):
        return value
    if not math.isfinite(value):
        raise ValueError(f"{value} is nowhere in a picture")
    return f"{value:.2f}".rstrip("0").rstrip(".")
