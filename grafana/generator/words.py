"""Words for numbers that are states."""

from collections.abc import Mapping
from typing import Final

from grafana.generator.palette import CRITICAL, GOOD, QUIET, WARNING
from grafana.generator.panel import Word

UP: Final[Mapping[int, Word]] = {0: Word(text="down", colour=CRITICAL), 1: Word(text="up", colour=GOOD)}
SUFFERS: Final[Mapping[int, Word]] = {
    0: Word(text="no", colour=QUIET),
    1: Word(text="active", colour=CRITICAL),
}
ALARMING: Final[Mapping[int, Word]] = {0: Word(text="no", colour=GOOD), 1: Word(text="yes", colour=WARNING)}
"""Where 1 is what should not be."""
WANTED: Final[Mapping[int, Word]] = {0: Word(text="no", colour=WARNING), 1: Word(text="yes", colour=GOOD)}
"""Where 1 is what should be."""
PLAIN: Final[Mapping[int, Word]] = {0: Word(text="no", colour=QUIET), 1: Word(text="yes", colour=QUIET)}
"""Where neither is better."""
READ_ONLY: Final[Mapping[int, Word]] = {
    0: Word(text="takes changes", colour=GOOD),
    1: Word(text="read-only", colour=WARNING),
}
