"""What is known of the idle timeouts of one target, and which silence is worth trying next."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from exporter.diagnosis.advice import keepalive, pool_recycle
from exporter.diagnosis.bracket import Bracket
from exporter.diagnosis.evidence import Fate, Hold
from exporter.diagnosis.variants import Outcome, Variant
from exporter.model import Cause, End, IdleObservation, Target
from exporter.probes.experiment import Experiments
from exporter.probes.holding import Death, HeldConnection
from exporter.probes.memory import Memory

VERIFY: Final = 600.0
"""Seconds at least between two holds that only verify what is known: each may cost a connection its life."""
LATE: Final = 0.1
"""Seconds beyond which a hold was longer than was meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Care:
    """How carefully to search; who has no time finds a little less.

    The bracket may stay as wide as a share of `width`. Experiments last `beyond` times the timeout, so that a
    second one up to so long is found, too; `rounds` of them in a row must agree.
    """

    width: float = 0.0
    beyond: float = 2.0
    rounds: int = 2


@dataclass(slots=True, kw_only=True, eq=False)
class Job:
    """One hold that is under way: so many seconds of silence, in one of the ways to be silent.

    `begun` is in monotonic seconds; `connection` is None until it is open.
    """

    seconds: float
    variant: Variant = Variant.PLAIN
    experiment: bool = False
    begun: float = field(default_factory=time.monotonic)
    connection: HeldConnection | None = None


CAREFULLY: Final = Care()


class Search:
    """Goes on from what `memory` knows, and tells it what is learnt."""

    def __init__(
        self, target: Target, ladder: Sequence[float], memory: Memory, care: Care = CAREFULLY
    ) -> None:
        """Take up what `memory` knows."""
        endpoint = target.endpoint
        self._target = target.name
        self._key = f"idle {target.name} {endpoint.dialect}://{endpoint.host}:{endpoint.port}"
        self._memory, self._care = memory, care
        known = memory.recall(self._key)
        self._bracket = Bracket.remembered(ladder, known.get("bracket"), care.width)
        self._experiments = Experiments.remembered(known.get("experiments"), care.rounds)
        self._ended = time.monotonic()

    def next(self, under_way: Collection[Job]) -> Job | None:
        """Give what is worth holding now, beside what is under way; None if nothing is."""
        bracket = self._bracket
        if bracket.settled and bracket.killed is not None:
            trying = [job.variant for job in under_way if job.experiment]
            variant = self._experiments.next(bracket.killed, trying)
            if variant is not None:
                seconds = self._care.beyond * bracket.killed
                return Job(seconds=seconds, variant=variant, experiment=True)
            if under_way or time.monotonic() - self._ended < max(VERIFY, bracket.killed):
                return None
        rung = bracket.next([job.seconds for job in under_way if not job.experiment])
        return None if rung is None else Job(seconds=rung)

    def useless(self, job: Job) -> bool:
        """Whether a hold that is under way can teach nothing any more."""
        return not job.experiment and self._bracket.obsolete(job.seconds)

    def pooled(self) -> None:
        """Take note that it is a pooler that answers."""
        self._experiments.pooled = True

    def survive(self, job: Job) -> None:
        """Take note of a hold after which the connection could be used."""
        self._learn(job, Fate.SURVIVED, job.seconds)

    def die(self, job: Job, death: Death, *, listed: bool | None) -> None:
        """Take note of a hold that ended in a death of idleness; `listed` whether the server had noticed."""
        fate = Fate.IN_VAIN if death.used else Fate.TOLD
        # Who was stopped meanwhile has left it silent for longer than was meant. Some milliseconds do not
        # make it a longer silence than one that was survived: it is the same one, and refutes that.
        late = death.silent - job.seconds > LATE
        seconds = death.silent if late or not death.used else job.seconds
        self._learn(job, fate, seconds, death, listed)

    def cause(self, silent: float) -> Cause | None:
        """Name what ends a connection that has been silent for so long; None where nothing is known to."""
        return self._experiments.cause(silent)

    def told(self) -> IdleObservation:
        """Tell what is known."""
        bracket, timeouts = self._bracket, self._experiments.timeouts
        survived, causes = bracket.survived, [cause for cause, _ in timeouts]
        return IdleObservation(
            target=self._target,
            probe="idle",
            started=time.time(),
            duration=0.0,
            survived=survived,
            killed=None if self._experiments.aged else bracket.killed,
            settled=bracket.settled and not self._experiments.aged,
            timeouts=timeouts,
            pool_recycle=None if survived is None else pool_recycle(survived),
            keepalive=None if survived is None else keepalive(survived, causes),
        )

    def _learn(
        self,
        job: Job,
        fate: Fate,
        seconds: float,
        death: Death | None = None,
        listed: bool | None = None,
    ) -> None:
        self._ended = time.monotonic()
        if job.experiment:
            said = death is not None and death.end is End.ERROR
            outcome = Outcome(
                variant=job.variant,
                fate=fate,
                seconds=seconds,
                end=death.end if death else None,
                cause=death.cause if death and said else Cause.UNKNOWN,
                listed=listed,
            )
            self._experiments.take(outcome, self._bracket.killed)
        else:
            self._bracket.take(Hold(seconds=seconds, fate=fate))
        known = {"bracket": self._bracket.known(), "experiments": self._experiments.known()}
        self._memory.keep(self._key, known)
