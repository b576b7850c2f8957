"""The files that a configuration is read from, and whether they are still as they were."""

import glob
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from exporter.config.document import LARGEST, read

PATTERNS: Final = "target_files"
"""The key under which further files are named."""


def named(folder: Path, pattern: str) -> list[Path]:
    """Find the files that a pattern names, relative to the folder of the file in which it stands."""
    # Path.glob takes no absolute patterns.
    return sorted(folder / name for name in glob.glob(pattern, root_dir=folder))  # noqa: PTH207


class Sources:
    """The configuration at `path`, with all that its patterns find, sound or not."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = b""
        self._patterns: tuple[str, ...] = ()

    def digest(self) -> bytes:
        """Tell, in few bytes, what all of them hold now; what cannot be read counts as such."""
        content = _content(self._path)
        if (now := _digest([(self._path, content)])) != self._known:
            self._known = now
            self._patterns = _patterns(self._path) if PATTERNS.encode() in content else ()
        files = {path for pattern in self._patterns for path in named(self._path.parent, pattern)}
        return _digest([(self._path, content), *((path, _content(path)) for path in sorted(files))])


def _patterns(path: Path) -> tuple[str, ...]:
    document = read(path, [])
    content = document.content if document is not None else None
    written = content.get(PATTERNS) if isinstance(content, dict) else None
    return tuple(each for each in written if isinstance(each, str)) if isinstance(written, list) else ()


def _content(path: Path) -> bytes:
    """Read a file as far as any file is read; nothing where it is none, or cannot be read."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError:
        return b""


def _digest(parts: Iterable[tuple[Path, bytes]]) -> bytes:
    whole = hashlib.sha256()
    for path, content in parts:
        for part in (bytes(path), content):
            whole.update(len(part).to_bytes(8, "big") + part)
    return whole.digest()
