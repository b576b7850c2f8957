"""What docs/probes.md says of looks on request can be pasted."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from exporter.config.modules import DEFAULT_MODULES, PROBERS
from exporter.exposition.blackbox import DURATIONS
from tests.blackbox.asking import TARGET, asking
from tests.servers import ServerMissing
from tests.servers.releases import RELEASES

PAGE = (Path(__file__).parents[2] / "docs" / "probes.md").read_text()
SECTION = PAGE[PAGE.index("## Probing on request\n") :].partition("\n## Doing no harm\n")[0]
CONFIGURATION, SCRAPES = re.findall(r"```yaml\n(.*?)```", SECTION, flags=re.DOTALL)


def test_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERS_DB_PASSWORD", "hunter2-hunter2")
    asked = asking(TARGET + CONFIGURATION)
    assert asked.said(target="192.0.2.8", module="icmp")[0] == 403
    assert asked.said(target="10.0.0.1:5432", module="orders")[0] == 403, "it has hosts of its own"
    assert asked.said(target="10.0.0.1:22", module="tcp_connect")[0] == 403


@pytest.mark.parametrize("release", RELEASES)
def test_the_scrapes(release: str, tmp_path: Path) -> None:
    try:
        promtool = RELEASES[release].program("promtool")
    except ServerMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))
    file = tmp_path / "prometheus.yml"
    file.write_text(SCRAPES)
    done = subprocess.run([promtool, "check", "config", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (job,) = yaml.safe_load(SCRAPES)["scrape_configs"]
    assert job["params"]["module"][0] in yaml.safe_load(CONFIGURATION)["modules"]


def test_every_prober_and_module_is_named() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*)\|", SECTION, flags=re.MULTILINE)
    assert {prober for prober, _ in rows} == set(PROBERS) == set(DURATIONS)
    named = {module for _, modules in rows for module in re.findall(r"`(\w+)`", modules)} - {"module"}
    assert named == set(DEFAULT_MODULES)
    for prober in ("tcp", "icmp", "session"):
        assert f"probe_{prober}_duration_seconds" in SECTION
