"""What is drawn on: a page measured in pixels from its upper left corner."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from PIL import Image

DOTS: Final = 100
"""To the inch."""
POINTS: Final = 72 / DOTS
INK: Final = "#24292F"
PALE: Final = "#6A737D"
LINE: Final = "#D8DEE4"
PAGE: Final = "#F4F5F7"
WHITE: Final = "#FFFFFF"
COLOURS: Final = 256
"""That a picture has in all, so that it is small."""
FIRST: Final = 96
"""Of them, those that there is most of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A rectangle on the page, in pixels."""

    x: float
    y: float
    w: float
    h: float

    def without(self, *, left: float = 0, top: float = 0, right: float = 0, bottom: float = 0) -> "Area":
        """Leave so much out at each side."""
        return Area(x=self.x + left, y=self.y + top, w=self.w - left - right, h=self.h - top - bottom)

    def tiles(self, across: int, down: int, gap: float = 6) -> "Iterator[Area]":
        """Divide it, row by row."""
        w, h = (self.w - gap * (across - 1)) / across, (self.h - gap * (down - 1)) / down
        for row in range(down):
            for column in range(across):
                yield Area(x=self.x + column * (w + gap), y=self.y + row * (h + gap), w=w, h=h)


class Paper:
    """A page of so many pixels."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._figure = Figure(figsize=(width / DOTS, height / DOTS), dpi=DOTS, facecolor=PAGE)
        FigureCanvasAgg(self._figure)
        self._page = self._figure.add_axes((0, 0, 1, 1))
        self._page.set(xlim=(0, width), ylim=(height, 0))
        self._page.set_axis_off()

    def box(self, area: Area, fill: str, edge: str = "none", alpha: float = 1.0) -> None:
        """Fill a rectangle."""
        wide = 0.0 if edge == "none" else 0.8
        corner = (area.x, area.y)
        self._page.add_patch(
            Rectangle(corner, area.w, area.h, facecolor=fill, edgecolor=edge, alpha=alpha, lw=wide)
        )

    def write(
        self,
        text: str,
        x: float,
        y: float,
        *,
        size: float = 13,
        colour: str = INK,
        bold: bool = False,
        align: Literal["left", "center", "right"] = "left",
        within: float | None = None,
    ) -> None:
        """Write a line whose middle is at `y`; what is longer than `within` is cut, and ends in dots."""
        if within is not None:
            text = fitted(text, within, size, bold)
        self._page.text(
            x, y + 0.36 * size, text, color=colour, ha=align, va="baseline", parse_math=False,
            fontproperties=_font(size, bold),
        )  # fmt: skip

    def axes(self, area: Area) -> Axes:
        """Give axes over a rectangle."""
        return self._figure.add_axes(
            (
                area.x / self.width,
                1 - (area.y + area.h) / self.height,
                area.w / self.width,
                area.h / self.height,
            )
        )

    def save(self, path: Path) -> None:
        """Write a PNG with few colours."""
        content = io.BytesIO()
        self._figure.savefig(content, format="rgba")
        pixels = np.frombuffer(content.getbuffer(), np.uint32).reshape(self.height, self.width)
        _fewer(pixels & np.uint32(0xFFFFFF)).save(path, optimize=True)


def width(text: str, size: float = 13, bold: bool = False) -> float:
    """Give the width of a line in pixels."""
    return sum(_advance(character, size, bold) for character in text)


def fitted(text: str, within: float, size: float = 13, bold: bool = False) -> str:
    """Cut a line so that it is no longer than that."""
    if width(text, size, bold) <= within:
        return text
    while text and width(text + "…", size, bold) > within:
        text = text[:-1]
    return text.rstrip() + "…"


def broken(text: str, within: float, size: float = 13, bold: bool = False) -> list[str]:
    """Break text into lines that are no longer than that, between words."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width(longer, size, bold) <= within:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _fewer(colours: NDArray[np.uint32]) -> Image.Image:
    """Keep some colours, and make the others those that are next to them."""
    counts = np.bincount(colours.ravel(), minlength=1 << 24)
    found = np.flatnonzero(counts)
    found = found[np.argsort(-counts[found], kind="stable")]
    kept, chosen = _kept(_parts(found))
    nearest = np.zeros(len(counts), dtype=np.uint8)
    nearest[found] = chosen
    picture = Image.fromarray(nearest[colours], mode="P")
    picture.putpalette(kept.astype(np.uint8).tobytes())
    return picture


def _kept(found: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Keep the first colours, then always the one that is the furthest from those kept so far.

    Gives them, and for each colour which of them is the nearest.
    """
    kept: list[NDArray[np.int64]] = []
    apart = np.full(len(found), np.iinfo(np.int64).max)
    nearest = np.zeros(len(found), dtype=np.int64)
    while len(kept) < COLOURS and apart.any():
        place = len(kept) if len(kept) < FIRST else int(apart.argmax())
        distance = np.square(found - found[place]).sum(axis=1)
        nearest[distance < apart] = len(kept)
        apart = np.minimum(apart, distance)
        kept.append(found[place])
    return np.array(kept), nearest


def _parts(colours: NDArray[np.int64]) -> NDArray[np.int64]:
    """Take red, green and blue apart; red is the lowest byte."""
    return np.stack([colours & 255, colours >> 8 & 255, colours >> 16 & 255], axis=-1)


@cache
def _font(size: float, bold: bool) -> FontProperties:
    return FontProperties(family="DejaVu Sans", size=size * POINTS, weight="bold" if bold else "normal")


@cache
def _advance(character: str, size: float, bold: bool) -> float:
    """Measure one character; lines are as long as their characters, but for kerning."""
    renderer = RendererAgg(1, 1, DOTS)  # type: ignore[no-untyped-call]  # it has none, nor has its method
    of_many = renderer.get_text_width_height_descent(character * 20, _font(size, bold), False)  # type: ignore[no-untyped-call]
    return float(of_many[0]) / 20
