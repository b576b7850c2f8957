"""The page on containers: what it has people type, and what it says of the files."""

import re
import shlex
from collections.abc import Iterator
from typing import Final

from exporter.cli import _parser
from exporter.model import Cause
from tests.containers.written import COMPOSE, ROOT, SERVICES, instructions
from tests.docs.reading import blocks

PAGE: Final = ROOT / "docs" / "deploy" / "containers.md"
TEXT: Final = PAGE.read_text()


def lines(*beginning: str) -> Iterator[list[str]]:
    """Give the words of each command on the page that begins with these."""
    for block in blocks("sh"):
        if block.page.name == "containers.md":
            for line in block.text.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                if tuple(words[: len(beginning)]) == beginning:
                    yield words[len(beginning) :]


def test_what_is_done_with_services_is_done_with_those_there_are() -> None:
    commands = [words for words in lines("docker", "compose") if words[0] != "up"]
    assert {words[0] for words in commands} >= {"pause", "unpause", "stop", "start", "exec"}
    assert {words[1] for words in commands} <= SERVICES.keys()
    assert list(lines("cd")) == [[str(COMPOSE.relative_to(ROOT))]]


def test_what_runs_is_confined_and_understood() -> None:
    first, second = lines("podman", "run")
    group = instructions("USER")[0].rest.partition(":")[2]
    assert f"net.ipv4.ping_group_range={group} {group}" in first
    assert {"--read-only", "no-new-privileges", "ALL"} <= set(first)
    assert first[-1] == "conndrop-exporter"
    _parser().parse_args(second[second.index("conndrop-exporter") + 1 :])


def test_addresses_are_those_of_the_composition() -> None:
    told = set(re.findall(r"<http://127\.0\.0\.1:(\d+)/>", TEXT))
    assert told == {
        port.rpartition(":")[2] for service in SERVICES.values() for port in service.get("ports", [])
    }


def test_causes_and_defaults_are_those_there_are() -> None:
    causes = set(re.findall(r": ((?:server|dns|net|middlebox)\.[a-z_]+)\b", TEXT))
    assert causes
    assert causes <= set(Cause)
    (base,) = re.findall(r"takes `(python:[\w.-]+)`", TEXT)
    assert any(argument.rest.endswith(base) for argument in instructions("ARG"))
    (command,) = instructions("CMD")
    assert f"`{' '.join(command.words)}`" in TEXT
