"""A stretch of time in which one target suffers from one cause."""

from dataclasses import dataclass
from enum import StrEnum

from exporter.model.cause import Cause


class Severity(StrEnum):
    """How soon somebody should look.

    `CRITICAL`: connections fail now. `WARNING`: they will, or some do. `INFO`: good to know.
    """

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Stage(StrEnum):
    """What has happened to an incident: it began, its cause has been found (or another one), it is over."""

    OPENED = "opened"
    NAMED = "named"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do: `text` says what, `copy` are lines to copy, which may be none.

    Where there is room for text only, the lines follow on the same line, with semicolons between them.
    """

    text: str
    copy: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = "; ".join(line.removesuffix(";") for line in self.copy)
        return f"{self.text}: {lines}" if lines else self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What is known of one incident, in words that every outlet uses as they are.

    `started` and `ended` are seconds since the epoch, `ended` None while it lasts; `cause` is `unknown` as
    long as no cause stands out. `evidence` are sentences, the weightiest first; `fix` is what
    to do, in that order. `confidence` is from 0 to 1; `candidates` are causes that could be it as well, the
    likeliest first.
    """

    id: str
    target: str
    cause: Cause
    severity: Severity
    started: float
    ended: float | None = None
    summary: str
    evidence: tuple[str, ...] = ()
    fix: tuple[Step, ...] = ()
    confidence: float = 0.0
    candidates: tuple[Cause, ...] = ()
