"""A desk with cases that say what a test wants them to, and clocks that a test sets."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from exporter.diagnosis.case import Symptoms
from exporter.diagnosis.sign import Fact, Sign
from exporter.diagnosis.telling import Words
from exporter.diagnosis.verdict import Ask, Finding, Verdict
from exporter.incidents.cases import Case, nothing_shared
from exporter.incidents.clocks import Now
from exporter.incidents.desk import Desk
from exporter.incidents.history import History
from exporter.incidents.outlets import Outlets, plain_words
from exporter.model import Cause, HostCondition, Incident, Observation, Stage

LONG_AGO = 1_000.0
QUIET = 60.0


def fact(text: str) -> Fact:
    """Make a fact."""
    return Fact(sign=Sign.SAID, text=text)


def naming(*causes: Cause, text: str = "seen", asks: Collection[Ask] = ()) -> Verdict:
    """Give the verdict that names these causes."""
    found = tuple(Finding(cause=cause, score=9.0, facts=(fact(f"{text} {cause}"),)) for cause in causes)
    return Verdict(
        named=found,
        candidates=(*found, Finding(cause=Cause.NET_LOSS, score=1.0, facts=())),
        confidence=0.9 if found else 0.4,
        facts=(fact(text),),
        asks=frozenset(asks),
    )


@dataclass
class Scripted:
    """A case that says what it is told to; whatever is an exception is raised."""

    symptoms: Symptoms | Exception | None = None
    says: Verdict | Exception = field(default_factory=Verdict)
    wants: Collection[Ask] = ()
    taken: list[Observation] = field(default_factory=list)
    learnt: list[HostCondition] = field(default_factory=list)
    shared: list[Sequence[Fact]] = field(default_factory=list)
    looked: int = 0
    settled: int = 0
    breaks: bool = False
    forgets: bool = True

    def take(self, at: float, observation: Observation) -> None:
        del at
        if self.breaks:
            raise RuntimeError("take")
        self.taken.append(observation)

    def learn(self, at: float, condition: HostCondition) -> None:
        del at
        self.learnt.append(condition)

    def symptom(self, at: float) -> Symptoms | None:
        del at
        self.looked += 1
        if isinstance(self.symptoms, Exception):
            raise self.symptoms
        return self.symptoms

    def facts(self, at: float) -> Sequence[Fact]:
        del at
        return () if isinstance(self.says, Exception) else self.says.facts

    def verdict(self, at: float, shared: Sequence[Fact] = ()) -> Verdict:
        del at
        self.shared.append(shared)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says

    def wanted(self, at: float) -> Collection[Ask]:
        del at
        return self.wants

    def settle(self) -> None:
        self.settled += 1
        if self.forgets:
            self.symptoms = None


@dataclass
class Counted:
    """A tally that remembers."""

    shown: dict[str, set[Cause]] = field(default_factory=dict)
    counts: dict[tuple[str, Cause], int] = field(default_factory=dict)
    seconds: dict[tuple[str, Cause], float] = field(default_factory=dict)

    def active(self, target: str, causes: Collection[Cause]) -> None:
        self.shown[target] = set(causes)

    def counted(self, target: str, cause: Cause) -> None:
        self.counts[target, cause] = self.counts.get((target, cause), 0) + 1

    def lasted(self, target: str, cause: Cause, seconds: float) -> None:
        self.seconds[target, cause] = self.seconds.get((target, cause), 0.0) + seconds


class Office:
    """A desk for targets with scripted cases, by default one called `a`; no thread runs unless it is started.

    `known` is what a state file holds; give the one of another office to go on from there.
    """

    def __init__(
        self,
        *targets: str,
        known: dict[str, Any] | None = None,
        at: float = LONG_AGO,
        wall: float = 1_795_275_012.1235,
        cases: Mapping[str, Case] | None = None,
        tell: Callable[[str, Cause, Sequence[Fact]], Words] = plain_words,
        **more: Any,
    ) -> None:
        self.at, self.wall = at - 1.0, wall - 1.0
        self.known: dict[str, Any] = {} if known is None else known
        self.scripted = {target: Scripted() for target in targets or ("a",)}
        self.tally = Counted()
        self.notes: list[tuple[Stage, Incident, Cause]] = []
        self.asked: list[tuple[str, Ask]] = []
        self.history = History(self.scripted, lambda key: self.known.get(key, {}), self.known.__setitem__)
        outlets = Outlets(history=self.history, tally=self.tally, tell=tell, note=self._note)
        fixed: dict[str, Any] = {"quiet": QUIET, "share": nothing_shared}
        self.desk = Desk(
            self.scripted if cases is None else cases,
            outlets,
            ask=lambda target, ask: self.asked.append((target, ask)),
            clock=lambda: Now(self.at, self.wall),
            **fixed | more,
        )
        self.wait(1.0)

    @property
    def case(self) -> Scripted:
        return next(iter(self.scripted.values()))

    @property
    def incidents(self) -> list[Incident]:
        """All of them, newest first."""
        return self.history.listed()

    @property
    def stages(self) -> list[Stage]:
        return [stage for stage, _, _ in self.notes]

    def passes(self, seconds: float, step: float = 0.25) -> None:
        """Let time pass, with a look at every step."""
        for _ in range(round(seconds / step)):
            self.wait(step)
            self.desk.look()

    def wait(self, seconds: float) -> None:
        """Let time pass in which nobody looks."""
        self.at += seconds
        self.wall += seconds

    def ail(self, verdict: Verdict | None = None, *, target: str = "", standing: bool = False) -> None:
        """Let something be wrong just now, and have it looked at."""
        self.suffer(verdict, target=target, standing=standing)
        self.desk.look()

    def suffer(self, verdict: Verdict | None = None, *, target: str = "", standing: bool = False) -> None:
        """Let something be wrong just now, and be observed."""
        case = self.scripted[target] if target else self.case
        before = case.symptoms
        first = before.first if isinstance(before, Symptoms) else self.at
        case.symptoms = Symptoms(first=first, latest=self.at, standing=standing)
        if verdict is not None:
            case.says = verdict
        self.hear(target or next(iter(self.scripted)))

    def hear(self, target: str) -> None:
        """Let an observation of a target come in."""
        self.desk.record(Observation(target=target, probe="session", started=self.wall, duration=0.1))

    def _note(self, stage: Stage, incident: Incident, before: Cause) -> None:
        self.notes.append((stage, incident, before))
