"""What the streams that we write to can show."""

import importlib.util
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TextIO

WIDEST: Final = 100
"""Columns beyond which no line of a text goes on: it would be hard to read."""
NARROWEST: Final = 20
USUAL: Final = (80, 24)
PLAIN_LOCALES: Final = frozenset({"C", "POSIX"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """How to show things: in so many columns, in `ascii_only`, with colours, and `live` as they change."""

    width: int = USUAL[0]
    ascii_only: bool = False
    coloured: bool = False
    live: bool = False


def screen_of(
    output: TextIO, errors: TextIO, environ: Mapping[str, str] = os.environ, *, plain: bool
) -> Screen:
    """Find out what both streams can show; `plain` if nothing but lines is wanted."""
    able = (
        not plain
        and environ.get("TERM", "dumb") not in ("", "dumb")
        and not environ.get("NO_COLOR")
        and output.isatty()
        and importlib.util.find_spec("rich") is not None
    )
    columns = shutil.get_terminal_size(USUAL).columns if output.isatty() else USUAL[0]
    return Screen(
        width=max(NARROWEST, min(WIDEST, columns)),
        ascii_only=not _has_more_than_ascii(output, environ),
        coloured=able,
        live=able and errors.isatty(),
    )


def _has_more_than_ascii(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether signs such as ✓ can be shown. A locale of C says no, though Python may write UTF-8 there."""
    wanted = environ.get("LC_ALL") or environ.get("LANG") or ""
    return wanted not in PLAIN_LOCALES and (stream.encoding or "").lower().replace("-", "") == "utf8"
