"""Files that hold lists of targets, and files that are written to while they are read."""

import glob
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from exporter.config.document import read
from exporter.config.listing import FileListing
from exporter.config.problems import Problem
from exporter.config.sources import digest, named
from exporter.config.template import Found
from exporter.discovery.groups import LARGEST, Broken, from_json, read_groups
from exporter.net.waiting import Stop, Stopped

SETTLED: Final = 1.0
"""Seconds for which files must stay the same before they are read: they may be half written."""


def settled(now: Callable[[], bytes], stop: Stop) -> bytes:
    """Wait until files stay the same, of which `now` gives the digest, and give that; raises Stopped."""
    before = now()
    while not stop.sleep(SETTLED):
        if (after := now()) == before:
            return after
        before = after
    raise Stopped


class ListFiles:
    """The files of one listing; they are read when they have changed."""

    def __init__(self, listing: FileListing, stop: Stop) -> None:
        self._listing, self._stop = listing, stop
        self._seen: bytes | None = None
        self._found: Sequence[Found] = ()
        self._wrong = ""

    def __call__(self) -> Sequence[Found]:
        """Give what stands in them now; raises Broken."""
        if (now := self._digest()) != self._seen:
            self._read(now if self._seen is None else settled(self._digest, self._stop))
        if self._wrong:
            raise Broken(
                self._wrong
            )  # a new one: one that is raised again and again keeps each raise's frames
        return self._found

    def _digest(self) -> bytes:
        return digest(self._paths())

    def _paths(self) -> Sequence[Path]:
        folder = self._listing.folder
        return sorted({path for pattern in self._listing.block.files for path in named(folder, pattern)})

    def _read(self, seen: bytes) -> None:
        """Read files of that digest; what is written to meanwhile is read at the next look."""
        found, wrong = self._found, ""
        try:
            found = self._all()
        except Broken as broken:
            wrong = str(broken)
        if self._seen is None or self._digest() == seen:
            self._seen, self._found, self._wrong = seen, found, wrong

    def _all(self) -> Sequence[Found]:
        for pattern in self._listing.block.files:
            if not glob.has_magic(pattern) and not named(self._listing.folder, pattern):
                raise Broken(f"{pattern}: is no file")
        return [found for path in self._paths() for found in read_file(path)]


def read_file(path: Path) -> list[Found]:
    """Read one list, as JSON or YAML, which its name tells; raises Broken."""
    if path.suffix.lower() != ".json":
        problems: list[Problem] = []
        document = read(path, problems)
        if document is None or problems:
            raise Broken(str(problems[0]))
        content = document.content
    try:
        if path.suffix.lower() == ".json":
            content = from_json(_content(path))
        return read_groups(content, {"__meta_filepath": str(path)})
    except Broken as broken:
        raise Broken(f"{path}: {broken}") from None


def _content(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise Broken("is no file that can be read")
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise Broken(f"cannot be read: {error.strerror}") from None
    if len(content) > LARGEST:
        raise Broken(f"is larger than {LARGEST >> 20} MiB")
    return content
