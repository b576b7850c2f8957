"""The dashboards for Grafana, wherever they were installed to."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
PLACES: Final = (HERE, HERE.parents[1] / "grafana")
"""In a wheel, and in a working copy."""


def dashboards() -> Mapping[str, str]:
    """Read all dashboards: from the file's name to its text; sorted by name."""
    found = {path.name: path for place in PLACES for path in place.glob("conndrop-*.json")}
    return {name: found[name].read_text(encoding="utf-8") for name in sorted(found)}
