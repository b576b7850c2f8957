"""The runbooks, wherever they were installed to."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
PLACES: Final = (HERE / "runbooks", HERE.parents[1] / "alerts" / "runbooks")
"""In a wheel, and in a working copy."""


def runbooks() -> Mapping[str, str]:
    """Read all runbooks: from the alert's name to the text, in Markdown; sorted by name."""
    found = {path.stem: path for place in PLACES for path in place.glob("*.md")}
    return {name: found[name].read_text(encoding="utf-8") for name in sorted(found)}
