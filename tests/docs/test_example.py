"""The example in docs/how-it-decides.md comes out of the rules as it is told."""

import re
from typing import Final

import pytest

from exporter.diagnosis.judging import MARGIN, judge
from exporter.diagnosis.rules import DECISIVE, weigh
from exporter.diagnosis.sign import Fact, Sign
from exporter.model import Cause
from tests.docs.reading import ROOT

PAGE: Final = (ROOT / "docs" / "how-it-decides.md").read_text()
EXAMPLE: Final = PAGE.partition("## One example")[2].partition("\n## ")[0]
TABLES: Final = re.findall(r"^(\| sign \|.*?)\n\n", EXAMPLE, flags=re.MULTILINE | re.DOTALL)
NAMED: Final = re.findall(r"cause=(\S+) .*? confidence=([\d.]+)", EXAMPLE)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def _number(cell: str) -> float:
    return float(cell.replace("\N{MINUS SIGN}", "-") or 0)


def _fact(signs: list[str]) -> Fact:
    sign, *causes = signs
    return Fact(sign=Sign(sign), text="", cause=Cause(causes[0]) if causes else None)


@pytest.mark.parametrize(("table", "named"), list(zip(TABLES, NAMED, strict=True)), ids=["first", "second"])
def test_the_example(table: str, named: tuple[str, str]) -> None:
    head, _, *rows, last = map(_cells, table.splitlines())
    causes = [Cause(cell.strip("`")) for cell in head[2:]]
    facts = [_fact(re.findall(r"`([^`]+)`", row[0])) for row in rows]
    for fact, row in zip(facts, rows, strict=True):
        assert [weigh(cause, fact)[0] for cause in causes] == [_number(cell) for cell in row[2:]], row
    sums = {cause: sum(weigh(cause, fact)[0] for fact in facts) for cause in causes}
    assert list(sums.values()) == [_number(cell) for cell in last[2:]]
    verdict = judge(facts, lambda _: frozenset())
    assert ([one.cause for one in verdict.named], f"{verdict.confidence:.2f}") == ([named[0]], named[1])
    assert {one.cause for one in verdict.candidates} <= set(causes), "all that could be it are in the table"


def test_the_borders_are_those_of_the_rules() -> None:
    assert f"It needs {DECISIVE:.0f} or more." in PAGE
    assert f"it is {MARGIN:.0f} or more ahead of every other cause" in PAGE
    assert f"no more than {MARGIN:.0f} behind the first" in PAGE
