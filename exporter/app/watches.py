"""The watches over all targets, changed to what a configuration says."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from exporter.app.diagnosing import Diagnosis
from exporter.app.watch import Hands, Watch
from exporter.config import ProbedTarget
from exporter.diagnosis.verdict import Ask
from exporter.exposition.families import Families
from exporter.model import Observation, Target
from exporter.probes.kind import Tools
from exporter.probes.trial import possible

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes of each target: those that begin are prepared, so that nothing can go wrong any more."""

    begin: Sequence[Watch]
    end: Sequence[Watch]
    go_on: Sequence[tuple[Watch, ProbedTarget]]


class Watches:
    """The watch over each target, by its name; changed by one thread at a time, read by any."""

    def __init__(
        self,
        hands: Hands,
        equip: Callable[[ProbedTarget], Tools],
        diagnosis: Diagnosis,
        families: Families,
        forget: Callable[[str], object],
    ) -> None:
        """Begin without a target; `forget` is called with each that is there no more."""
        self._hands = hands
        self._equip = equip
        self._diagnosis = diagnosis
        self._families = families
        self._forget = forget
        self._watches: dict[str, Watch] = {}
        self._halted = False

    @property
    def all(self) -> Sequence[Watch]:
        """The watches there are, in the order of the configuration."""
        return list(self._watches.values())

    def targets(self) -> Sequence[Target]:
        """Give the targets there are."""
        return [watch.probed.target for watch in self.all]

    def of(self, target: str) -> Watch | None:
        """Give the watch over a target; None where there is none any more."""
        return self._watches.get(target)

    def prepare(self, targets: Sequence[ProbedTarget]) -> Change:
        """Find out what has to be done to have these targets; changes nothing.

        A target that is reached in another way, or has another budget, ends and begins anew.
        """
        wanted = {probed.target.name: probed for probed in targets}
        go_on = {
            name: watch
            for name, watch in self._watches.items()
            if name in wanted and _same(watch.probed, wanted[name])
        }
        return Change(
            begin=[
                Watch(probed, self._equip(probed), self._hands)
                for name, probed in wanted.items()
                if name not in go_on
            ],
            end=[watch for name, watch in self._watches.items() if name not in go_on],
            go_on=[(watch, wanted[name]) for name, watch in go_on.items()],
        )

    def carry_out(self, change: Change, order: Sequence[ProbedTarget]) -> Mapping[str, int]:
        """Do what was prepared, and count it; `order` is that of the configuration.

        To begin takes milliseconds each: the rest of a thousand do not, once we are halted.
        """
        for watch in change.end:
            self._end(watch)
        changed = [watch for watch, probed in change.go_on if watch.probed != probed]
        for watch, probed in change.go_on:
            watch.change(probed)
        begun = {watch.probed.target.name: watch for watch in change.begin}
        found = self._watches | begun
        self._watches = {probed.target.name: found[probed.target.name] for probed in order}
        for watch in change.begin:
            if self._halted:
                break
            self._diagnosis.admit(watch.probed, possible(watch.tools.opener))
            watch.begin()
        counts = {"begun": len(begun), "ended": len(change.end), "changed": len(changed)}
        return {"targets": len(self._watches), **counts}

    def halt(self) -> None:
        """Begin no more watches, lest the end has to wait for them; at any time, in any thread."""
        self._halted = True

    def keepalives(self) -> Mapping[str, Callable[[float | None], float | None]]:
        """Say of each target when keepalives are sent, given the kernel's own time (see `Keepalives`)."""
        return {watch.probed.target.name: watch.tools.opener.keepalive for watch in self.all}

    def ask(self, target: str, ask: Ask) -> None:
        """Have something done at once that would tell more of a trouble; in any thread."""
        if (watch := self._watches.get(target)) is not None:
            watch.ask(ask)
        log.debug("asked for", extra={"fields": {"target": target, "ask": ask}})

    def heed(self, observation: Observation) -> None:
        """Let the watch over a target see what was observed of it; in any thread."""
        if (watch := self._watches.get(observation.target)) is not None:
            watch.heed(observation)

    def _end(self, watch: Watch) -> None:
        target = watch.probed.target.name
        watch.end()
        self._watches = {name: other for name, other in self._watches.items() if other is not watch}
        self._diagnosis.dismiss(target)
        self._families.forget(target)
        self._forget(target)


def _same(before: ProbedTarget, after: ProbedTarget) -> bool:
    """Whether a target is reached as before, so that what it holds can stay."""
    return (before.target.endpoint, before.dialect, before.connection_budget) == (
        after.target.endpoint,
        after.dialect,
        after.connection_budget,
    )
