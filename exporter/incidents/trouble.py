"""The trouble of one target: its incidents that are not over, from the first symptom to the last.

Moments called `at` are monotonic seconds, all others seconds since the epoch.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from exporter.diagnosis.case import Symptoms
from exporter.diagnosis.sign import Fact, Sign
from exporter.diagnosis.verdict import Finding, Verdict
from exporter.incidents.clocks import Now
from exporter.incidents.outlets import Outlets
from exporter.incidents.running import Judgement, Running
from exporter.model import Cause, Incident, Severity, Stage

PATIENCE: Final = 30.0
"""Seconds without a name after which an incident is one of unknown cause, even if it gets a name later."""
KEPT: Final = 10.0
"""Seconds after which it is kept anew how long an incident has lasted so far."""
UNWATCHED: Final = 900.0
"""Seconds for which nobody may have watched; what was open before is not taken up again."""


Ground = tuple[Sign, Cause | None]
"""What a fact says, without its words and figures."""


class Trouble:
    """Opens and names the incidents of one target, and closes all together `quiet` seconds after the end.

    `quiet` may be set to something else at any time.
    """

    def __init__(self, target: str, outlets: Outlets, quiet: float) -> None:
        self._target = target
        self._outlets = outlets
        self.quiet = quiet
        self._running: list[Running] = []
        self._first = self._latest = self._over = self._kept = -math.inf
        self._standing = False
        self._held_at = -math.inf
        self._held_by: frozenset[Ground] = frozenset()

    @property
    def open(self) -> bool:
        """Whether an incident is not over."""
        return bool(self._running)

    @property
    def since(self) -> float:
        """When the first symptom was seen (`at`)."""
        return self._first

    def take_up(self, now: Now) -> None:
        """Go on with what was open when the daemon ended; what is too long ago is over."""
        self._over = now.at
        for incident, seen in self._outlets.history.open(self._target):
            brief = incident.cause is Cause.UNKNOWN and seen - incident.started < PATIENCE
            running = Running(
                incident=incident,
                begun=now.at,
                latest=now.at,
                reckoned=now.at,
                counted=set() if brief else {incident.cause},
                left=seen,
            )
            self._running.append(running)
            if abs(now.wall - seen) > UNWATCHED:
                self._end(running, seen)
        self._show()

    def see(self, symptoms: Symptoms | None) -> bool:
        """Take note of how the target does; tell whether there is something to judge."""
        self._standing = symptoms is not None and symptoms.standing
        if symptoms is not None:
            self._first, self._latest = max(symptoms.first, self._over), symptoms.latest
        return self._latest > self._over

    def judge(self, verdict: Verdict, now: Now) -> None:
        """Let incidents have the names that the verdict has, and the words that go with it."""
        named: dict[Cause, Finding] = {finding.cause: finding for finding in verdict.named}
        judgement = Judgement(verdict, now, named)
        if named:
            self._let_go_of_others(judgement)
        if not self._running:
            self._open(judgement, self._first)
        self._name(judgement)
        self._ascribe(judgement)
        for running in self._running:
            self._retell(running, judgement)

    def reckon(self, now: Now) -> None:
        """Count the time that has passed, and what has had no name for too long."""
        for running in self._running:
            if running.cause is Cause.UNKNOWN and now.at - running.begun >= PATIENCE:
                self._count(running)
            self._count_time(running)
        if self._running and now.at - self._kept >= KEPT:
            self.keep(now)

    def past(self, now: Now) -> bool:
        """Tell whether nothing has been wrong for so long that all is over."""
        return not self._standing and now.at - max(self._latest, self._over) >= self.quiet

    def close(self, now: Now) -> None:
        """Close all incidents; they ended when something was wrong for the last time."""
        for running in list(self._running):
            self._end(running, self._seen(running, now))
        self._over = max(self._over, self._latest)

    def keep(self, now: Now) -> None:
        """Have it kept how long incidents have lasted so far."""
        self._kept = now.at
        for running in self._running:
            self._outlets.history.put(running.incident, self._seen(running, now))
        self._outlets.history.keep(self._target)

    def _seen(self, running: Running, now: Now) -> float:
        """Say when something of an incident was seen last."""
        if running.left is not None and self._latest <= self._over:
            return running.left
        return max(running.incident.started, now.stamp(running.latest))

    def _let_go_of_others(self, judgement: Judgement) -> None:
        """Close what an earlier run of the daemon has left, if this is another trouble."""
        for running in list(self._running):
            other = running.cause is not Cause.UNKNOWN and running.cause not in judgement.named
            if running.left is not None and other:
                self._end(running, running.left)

    def _ascribe(self, judgement: Judgement) -> None:
        """Say which incidents the latest symptom belongs to; close those that have had none for too long.

        It belongs to all where nothing is named: an open question takes nothing away.
        """
        for running in list(self._running):
            if not judgement.named or running.cause in judgement.named:
                running.latest = self._latest
            elif judgement.now.at - running.latest >= self.quiet:
                self._end(running, self._seen(running, judgement.now))

    def _open(self, judgement: Judgement, begun: float) -> Running:
        started = judgement.now.stamp(begun)
        incident = Incident(
            id=self._outlets.history.new_id(self._target, started),
            target=self._target,
            cause=Cause.UNKNOWN,
            severity=Severity.WARNING,
            started=started,
            summary="",
        )
        running = Running(incident=incident, begun=begun, latest=self._latest, reckoned=begun)
        self._running.append(running)
        self._retell(running, judgement)
        self._happened(Stage.OPENED, running.incident, Cause.UNKNOWN)
        self._show()
        return running

    def _name(self, judgement: Judgement) -> None:
        """Give new causes to incidents without one, or with one that is named no longer; or open more."""
        borne = {running.cause for running in self._running}
        free = [running for running in self._running if running.cause not in judgement.named]
        # What is found at once began at once.
        begun = free[0].begun if free and free[0].cause is Cause.UNKNOWN else self._latest
        for cause, finding in judgement.named.items():
            if cause not in borne and self._news(finding):
                self._rename(free.pop(0) if free else self._open(judgement, begun), cause, judgement)
        for running in self._running:
            if running.cause in judgement.named:
                running.left = None
                self._held_at = self._latest
                self._held_by = frozenset(map(_ground, judgement.verdict.facts))

    def _news(self, finding: Finding) -> bool:
        """Whether a cause has anything for it that was not there when a name held last.

        If not, what spoke for that name has only grown old before what speaks for this one: a trouble that is
        ending is not called something else for its last minute.
        """
        return self._latest > self._held_at or not self._held_by.issuperset(map(_ground, finding.facts))

    def _rename(self, running: Running, cause: Cause, judgement: Judgement) -> None:
        self._count_time(running)
        before = running.cause
        running.incident = replace(running.incident, cause=cause)
        self._retell(running, judgement)
        self._count(running)
        self._count_time(running)
        self._happened(Stage.NAMED, running.incident, before)
        self._show()

    def _retell(self, running: Running, judgement: Judgement) -> None:
        """Tell what is known now; of a cause that is named no longer, what was known then."""
        cause, verdict, finding = running.cause, judgement.verdict, judgement.named.get(running.cause)
        if finding is None and cause is not Cause.UNKNOWN:
            return
        facts: Sequence[Fact] = verdict.facts if finding is None else finding.facts
        words = self._outlets.tell(self._target, cause, facts)
        running.incident = replace(
            running.incident,
            severity=words.severity,
            summary=words.summary,
            evidence=words.evidence,
            fix=words.fix,
            confidence=0.0 if finding is None else verdict.confidence,
            candidates=tuple(found.cause for found in verdict.candidates if found.cause is not cause),
        )
        self._outlets.history.put(running.incident, self._seen(running, judgement.now))

    def _end(self, running: Running, seen: float) -> None:
        self._running.remove(running)
        self._count(running)
        self._count_time(running)
        running.incident = replace(running.incident, ended=seen)
        self._outlets.history.put(running.incident, seen)
        self._show()
        self._happened(Stage.CLOSED, running.incident, running.cause)

    def _happened(self, stage: Stage, incident: Incident, before: Cause) -> None:
        self._outlets.history.keep(self._target)
        self._outlets.note(stage, incident, before)

    def _count(self, running: Running) -> None:
        """Count an incident for the cause that it has, once."""
        if running.cause not in running.counted:
            running.counted.add(running.cause)
            self._outlets.tally.counted(self._target, running.cause)

    def _count_time(self, running: Running) -> None:
        """Count the time up to the latest symptom; without a name it is left for later, up to a point."""
        if running.cause in running.counted and running.latest > running.reckoned:
            self._outlets.tally.lasted(self._target, running.cause, running.latest - running.reckoned)
            running.reckoned = running.latest

    def _show(self) -> None:
        self._outlets.tally.active(self._target, {running.cause for running in self._running})


def _ground(fact: Fact) -> Ground:
    return fact.sign, fact.cause
