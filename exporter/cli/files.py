"""Files that commands write for other programs to read."""

from collections.abc import Collection, Mapping
from pathlib import Path

from exporter.cli.output import complain


def write(directory: Path, texts: Mapping[str, str], found: Collection[Path], what: str) -> list[str]:
    """Write all texts below a folder, by their names, and give their paths; raises OSError.

    Files `found` there that are none of these are named, and why they should go is `what`.
    """
    paths = {directory / name: text for name, text in texts.items()}
    for path, text in paths.items():
        _replace(path, text)
    for path in sorted(set(found) - paths.keys()):
        complain(f"{path} is no file of this version: remove it, lest {what}")
    return [str(path) for path in paths]


def _replace(path: Path, text: str) -> None:
    """Write a file in one go: nobody ever reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
