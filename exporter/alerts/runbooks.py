"""The runbooks, wherever they were installed to."""

import re
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
PLACES: Final = (HERE / "runbooks", HERE.parents[1] / "alerts" / "runbooks")
"""In a wheel, and in a working copy."""
NAME: Final = re.compile(r"[A-Za-z]+")


def names() -> list[str]:
    """List all runbooks."""
    return sorted(path.stem for place in PLACES for path in place.glob("*.md") if NAME.fullmatch(path.stem))


def runbook(name: str) -> str | None:
    """Read a runbook, in Markdown; None where there is none of that name."""
    if not NAME.fullmatch(name):
        return None
    for place in PLACES:
        path = place / f"{name}.md"
        if path.is_file():
            return path.read_text(encoding="utf-8")
    return None
