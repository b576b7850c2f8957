"""The Containerfile, as builders and as our own command line read it; `test_built.py` builds it."""

import os
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from exporter.cli import _parser
from exporter.cli.running import DEFAULT_ADDRESS
from tests.containers.written import CONTAINERFILE, ROOT, instructions

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
COPIED = [
    path for copy in instructions("COPY") if not copy.rest.startswith("--from") for path in copy.words[:-1]
]


def test_the_linter_has_nothing_to_say() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.exists():
        assert not os.environ.get("CI"), "hadolint is missing: it comes with the extra [test]"
        pytest.skip("hadolint is not installed: it comes with the extra [test]")
    done = subprocess.run(
        [hadolint, "--failure-threshold", "style", CONTAINERFILE], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_base_is_pinned_and_new_enough() -> None:
    base, *others = [argument.rest for argument in instructions("ARG") if "BASE" in argument.rest]
    pinned = re.fullmatch(r"BASE=docker\.io/library/python:3\.(\d+)-slim-[a-z]+", base)
    assert pinned
    assert int(pinned[1]) >= int(PROJECT["project"]["requires-python"].removeprefix(">=3."))
    assert others == ["BASE"], "the label wants it"
    assert {stage.words[0] for stage in instructions("FROM")} == {"${BASE}"}


def test_nobody_is_root_and_nothing_is_fetched_behind_the_builder() -> None:
    assert instructions("ADD") == []
    (user,) = instructions("USER")
    number, _, group = user.rest.partition(":")
    assert int(number) > 999
    assert int(group) > 999
    (directory,) = [word.rest for word in instructions("VOLUME")]
    assert any(f"STATE_DIRECTORY={directory}" in word.rest for word in instructions("ENV"))


def test_what_is_copied_is_all_that_is_installed() -> None:
    """What the package is made of is there, is copied, and is kept from no builder."""
    assert all(list(ROOT.glob(path)) for path in COPIED)
    shipped = [*PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]]
    shipped += [
        "exporter",
        "pyproject.toml",
        PROJECT["project"]["readme"],
        *PROJECT["project"]["license-files"],
    ]
    assert [path for path in shipped if not any(fnmatch(path, copied) for copied in COPIED)] == []
    ignored = CONTAINERFILE.with_name("Containerfile.dockerignore").read_text().splitlines()
    assert {line[1:] for line in ignored if line.startswith("!")} == set(COPIED)


def test_its_commands_are_understood() -> None:
    (entry,) = instructions("ENTRYPOINT")
    assert entry.words == ["conndrop"]
    (command,) = instructions("CMD")
    parsed = _parser().parse_args(command.words)
    port = int(DEFAULT_ADDRESS.rpartition(":")[2])
    assert [(address.host, address.port) for address in parsed.listen] == [("", port)]
    assert instructions("EXPOSE")[0].rest == str(port)
    (health,) = instructions("HEALTHCHECK")
    assert health.words == ["conndrop", "healthy"]
    _parser().parse_args(health.words[1:])
