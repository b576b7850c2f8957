"""Every command in the documentation is run, as somebody new would: page by page, from top to bottom.

What cannot be run has a comment before it that says why; these are counted, so that they stay few.
"""

import argparse
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from exporter.cli import _parser
from tests.docs.reading import MANUALS, ROOT, WITH_TESTS_OF_THEIR_OWN, blocks
from tests.docs.test_snippets import KNOWN_HASH
from tests.servers import Certificates
from tests.test_cli import told
from tests.waiting import wait_for

MOST_NOT_RUN: Final = 8
"""A page that needs more of them has grown into something else than documentation."""
WITHIN: Final = 60.0
UNTIL: Final = "until Ctrl-C"
READY: Final = "msg=listening"
INSTEAD: Final[Mapping[str, str]] = {
    r"\bmake ": f"make -n -C {ROOT} ",
    r"\bconndrop run ": "conndrop run --web.listen-address=127.0.0.1:0 ",
    r"/etc/prometheus/conndrop": "rules",
    r"/var/lib/grafana/dashboards/conndrop": "dashboards",
}
"""What is done in place of what a page says: ask whether there is such a target, keep to a folder."""
SHELL: Final = [
    block
    for block in blocks("sh")
    if block.order != "not run" and block.page.name not in WITH_TESTS_OF_THEIR_OWN
]
WITH_COMMANDS: Final = list(dict.fromkeys(block.page for block in SHELL))


@pytest.fixture
def place(tmp_path: Path, certificates: Certificates) -> Path:
    """A folder like a clone of the project, in which files can be made."""
    for folder in ("config", "deploy", "docs", "alerts"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    certificates.install("good", tmp_path / "server.pem", tmp_path / "server.key")
    return tmp_path


def _environment(place: Path) -> dict[str, str]:
    return {
        "HOME": str(place),
        "LANG": "C.UTF-8",
        "ORDERS_DB_PASSWORD": "hunter2-hunter2",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: page.stem)
def test_commands_of_a_page(page: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    monkeypatch.setenv("ORDERS_DB_PASSWORD", "hunter2-hunter2")
    for block in blocks("yaml"):
        if block.page == page and block.file:
            (place / block.file).write_text(block.text.replace("$2y$10$…", KNOWN_HASH))
    for block in (block for block in SHELL if block.page == page):
        script = block.text
        for words, others in INSTEAD.items():
            script = re.sub(words, others, script)
        if block.why == UNTIL:
            _until_interrupted(script, place)
            continue
        for line in script.splitlines():
            _to_the_end(line, place, f"{block}: {line}")


def _to_the_end(line: str, place: Path, where: str) -> None:
    """Run one line: a command of ours right here, since a process of its own takes a second to begin."""
    words = _words(line)
    if words[:1] == ["conndrop"]:
        command, _, file = " ".join(words[1:]).partition(" > ")
        status, said, errors = told(*command.split())
        if file:
            (place / file).write_text(said)
    else:
        done = subprocess.run(
            ["sh", "-euc", line], env=_environment(place), timeout=WITHIN, capture_output=True, check=False
        )
        status, errors = done.returncode, done.stderr.decode()
    assert status == 0, f"{where}: {errors}"


def _words(line: str) -> list[str]:
    return shlex.split(line, comments=True)


def _until_interrupted(script: str, place: Path) -> None:
    """Run it until it says that it is ready, and end it as people do."""
    log = place / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["sh", "-euc", f"exec {script}"], cwd=place, env=_environment(place), stdout=output, stderr=output
        )
    try:
        wait_for(lambda: READY in log.read_text() or process.poll() is not None, WITHIN)
        process.send_signal(signal.SIGINT)
        assert process.wait(WITHIN) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()


def _commands() -> Mapping[str, argparse.ArgumentParser]:
    """Give all commands by their names."""
    found = _parser()._subparsers
    assert found is not None
    choices: Any = found._group_actions[0].choices
    return dict(choices)


def test_pages_with_tests_of_their_own_have_some() -> None:
    others = [file for file in (ROOT / "tests").rglob("*.py") if file.parent.name != "docs"]
    texts = [file.read_text() for file in others]
    for page in MANUALS:
        if page.name in WITH_TESTS_OF_THEIR_OWN:
            assert any(f'"{page.name}"' in text for text in texts), f"no test reads {page.name}"


def test_few_commands_are_not_run_and_each_says_why() -> None:
    not_run = [block for block in blocks("sh") if block.order == "not run"]
    assert len(not_run) <= MOST_NOT_RUN, [f"{block}: {block.why}" for block in not_run]
    assert {block.why for block in blocks() if block.order == "run"} == {UNTIL}
    assert all(block.language == "sh" for block in blocks() if block.order)


def test_comments_for_tests_stand_right_before_a_block() -> None:
    for page in MANUALS:
        found = re.findall(
            r"^<!-- (?:not run|run): .*$",
            re.sub(r"```text.*?```", "", page.read_text(), flags=re.DOTALL),
            flags=re.MULTILINE,
        )
        assert len(found) == sum(1 for block in blocks() if block.page == page and block.order), page.name


def test_commands_named_in_the_manuals_exist() -> None:
    """Those that are not run as well, and those in the middle of a sentence."""
    known = set(_commands())
    for page in MANUALS:
        named = set(re.findall(r"(?:`|^|(?<=\$ ))conndrop ([a-z]+)\b", page.read_text(), flags=re.MULTILINE))
        assert named <= known, page.name


def test_commands_that_are_not_run_are_understood() -> None:
    texts = (block.text.replace("\\\n", " ") for block in blocks("sh") if block.order == "not run")
    lines = (line for text in texts for line in text.splitlines())
    ours = [words[1:] for words in map(_words, lines) if words[:1] == ["conndrop"]]
    assert ours
    for words in ours:
        _parser().parse_args(words)


def test_make_targets_named_in_the_manuals_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    for page in MANUALS:
        named = set(re.findall(r"(?:`|^)make ([a-z-]+)\b", page.read_text(), flags=re.MULTILINE))
        assert named <= targets, page.name


def test_options_of_run_are_those_in_the_table() -> None:
    section = (ROOT / "docs" / "operation.md").read_text().partition("## Options")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| `(--[\w.-]+)", section, flags=re.MULTILINE)
    options = {option for action in _commands()["run"]._actions for option in action.option_strings}
    assert set(listed) == options - {"-h", "--help"}
    for action in _commands()["run"]._actions:
        if type(action.default) in (int, float):
            row = next(line for line in section.splitlines() if f"`{action.option_strings[0]}" in line)
            assert f"| `{action.default:g}" in row
