"""The guide to both commands says what they take, and what they write."""

import argparse
import re
from pathlib import Path
from typing import Any

import pytest

from exporter import cli
from exporter.cli.diagnose import HOLD
from exporter.cli.idle import HOLD as IDLE_HOLD
from exporter.examination.report import Side
from exporter.settings import format_duration
from tests.terminal.test_forms import SCHEMA

GUIDE = (Path(__file__).parents[2] / "docs" / "diagnose.md").read_text()
ABOUT = dict(zip(("diagnose", "idle"), re.split(r"^## ", GUIDE, flags=re.MULTILINE)[1:3], strict=True))


def options(command: str) -> set[str]:
    """Give all options of a command."""
    (commands,) = (each for each in cli._parser()._actions if isinstance(each, argparse._SubParsersAction))
    parser: Any = commands.choices[command]
    return {option for action in parser._actions for option in action.option_strings} - {"-h", "--help"}


@pytest.mark.parametrize("command", ABOUT)
def test_every_option_is_told_of_and_no_other(command: str) -> None:
    assert set(re.findall(r"`(--[a-z.-]+)", ABOUT[command])) - {"--hold-"} == options(command)


def test_what_is_told_of_options_is_true() -> None:
    assert f"| `{format_duration(HOLD)}` |" in ABOUT["diagnose"]
    assert f"(default `{format_duration(IDLE_HOLD)}`" in ABOUT["idle"]
    assert ", ".join(f"`{side}`" for side in Side) in ABOUT["diagnose"]


def test_every_key_of_the_document_is_told_of() -> None:
    table = GUIDE.partition("## JSON")[2].partition("## A ticket")[0]
    keys = set(SCHEMA["properties"]) | set(SCHEMA["properties"]["idle"]["oneOf"][1]["properties"])
    assert keys <= set(re.findall(r"`([a-z_]+)`", table))
