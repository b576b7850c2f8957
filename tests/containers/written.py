"""What stands in the Containerfile and in compose.yml."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]
CONTAINERFILE: Final = ROOT / "deploy" / "container" / "Containerfile"
COMPOSE: Final = ROOT / "deploy" / "compose"
COMPOSITION: Final[Mapping[str, Any]] = yaml.safe_load((COMPOSE / "compose.yml").read_text())
SERVICES: Final[Mapping[str, Any]] = COMPOSITION["services"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction of a Containerfile: `USER`, and what follows it in one line."""

    word: str
    rest: str

    @property
    def words(self) -> list[str]:
        """The parts of what follows: those of a JSON array, or what blanks separate."""
        array = re.search(r"\[.*\]$", self.rest)
        return list(json.loads(array[0])) if array else self.rest.split()


def instructions(*words: str) -> list[Instruction]:
    """Give the instructions of the Containerfile that begin with these words, in order."""
    text = re.sub(r"^#.*\n", "", CONTAINERFILE.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    parts = (line.partition(" ") for line in text.splitlines() if line.strip())
    found = [Instruction(word=word, rest=rest.strip()) for word, _, rest in parts]
    return [instruction for instruction in found if instruction.word in words]


def mounts(service: str) -> Iterator[tuple[Path, str]]:
    """Give what a service has of this host: the path here, and that in the container."""
    for mount in SERVICES[service].get("volumes", []):
        here, there, *how = mount.split(":")
        if here.startswith("."):
            assert how == ["ro"], f"{service} could write to {here}"
            yield (COMPOSE / here).resolve(), there
    for name in SERVICES[service].get("secrets", []):
        yield (COMPOSE / COMPOSITION["secrets"][name]["file"]).resolve(), f"/run/secrets/{name}"


def here(service: str, text: str) -> str:
    """Replace paths in the container of a service by those on this host."""
    for path, there in mounts(service):
        text = text.replace(there, str(path))
    return text
