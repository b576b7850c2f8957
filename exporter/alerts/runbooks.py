"""The runbooks, wherever they were installed to."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
PLACES: Final = (HERE / "runbooks", HERE.parents[1] / "alerts" / "runbooks")
"""In a wheel, and in a working copy."""
LINK: Final = re.compile(r"\[([^]]+)\]\([^)]*\)")
CAUSES: Final = "docs/causes.md"
SHEETS: Final = (
    "\n`conndrop causes CAUSE` says of each cause how it looks, what looks like it, and what to do.\n"
)


def runbooks() -> Mapping[str, str]:
    """Read all runbooks: from the alert's name to the text; sorted by name.

    Links stay behind: they lead to files that a terminal does not have beside it.
    """
    return {name: _without_links(text) for name, text in manuscripts().items()}


def manuscripts() -> Mapping[str, str]:
    """Read all runbooks as they were written, in Markdown with links relative to their own folder."""
    found = {path.stem: path for place in PLACES for path in place.glob("*.md")}
    return {name: found[name].read_text(encoding="utf-8") for name in sorted(found)}


def _without_links(text: str) -> str:
    return LINK.sub(r"\1", text) + (SHEETS if CAUSES in text else "")
