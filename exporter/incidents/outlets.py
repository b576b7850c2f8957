"""Where everything goes that is to be known of incidents: words, counts, the log, the history."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from exporter.diagnosis.sign import Fact
from exporter.diagnosis.telling import Words
from exporter.incidents.history import History
from exporter.model import Cause, Incident, Severity, Stage


def plain_words(target: str, cause: Cause, facts: Sequence[Fact]) -> Words:
    """Tell what was seen, without knowing anything of the cause but its name."""
    return Words(
        summary=f"{target} suffers from {'what is not known yet' if cause is Cause.UNKNOWN else cause}",
        severity=Severity.WARNING,
        evidence=tuple(fact.text for fact in facts),
        fix=(),
    )


class Tally(Protocol):
    """Who counts incidents; called by one thread at a time."""

    def active(self, target: str, causes: Collection[Cause]) -> None:
        """Show which causes `target` suffers from now."""
        ...

    def counted(self, target: str, cause: Cause) -> None:
        """Count an incident."""
        ...

    def lasted(self, target: str, cause: Cause, seconds: float) -> None:
        """Count time in an incident."""
        ...


Tell = Callable[[str, Cause, Sequence[Fact]], Words]
"""From a target's name, a cause and what speaks for it to what is told."""
Note = Callable[[Stage, Incident, Cause], None]
"""Is told what has happened to an incident, and which cause it had before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlets:
    """All of them."""

    history: History
    tally: Tally
    tell: Tell
    note: Note
