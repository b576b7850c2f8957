"""What is shipped besides code: documents that must stay true, scripts and files that must be sound."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from exporter import __version__
from exporter.exposition import SERIES
from exporter.exposition.discovery import DiscoveryMetrics
from exporter.exposition.families import Families
from exporter.exposition.incidents import IncidentMetrics
from exporter.exposition.own import Keepalives, OwnMetrics, TargetInfo
from exporter.exposition.registry import new_registry
from exporter.probes import KINDS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def names() -> set[str]:
    """Every metric there is, as it is exposed."""
    registry, families = new_registry(), Families()
    OwnMetrics(registry, families)
    DiscoveryMetrics(registry)
    TargetInfo(list, registry)
    Keepalives(dict, registry)
    IncidentMetrics(families)
    for series in SERIES.values():
        series(families)
    suffix = {"counter": "_total"}
    others = {family.name + suffix.get(family.type, "") for family in registry.collect()}
    return {*families.names, *(name for name in others if name.startswith("conndrop"))}


def test_what_servers_tell_is_in_the_table_of_who_tells_it() -> None:
    document = (ROOT / "docs" / "server-series.md").read_text()
    listed = re.findall(r"^\| `(\w+)` \|", document, flags=re.MULTILINE)
    ours = r"conndrop_server_(own|look|looks|missing|restarts|identity|client)_"
    told = [name for name in names() if re.match("conndrop_(server|pooler)_", name)]
    assert sorted(listed) == sorted(
        name.removeprefix("conndrop_") for name in told if not re.match(ours, name)
    )


def test_names_of_other_exporters_are_told_apart_from_ours() -> None:
    document = (ROOT / "docs" / "compatible-names.md").read_text()
    named = re.findall(r"^((?:mysql|pg)_[a-z_]+)", document, flags=re.MULTILINE)
    assert sorted(named) == sorted(name for name in names() if not name.startswith("conndrop_"))


def test_the_readme_and_the_page_of_probes_name_every_probe() -> None:
    for page in (README, (ROOT / "docs" / "probes.md").read_text()):
        probes = page.partition("| probe |")[2].partition("\n\n")[0]
        assert set(re.findall(r"^\| `(\w+)` \|", probes, flags=re.MULTILINE)) == {kind.name for kind in KINDS}


def test_the_readme_stays_short() -> None:
    """It is what somebody new reads; all else is in docs/."""
    assert len(README.splitlines()) <= 150


def test_what_runs_all_tests_is_what_lands_a_change() -> None:
    assert "`make test`" in README
    assert "\nmake test\n" in (ROOT / "docs" / "development.md").read_text()
    assert (ROOT / ".ci" / "run").read_text().rstrip().endswith("exec make test")


def test_decisions_are_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = set(re.findall(r"\((\d{4}-[a-z-]+\.md)\)", (folder / "README.md").read_text()))
    assert listed == {path.name for path in folder.glob("0*.md")}


def test_the_changelog_knows_this_version() -> None:
    assert (
        f"[{__version__}]" in (ROOT / "CHANGELOG.md").read_text()
        or "[Unreleased]" in (ROOT / "CHANGELOG.md").read_text()
    )


def test_the_fixed_packages_are_required() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    required = {re.split(r"[\[<>=]", line)[0] for line in project["dependencies"]}
    assert required >= {
        "prometheus-client", "icmplib", "sqlalchemy", "psycopg2-binary", "pymysql", "pyyaml", "apscheduler",
    }  # fmt: skip


def test_shell_scripts_are_sound() -> None:
    shellcheck = shutil.which("shellcheck")
    if shellcheck is None:
        pytest.skip("shellcheck is not installed: it comes with the package shellcheck")
    tests = ("prepare", "install", "fetch-sid", "fetch-mysql", "bench/prepare")
    scripts = [ROOT / ".ci" / "run", ROOT / "deploy" / "install", *(ROOT / "tests" / name for name in tests)]
    done = subprocess.run([shellcheck, *scripts], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
