"""The dashboards are what the generator prints, and stay what links lead to."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from exporter.alerts import Thresholds
from grafana.generator.__main__ import dashboards
from tests.dashboards.boards import PLACE, boards
from tests.dashboards.numbers import LEDGER, missing

HASHES: Final = ("1", "2")
"""Seeds of the order in which sets are gone through."""


def committed(place: Path = PLACE) -> dict[str, str]:
    """Give all files that are no code, by their names; but for the list of them that kustomize reads."""
    files = [path for path in place.iterdir() if path.is_file() and path.name != "kustomization.yml"]
    return {path.name: path.read_text() for path in files}


def printed(place: Path, *arguments: str | Path, seed: str = "0") -> "subprocess.CompletedProcess[str]":
    """Run a copy of the generator, which prints beside itself."""
    if not (place / "grafana").exists():
        kept = shutil.ignore_patterns("__pycache__", "*.json")
        shutil.copytree(PLACE, place / "grafana", ignore=kept)
    return subprocess.run(
        [sys.executable, "-m", "grafana.generator", *arguments],
        cwd=place,
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(PLACE.parent)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_files_are_those_that_the_generator_prints() -> None:
    """`make dashboards` writes them anew; there are no others."""
    assert committed() == dashboards(Thresholds())


@pytest.mark.parametrize("seed", HASHES)
def test_it_prints_the_same_each_time(tmp_path: Path, seed: str) -> None:
    done = printed(tmp_path, seed=seed)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert committed(tmp_path / "grafana") == committed()


def test_other_thresholds_are_other_limits_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "thresholds.yml"
    file.write_text("packet_loss_warning: 3%\nlatency: 250ms\n")
    done = printed(tmp_path, file)
    assert done.returncode == 0, done.stderr
    changed = set()
    for name, text in committed(tmp_path / "grafana").items():
        for place, before, after in differences(json.loads(committed()[name]), json.loads(text)):
            assert place[-1] == "value"
            assert place[-3] == "steps"
            changed.add((before, after))
    assert changed == {(0.01, 0.03), (0.1, 0.25)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("latency: 250ms\nlatencies: 1s\n", "thresholds.yml:2: latencies: "),
        ("packet_loss_warning: 300%\n", "thresholds.yml:1: packet_loss_warning: "),
        ("packet_loss_warning: 6%\n", "a warning has to come before what is critical"),
        (None, "thresholds.yml"),
    ],
)
def test_mistakes_are_said_where_they_are(tmp_path: Path, text: str | None, said: str) -> None:
    file = tmp_path / "thresholds.yml"
    if text is not None:
        file.write_text(text)
    done = printed(tmp_path, file)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert committed(tmp_path / "grafana") == {}


def test_numbers_stay_what_they_were() -> None:
    """Links lead to panels by their numbers: one that is gone is never given to another panel."""
    assert list(missing()) == []


def test_numbers_are_listed_once() -> None:
    lines = LEDGER.read_text().splitlines()
    keys = [tuple(line.split(" ", 2)[:2]) for line in lines]
    assert lines == sorted(lines, key=lambda line: (line.split(" ")[0], int(line.split(" ")[1])))
    assert len(set(keys)) == len(keys)


def test_addresses_are_those_of_the_files() -> None:
    assert [board.document["uid"] for board in boards()] == [board.name for board in boards()]


def differences(before: Any, after: Any, *place: Any) -> Iterator[tuple[tuple[Any, ...], Any, Any]]:
    """Give each place at which two documents are not the same, and both values."""
    if isinstance(before, dict) and isinstance(after, dict) and before.keys() == after.keys():
        for key in before:
            yield from differences(before[key], after[key], *place, key)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from differences(one, other, *place, index)
    elif before != after:
        yield place, before, after
