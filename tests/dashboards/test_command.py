"""`conndrop dashboards`, run as a user runs it, and what Grafana is told by the provisioning files."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMMITTED = sorted((ROOT / "grafana").glob("*.json"))
PROVISIONING = ROOT / "deploy" / "grafana" / "provisioning"


def run(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "exporter", "dashboards", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_dashboards_are_listed_with_what_they_are_for() -> None:
    done = run()
    assert done.returncode == 0
    listed = dict(re.split(r"  +", line, maxsplit=1) for line in done.stdout.splitlines())
    assert listed == {path.name: json.loads(path.read_text())["description"] for path in COMMITTED}


def test_dashboards_are_written_to_a_folder(tmp_path: Path) -> None:
    place = tmp_path / "not yet" / "there"
    done = run("--directory", place)
    assert done.returncode == 0
    assert done.stdout.split("\n")[:-1] == [str(place / path.name) for path in COMMITTED]
    assert {path.name: path.read_text() for path in place.iterdir()} == {
        path.name: path.read_text() for path in COMMITTED
    }


def test_what_an_older_version_has_left_is_named(tmp_path: Path) -> None:
    older = tmp_path / "conndrop-older.json"
    older.write_text("{}")
    done = run("--directory", tmp_path)
    assert done.returncode == 0
    assert done.stderr == (
        f"{older} is no file of this version: remove it, lest Grafana show it beside the others\n"
    )
    assert older.exists()


@pytest.mark.parametrize("below", ["", "further"])
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, below: str) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    done = run("--directory", file / below)
    assert done.returncode == 1
    assert re.fullmatch(rf"{re.escape(str(file))}.*: cannot be written: .+\n", done.stderr)
    assert file.read_text() == "mine"


def test_what_the_document_points_at_is_there() -> None:
    """Each panel of the target's dashboard that the story is seen in, and a picture of each dashboard."""
    document = (ROOT / "docs" / "dashboards.md").read_text()
    panels = json.loads((ROOT / "grafana" / "conndrop-target.json").read_text())["panels"]
    named = re.findall(r"\*([^*|]+)\*", document.partition("The story, and where")[2])
    assert len(named) > 8
    assert set(named) <= {panel["title"] for panel in panels}
    pictures = re.findall(r"\((dashboards/\w+\.png)\)", document)
    assert sorted(pictures) == sorted(
        f"dashboards/{path.stem.removeprefix('conndrop-')}.png" for path in COMMITTED
    )
    assert all((ROOT / "docs" / picture).is_file() for picture in pictures)


def test_the_wheel_has_all_of_them() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert {name: place for name, place in included.items() if name.startswith("grafana/")} == {
        f"grafana/{path.name}": f"exporter/grafana/{path.name}" for path in COMMITTED
    }


def test_grafana_is_told_where_the_dashboards_are() -> None:
    text = (PROVISIONING / "dashboards" / "conndrop.yml").read_text()
    document = yaml.safe_load(text)
    (provider,) = document["providers"]
    assert (document["apiVersion"], provider["type"]) == (1, "file")
    written = re.search(r"conndrop dashboards --directory (\S+)", text)
    assert written
    assert provider["options"]["path"] == written[1]


def test_grafana_is_told_how_often_prometheus_scrapes() -> None:
    """$__rate_interval is made of it."""
    (source,) = yaml.safe_load((PROVISIONING / "datasources" / "prometheus.yml").read_text())["datasources"]
    assert source["type"] == "prometheus"
    assert source["jsonData"]["timeInterval"] == "15s"
