"""Reading pictures, and the series of bins that they are drawn of."""

import math
from collections.abc import Sequence
from dataclasses import replace
from xml.etree import ElementTree

from markupsafe import Markup

from exporter.model.trend import Bin

ENDS = 1_790_000_100.0
"""2026-09-21 14:15:00 UTC."""


def a_bin(started: float, delay: float | None = 0.012, sent: int = 60, lost: int = 0) -> Bin:
    low, high, most = (None if delay is None else delay * factor for factor in (0.8, 1.5, 2.0))
    return Bin(started=started, sent=sent, lost=lost, least=low, median=delay, high=high, most=most)


def bins(count: int, seconds: float = 60.0, delay: float = 0.012) -> list[Bin]:
    return [a_bin(ENDS - (count - number) * seconds, delay) for number in range(count)]


def all_lost(one: Bin) -> Bin:
    return replace(one, lost=one.sent, least=None, median=None, high=None, most=None)


def drawn(picture: Markup) -> ElementTree.Element:
    """Read a picture as XML, which is stricter than HTML."""
    return ElementTree.fromstring(str(picture))  # noqa: S314  our own picture


def of(picture: Markup, class_: str) -> list[ElementTree.Element]:
    return [each for each in drawn(picture).iter() if class_ in each.get("class", "").split()]


def told(picture: Markup) -> str:
    """Give the finding with plain spaces."""
    description = drawn(picture).find("desc")
    assert description is not None
    assert description.text
    return description.text.replace("\N{NO-BREAK SPACE}", " ")


def words(picture: Markup) -> list[str]:
    return [str(each.text).replace("\N{NO-BREAK SPACE}", " ") for each in drawn(picture).iter("text")]


def share_of_width(rect: ElementTree.Element) -> tuple[float, float]:
    return float(rect.attrib["x"].rstrip("%")), float(rect.attrib["width"].rstrip("%"))


OUTLIER = [*bins(30)[:-1], replace(bins(30)[-1], most=45.0)]
GAP = [one for number, one in enumerate(bins(60)) if not 20 <= number < 40]
ODD = [
    replace(a_bin(ENDS - 120), median=math.nan),
    replace(a_bin(ENDS - 60), least=None, high=math.inf, most=-1.0),
]
SERIES: dict[str, Sequence[Bin]] = {
    "nothing": [],
    "one": bins(1),
    "two": bins(2),
    "an hour": bins(60),
    "two days": bins(96, 1800),
    "a moment": bins(3, 0.001),
    "no delay at all": bins(5, delay=0.0),
    "outlier": OUTLIER,
    "gap": GAP,
    "short gap": bins(60)[:30] + bins(60)[35:],
    "nothing was sent": [replace(one, sent=0, median=None) for one in bins(5)],
    "not decided yet": [a_bin(ENDS - 60, None)],
    "all lost": [all_lost(one) for one in bins(60)],
    "some lost": [replace(one, lost=number % 7) for number, one in enumerate(bins(60))],
    "no number": ODD,
    "unordered": list(reversed(bins(9))),
    "after the end": [*bins(5), a_bin(ENDS + 60)],
}
RUNGS = [30.0, 60.0, 120.0, 240.0, 360.0, 365.0, 900.0]
"""Seconds of silence that are tried."""
