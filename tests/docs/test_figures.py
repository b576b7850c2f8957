"""Figures that stand on two pages are the same on both."""

import re
from typing import Final

from tests.docs.reading import ROOT

ROW: Final = re.compile(r"^\| P\d+ .+\|$", re.MULTILINE)


def test_what_scale_costs_is_what_was_measured() -> None:
    measured, told = (
        ROW.findall((ROOT / "docs" / name).read_text()) for name in ("benchmarks.md", "scaling.md")
    )
    assert told
    assert [row for row in measured if row in told] == told
