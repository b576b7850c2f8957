"""Files that are read, and whether they are still as they were."""

import glob
import hashlib
from collections.abc import Iterable
from pathlib import Path

from exporter.config.document import LARGEST


def named(folder: Path, pattern: str) -> list[Path]:
    """Find the files that a pattern names, relative to the folder of the file in which it stands."""
    # Path.glob takes no absolute patterns.
    return sorted(folder / name for name in glob.glob(pattern, root_dir=folder))  # noqa: PTH207


def digest(paths: Iterable[Path]) -> bytes:
    """Tell, in few bytes, what all of these files hold now; what cannot be read counts as such."""
    whole = hashlib.sha256()
    for path in paths:
        for part in (bytes(path), _content(path)):
            whole.update(len(part).to_bytes(8, "big") + part)
    return whole.digest()


def _content(path: Path) -> bytes:
    """Read a file as far as any file is read; nothing where it is none, or cannot be read."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError:
        return b""
