"""The units as systemd reads and judges them, and the page that says what is left open, and why."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from tests.docs.reading import ROOT
from tests.test_cli import told
from tests.test_systemd import needs

UNITS: Final = ROOT / "deploy" / "systemd"
UNIT: Final = "conndrop-exporter.service"
SERVICE: Final = (UNITS / UNIT).read_text()
PAGE: Final = (ROOT / "docs" / "deploy" / "systemd.md").read_text()
MOST: Final = 1.6
"""By systemd's own measure, 10 is a service that may do everything."""


def _analyzed(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [needs("systemd-analyze"), *words], capture_output=True, text=True, check=False, timeout=60
    )


def _exposure(unit: Path) -> str:
    judged = _analyzed("security", "--offline=true", str(unit)).stdout
    found = re.search(rf"exposure level for {UNIT}: ([0-9.]+)", judged)
    assert found, judged
    return found[1]


def _open() -> list[dict[str, Any]]:
    judged = _analyzed("security", "--offline=true", "--json=short", str(UNITS / UNIT)).stdout
    return [one for one in json.loads(judged) if one["set"] is False and one["exposure"]]


def test_the_units_are_sound(tmp_path: Path) -> None:
    """As systemd reads them, with a program in place of ours, which may not be installed there."""
    for kind in ("service", "socket"):
        unit = UNITS / f"conndrop-exporter.{kind}"
        (tmp_path / unit.name).write_text(unit.read_text().replace("/usr/local/bin/conndrop", "/bin/true"))
    further = tmp_path / f"{UNIT}.d"
    for without in (True, False):
        done = _analyzed("verify", *sorted(str(path) for path in tmp_path.iterdir() if path.is_file()))
        assert (done.returncode, done.stderr) == (0, "")
        if without:
            further.mkdir()
            (further / "without-capability.conf").write_text((UNITS / "without-capability.conf").read_text())


def test_little_is_left_open_and_the_page_says_how_much(tmp_path: Path) -> None:
    exposure = _exposure(UNITS / UNIT)
    assert float(exposure) <= MOST
    assert f"judges it at {exposure} of 10" in PAGE
    without = tmp_path / UNIT
    without.write_text(SERVICE + (UNITS / "without-capability.conf").read_text())
    exposure = _exposure(without)
    assert f"systemd judges that at {exposure}." in PAGE


def test_what_is_left_open_has_a_reason() -> None:
    """Each name in the page's table, and all its figures together."""
    table = PAGE.partition("| open | judged | why |")[2].partition("\n\n")[0]
    left = _open()
    for one in left:
        name = re.sub(r"^\w+=~|=$|=/.*", "", one["name"])
        words = re.findall(r"\w+", name.replace("AF_(INET|INET6)", "AF_INET").partition("(")[0])
        assert words[0].removesuffix("_") in table, one
    judged = [float(figure) for figure in re.findall(r"\| ([0-9.]+) \|", table)]
    assert sum(judged) == pytest.approx(sum(float(one["exposure"]) for one in left))


def test_what_the_exporter_needs_is_not_taken_from_it() -> None:
    """Each was seen to break something: looks at TLS, its own figures, the order of a name's addresses."""
    settings = dict(re.findall(r"^(\w+)=(.*)$", SERVICE, flags=re.MULTILINE))
    assert settings.keys().isdisjoint({"MemoryDenyWriteExecute", "ProcSubset", "PrivateUsers"})
    assert "AF_NETLINK" in settings["RestrictAddressFamilies"].split()
    assert "\nSystemCallFilter=setpriority\n" in SERVICE


def test_the_unit_starts_what_there_is() -> None:
    """Its command is one that we understand."""
    command = re.search(r"^ExecStart=/usr/local/bin/conndrop (.*) \$OPTIONS$", SERVICE, flags=re.MULTILINE)
    assert command
    words = [*command[1].split(), "--config.check"]
    status, output, errors = told(*words)
    assert status < 2, errors
    assert "/etc/conndrop/exporter.yml:" in output + errors
    assert "ListenStream=127.0.0.1:10054\n" in (UNITS / "conndrop-exporter.socket").read_text()


def test_options_of_the_environment_file_are_understood(tmp_path: Path) -> None:
    """Those that are commented out as well."""
    (tmp_path / "exporter.yml").write_text("targets: [{name: a, url: 'mysql://u@127.0.0.1:9/d'}]\n")
    found = re.findall(r'^#?OPTIONS="(.*)"$', (UNITS / "conndrop-exporter.default").read_text(), re.MULTILINE)
    assert len(found) > 3
    for options in found:
        words = [word for word in options.split() if not word.startswith("--web.config.file")]
        command = ["run", "--config.file", str(tmp_path / "exporter.yml"), *words, "--config.check"]
        assert told(*command)[0] == 0, options


def test_the_example_takes_its_password_from_where_systemd_puts_it(tmp_path: Path) -> None:
    """Which the unit, the page and the example must agree on."""
    example = (UNITS / "exporter.yml").read_text()
    taken = re.search(r"file: (/run/credentials/conndrop-exporter.service/(\w+)_local)", example)
    assert taken
    assert f"\nLoadCredential={taken[2]}:/etc/conndrop/passwords\n" in SERVICE
    assert f"`{{file: {taken[1].replace('local', 'orders')}}}`" in PAGE
    password = tmp_path / "password"
    password.write_text("hunter2-hunter2\n")
    (tmp_path / "exporter.yml").write_text(example.replace(taken[1], str(password)))
    status, _, errors = told("check", str(tmp_path / "exporter.yml"))
    assert status == 0, errors
