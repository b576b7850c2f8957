"""Where promtool is, in the versions that rules must be good for."""

import shutil
from pathlib import Path
from typing import Final

import pytest

PROMTOOLS: Final = ("2.42", "3.5")
ROOT: Final = Path(__file__).parents[2]
PLACES: Final = {"2.42": "promtool", "3.5": str(ROOT / ".cache" / "prometheus" / "promtool")}


def promtool(version: str) -> str:
    """Give the program; skip the test where it is not installed."""
    found = shutil.which(PLACES[version])
    if found is None:
        pytest.skip(f"there is no promtool {version}: tests/prepare installs it")
    return found
