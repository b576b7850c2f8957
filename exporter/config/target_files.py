"""Further files of targets, named by patterns: read with the configuration, and anew when they change."""

import glob
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from exporter.config.document import Document, read
from exporter.config.probed import ProbedTarget
from exporter.config.problems import ConfigurationError, Problem, in_order
from exporter.config.sources import digest, named
from exporter.config.targets import TargetReading, Terms

PATTERNS: Final = "target_files"
"""The key under which the patterns stand, and the name of this source of targets."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TargetFiles:
    """The files that patterns find, as they were read last.

    `document` is the file in which the patterns stand, by their positions; `names` are those of targets that
    stand there, too. `seen` is the digest of the files, taken before they were read.
    """

    document: Document
    patterns: Mapping[int, str]
    terms: Terms
    names: Mapping[str, Problem]
    seen: bytes = b""
    targets: tuple[ProbedTarget, ...] = ()

    def digest(self) -> bytes:
        """Tell, in few bytes, what the files hold now."""
        return digest(self._found())

    def read(self) -> "TargetFiles":
        """Read them anew; raise ConfigurationError with all that is wrong in them."""
        problems: list[Problem] = []
        now = self.attempt(problems)
        if problems:
            raise ConfigurationError(in_order(problems))
        return now

    def attempt(self, problems: list[Problem]) -> "TargetFiles":
        """Read them anew, as far as they are sound; what is wrong is added to `problems`."""
        seen = self.digest()  # before they are read, lest a change between the two is missed
        for index, pattern in self.patterns.items():
            if not glob.has_magic(pattern) and not named(self._folder, pattern):
                problems.append(self.document.problem((PATTERNS, index), f"{pattern!r} is no file"))
        reading = TargetReading(self.terms, problems, dict(self.names))
        targets = [target for path in self._found() for target in _targets(path, reading)]
        return replace(self, seen=seen, targets=tuple(targets))

    @property
    def _folder(self) -> Path:
        return self.document.path.parent

    def _found(self) -> Sequence[Path]:
        """Find the files, each once."""
        return sorted({path for pattern in self.patterns.values() for path in named(self._folder, pattern)})


def _targets(path: Path, reading: TargetReading) -> list[ProbedTarget]:
    document = read(path, reading.problems)
    if document is None or document.content is None:
        return []
    if not isinstance(document.content, list):
        message = "must be a list of targets, each beginning with `- name:`"
        reading.problems.append(document.problem((), message))
        return []
    return reading.targets(document, (), document.content)
