"""How a target is, in a word that a symbol and a colour go with."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from exporter.model import Incident, Seen, SessionObservation, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a state is shown: its name in the stylesheet and in queries, the word, the symbol."""

    name: str
    word: str
    symbol: str


class State(Enum):
    """From the worst to the best; `WAITING` is of whom nothing has been seen yet."""

    FAILING = Look(name="failing", word="Failing", symbol="✖")
    TROUBLED = Look(name="troubled", word="Trouble", symbol="▲")
    NOTABLE = Look(name="notable", word="Notice", symbol="◆")
    WAITING = Look(name="waiting", word="Waiting", symbol="…")
    WELL = Look(name="well", word="Well", symbol="✔")

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(State).index(self)

    @property
    def ill(self) -> bool:
        """Whether something is wrong."""
        return self in (State.FAILING, State.TROUBLED)


BY_SEVERITY: Final = {
    Severity.CRITICAL: State.FAILING,
    Severity.WARNING: State.TROUBLED,
    Severity.INFO: State.NOTABLE,
}


def state(seen: Seen | None, active: Sequence[Incident]) -> State:
    """Say how a target is; `active` are its incidents that are not over, the worst first."""
    session = None if seen is None else seen.last(SessionObservation)
    if session is not None and not session.usable:
        return State.FAILING
    if active:
        return BY_SEVERITY[active[0].severity]
    return State.WAITING if seen is None else State.WELL


def active_of(incidents: Iterable[Incident]) -> dict[str, list[Incident]]:
    """Sort those that are not over by target, the worst first, and of equals the one that is oldest."""
    found: dict[str, list[Incident]] = {}
    for incident in incidents:
        if incident.ended is None:
            found.setdefault(incident.target, []).append(incident)
    for of_one in found.values():
        of_one.sort(key=lambda one: (list(Severity).index(one.severity), one.started))
    return found
