"""What is shown, as parts without a width yet: a text, what stands before it, and its tone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from textwrap import TextWrapper
from typing import Final

from exporter.model import harmless

LONGEST: Final = 1000
"""Characters of one text; what is to be copied is whole."""
NARROWEST: Final = 12
"""Columns that a text gets at least, however narrow the terminal is."""
SPELT: Final = str.maketrans(
    {
        "✓": "ok",
        "✗": "!!",
        "·": "..",
        "—": "--",
        "…": "...",
        "█": "#",
        "░": ".",
        "µ": "u",
        "→": "->",
        "\N{MULTIPLICATION SIGN}": "x",
        "≥": ">=",
        "≤": "<=",
        "“": '"',
        "”": '"',
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    }
)
"""How our own signs are spelt where there is nothing but ASCII."""


class Tone(StrEnum):
    """How a text is meant; colours follow from it, and nothing else does."""

    PLAIN = "plain"
    STRONG = "strong"
    FAINT = "faint"
    GOOD = "good"
    NOTICE = "notice"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Part:
    """A paragraph: further lines of `text` stand under the first one, behind `lead`.

    The tone is that of the lead, or of the text where there is no lead. `copy` is to be copied: it keeps its
    lines, however long they are.
    """

    text: str = ""
    lead: str = ""
    tone: Tone = Tone.PLAIN
    copy: bool = False


Span = tuple[str, Tone]
Line = tuple[Span, ...]
"""One line: texts, each with its tone."""


def lined(parts: Iterable[Part], width: int, *, ascii_only: bool = False) -> Iterator[Line]:
    """Break parts into lines of so many columns; no character of a peer does anything but stand there."""
    for part in parts:
        if part.copy:
            yield from (((f"{part.lead}{harmless(line)}", part.tone),) for line in part.text.splitlines())
        else:
            yield from _broken(part, width, ascii_only=ascii_only)


def written(line: Line) -> str:
    """Give a line without its tones."""
    return "".join(text for text, _ in line).rstrip()


def legible(text: str, *, ascii_only: bool = False) -> str:
    """Make a text fit for a terminal: one line, of a sane length."""
    told = harmless(text.replace("\N{NO-BREAK SPACE}", " "))
    told = told if len(told) <= LONGEST else told[: LONGEST - 1] + "…"
    return told.translate(SPELT).encode("ascii", "backslashreplace").decode() if ascii_only else told


def _broken(part: Part, width: int, *, ascii_only: bool) -> Iterator[Line]:
    lead, text = legible(part.lead, ascii_only=ascii_only), legible(part.text, ascii_only=ascii_only)
    room = max(width - len(lead), NARROWEST)
    pieces = TextWrapper(width=room, break_on_hyphens=False).wrap(text) or [""]
    tone = Tone.PLAIN if lead.strip() else part.tone
    for number, piece in enumerate(pieces):
        begin = (" " * len(lead), Tone.PLAIN) if number else (lead, part.tone)
        yield (begin, (piece, tone))
