"""The case of one target: all that was seen of it, folded into facts, and the verdict they come to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from exporter.diagnosis.asking import asks
from exporter.diagnosis.judging import judge
from exporter.diagnosis.seen.counts import Counts
from exporter.diagnosis.seen.echoes import Echoes
from exporter.diagnosis.seen.fresh import Fresh
from exporter.diagnosis.seen.held import HeldOnes
from exporter.diagnosis.seen.host import Host
from exporter.diagnosis.seen.idleness import Idleness
from exporter.diagnosis.seen.knocks import Knocks
from exporter.diagnosis.seen.names import Names
from exporter.diagnosis.seen.server import Server
from exporter.diagnosis.seen.trials import Trials
from exporter.diagnosis.seen.way import Way
from exporter.diagnosis.seen.window import Side, Window
from exporter.diagnosis.sign import Fact, Sign
from exporter.diagnosis.subject import Subject
from exporter.diagnosis.verdict import Ask, Verdict
from exporter.model import Cause, HostCondition, Observation, Trial

BEFORE: Final = 3.0
"""Seconds before the first symptom of which the evidence counts, too: a symptom may be late."""
LONGEST: Final = 120.0
"""Seconds of which the evidence counts: what was true at first may not be so in a long trouble."""
DENIED: Final = "1045"
PATIENCE: Final = 10.0
"""Seconds within which a trial is worth waiting for."""
PASSING: Final = frozenset({Sign.FRESH_WORKS, Sign.HELD_WORKS, Sign.TCP_WORKS})
"""Where there is a way for TCP, echoes are turned away by a rule of their own."""
CONFIRMED: Final = 60.0
"""Seconds within which TCP has to suffer, too, for lost echoes to be a trouble."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptoms:
    """When trouble was first and last seen, in monotonic seconds; `standing` if it may go on."""

    first: float
    latest: float
    standing: bool


class Case:
    """Takes in all that is observed of one target, in the order in which it comes; not locked."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._host = Host()
        self._fresh, self._held = Fresh(), HeldOnes()
        self._knocks = Knocks(subject.latency)
        self._echoes = Echoes(subject.loss, subject.latency)
        self._server, self._trials, self._way = (
            Server(subject.saturation, lambda: self._ailed),
            Trials(),
            Way(),
        )
        self._idleness = Idleness(lambda: self._server.limits)
        self._sides: tuple[Side, ...] = (
            self._fresh,
            self._held,
            self._knocks,
            self._echoes,
            Names(),
            self._way,
            self._server,
            Counts(),
            self._idleness,
            self._trials,
        )
        self._first = self._latest = float("inf")
        self._ailed = float("-inf")

    def take(self, at: float, observation: Observation) -> None:
        """Take in what was observed; it came at `at` (monotonic seconds)."""
        symptoms = [side.take(at, observation) for side in self._sides]
        if any(symptoms) or self._lossy(at):
            self._first = min(self._first, at)
            self._latest = self._ailed = at

    def learn(self, at: float, condition: HostCondition) -> None:
        """Take in how the host did that the daemon runs on."""
        self._host.learn(at, condition)

    def symptom(self, at: float) -> Symptoms | None:
        """Tell since when something is wrong at `at`; None while all is well."""
        if self._first > at:
            return None
        standing = any(side.standing(at) for side in self._sides) or self._lossy(at)
        return Symptoms(first=self._first, latest=self._latest, standing=standing)

    def wanted(self, at: float) -> frozenset[Ask]:
        """Tell what to look at though there is no symptom yet: something hints at one."""
        if self._first <= at:
            return frozenset()
        if self._echoes.silent:
            return frozenset({Ask.SENTINEL, Ask.TCP})
        if self._way.large_vanish and not self._trials.made(Trial.SIZES):
            return frozenset({Ask.SIZES_TRIAL})
        return frozenset()

    def facts(self, at: float) -> list[Fact]:
        """Give what speaks for or against any cause at `at`."""
        begun = min(self._first, at)
        first = max(begun, at - LONGEST)
        stalls = self._host.stalls
        window = Window(since=first - BEFORE, first=first, begun=begun, now=at, stalls=stalls)
        facts = [fact for side in self._sides for fact in side.facts(window)]
        if any(fact.sign in PASSING for fact in facts):
            facts = [fact for fact in facts if fact.sign is not Sign.ECHO_UNREACHABLE]
        return [*facts, *self._doubt(facts, at), *self._host.facts(window, self._first, self._latest)]

    def verdict(self, at: float, shared: Sequence[Fact] = ()) -> Verdict:
        """Judge; `shared` are facts that other targets tell."""
        facts = [*self.facts(at), *shared]
        return judge(facts, lambda candidates: asks(facts, candidates, self._subject))

    def settle(self) -> None:
        """Let a trouble be over: forget what was seen of it, but not what is usual."""
        self._first = self._latest = float("inf")
        self._host.settle()
        for side in self._sides:
            side.settle()

    def _doubt(self, facts: Sequence[Fact], at: float) -> Iterator[Fact]:
        """Tell that MySQL may refuse a password for want of TLS, while that is being tried."""
        denied = [fact for fact in facts if fact.values.get("code") == DENIED]
        refused = any(fact.cause is Cause.AUTH_CREDENTIALS for fact in denied)
        can_be_tried = Trial.TLS in self._subject.trials and not self._trials.made(Trial.TLS)
        if refused and can_be_tried and at < self._first + PATIENCE:
            yield Fact(sign=Sign.MAY_WANT_TLS, text="the server says the same where it wants TLS")

    def _lossy(self, at: float) -> bool:
        """Whether packets are lost or damaged, and TCP suffers from it: echoes alone may be unwelcome."""
        suffers = max(self._knocks.resent_at, self._held.slow_at) >= at - CONFIRMED
        return suffers and (self._echoes.lossy(at) or self._host.damaging(at))
