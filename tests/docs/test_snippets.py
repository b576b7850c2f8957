"""What can be copied out of the documentation is taken by whoever it is for."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import promql_parser
import pytest
import yaml

from exporter.config.schema import models
from exporter.probes import KINDS
from tests.alerts.test_metrics import HISTOGRAM
from tests.docs.reading import ROOT, WITH_TESTS_OF_THEIR_OWN, Block, blocks
from tests.servers import Certificates, ServerMissing
from tests.servers.releases import NEWER, RELEASES, Release
from tests.test_cli import told
from tests.test_shipped import names

LANGUAGES: Final = {
    "sh",
    "text",
    "yaml",
    "json",
    "promql",
    "python",
    "nginx",
}
CONFIGURATION: Final = frozenset(models(KINDS).whole.model_fields)
WEB: Final = frozenset({"tls_server_config", "http_server_config", "basic_auth_users", "rate_limit"})
PROMETHEUS: Final = frozenset({"scrape_configs", "rule_files", "alerting", "global", "remote_write"})
ALERTMANAGER: Final = frozenset({"route", "inhibit_rules"})
TARGET: Final = "\ntargets: [{name: a, url: 'postgresql://probe@192.0.2.1/d'}]\n"
KNOWN_HASH: Final = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"
"""As in config/web.yml."""


def name(block: Block) -> str:
    return str(block)


def test_every_block_says_what_it_is() -> None:
    """What has no language, or is merely indented, no test would look at."""
    unknown = [block for block in blocks() if block.language not in LANGUAGES]
    assert [str(block) for block in unknown if block.page.name not in WITH_TESTS_OF_THEIR_OWN] == []


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, certificates: Certificates) -> Path:
    """A folder with what snippets name."""
    monkeypatch.setenv("ORDERS_DB_PASSWORD", "hunter2-hunter2")
    monkeypatch.chdir(tmp_path)
    certificates.install("good", tmp_path / "server.pem", tmp_path / "server.key")
    shutil.copy(certificates.ca, tmp_path / "ca.pem")
    (tmp_path / "password").write_text("hunter2-hunter2")
    return tmp_path


@pytest.mark.parametrize("block", blocks("yaml"), ids=name)
def test_yaml_is_taken(block: Block, place: Path) -> None:
    content = yaml.safe_load(block.text)
    keys = set(content)
    file = place / "snippet.yml"
    file.write_text(block.text.replace("/etc/prometheus/conndrop", str(ROOT / "alerts")))
    if keys <= CONFIGURATION:
        text = block.text.replace("/run/credentials/conndrop-exporter.service/password_orders", "password")
        file.write_text(text + ("" if "targets" in keys else TARGET))
        status, said, errors = told("check", str(file))
    elif keys <= WEB:
        file.write_text(block.text.replace("$2y$10$…", KNOWN_HASH))
        status, said, errors = told("check", "--web.config.file", str(file))
    elif keys <= PROMETHEUS:
        # Debian's older build knows no discovery by Kubernetes; upstream's do.
        releases = [NEWER] if "kubernetes_sd_configs" in block.text else RELEASES.values()
        status, said, errors = _asked(releases, "promtool", "check", "config", str(file))
    else:
        assert keys <= ALERTMANAGER, "nobody here reads this"
        file.write_text(yaml.safe_dump(_with_receivers(content)))
        status, said, errors = _asked(RELEASES.values(), "amtool", "check-config", str(file))
    assert status == 0, said + errors


def _with_receivers(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """Complete a part of a configuration of Alertmanager."""
    receivers = sorted({"default", *re.findall(r"'receiver': '([^']+)'", str(content))})
    return {
        **content,
        "route": {"receiver": "default", **content.get("route", {})},
        "receivers": [{"name": receiver} for receiver in receivers],
    }


def _asked(releases: Iterable[Release], program: str, *words: str) -> tuple[int, str, str]:
    """Ask these releases; give what the first that is not content says."""
    for release in releases:
        try:
            found = release.program(program)
        except ServerMissing as missing:
            if os.environ.get("CI"):
                raise
            pytest.skip(str(missing))
        done = subprocess.run([found, *words], capture_output=True, text=True, check=False)
        if done.returncode:
            return done.returncode, done.stdout, done.stderr
    return 0, "", ""


@pytest.mark.parametrize("block", blocks("promql"), ids=name)
def test_promql_is_sound_and_asks_for_what_there_is(block: Block) -> None:
    promql_parser.parse(block.text)
    asked = {
        re.sub(rf"({'|'.join(HISTOGRAM)})$", "", word) for word in re.findall(r"conndrop_\w+", block.text)
    }
    assert asked <= {re.sub(rf"({'|'.join(HISTOGRAM)})$", "", known) for known in names()}


def test_json_and_python_are_sound() -> None:
    for block in blocks("json"):
        json.loads(block.text)
    for block in blocks("python"):
        compile(block.text, str(block), "exec")


def test_metrics_named_in_the_manuals_exist() -> None:
    """Outside their own page, too; a name that ends in `_` or `*` stands for several."""
    known = {name for name in names() if name.startswith("conndrop_")}
    known |= {name.removesuffix("_total") for name in known}
    pages = {block.page for block in blocks()}
    for page in pages:
        for word in re.findall(r"`(conndrop_[a-z_]+[a-z])`", page.read_text()):
            assert word in known or word.startswith("conndrop_app_"), (page.name, word)
