"""The diagnosis, put together: a case for each target, and the desk to which all of them go."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from exporter.config import Configuration, ProbedTarget
from exporter.config.schema import Thresholds
from exporter.diagnosis.case import Case
from exporter.diagnosis.shared import Told, shared
from exporter.diagnosis.sign import Fact
from exporter.diagnosis.subject import Subject
from exporter.diagnosis.telling import Words, tell
from exporter.diagnosis.verdict import Ask
from exporter.exposition.families import Families
from exporter.exposition.incidents import IncidentMetrics
from exporter.incidents.desk import Desk, Facts
from exporter.incidents.history import History
from exporter.incidents.outlets import Note, Outlets
from exporter.model import Cause, Trial
from exporter.net.resolve import is_address
from exporter.probes.memory import Memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What the diagnosis may use: a `memory`, somebody to `note` what it finds, and probes on demand.

    `ask` has something done at a target at once; `trials` are those that can be made, by target.
    """

    memory: Memory
    note: Note
    ask: Callable[[str, Ask], None]
    trials: Mapping[str, frozenset[Trial]]


class Diagnosis:
    """The desk, and the history of what it has found."""

    def __init__(self, configuration: Configuration, families: Families, means: Means) -> None:
        targets = [probed.target.name for probed in configuration.targets]
        metrics = IncidentMetrics(families)
        for target in targets:
            metrics.expect(target)
        self.history = History(targets, means.memory.recall, means.memory.keep)
        subjects = [
            subject(probed, configuration.diagnosis, means.trials[probed.target.name])
            for probed in configuration.targets
        ]
        self._well = {one.target: Told(subject=one, facts=()) for one in subjects}
        outlets = Outlets(history=self.history, tally=metrics, tell=self._tell, note=means.note)
        cases = {one.target: Case(one) for one in subjects}
        self.desk = Desk(
            cases, outlets, quiet=configuration.diagnosis.quiet, ask=means.ask, share=self._share
        )

    def _tell(self, target: str, cause: Cause, facts: Sequence[Fact]) -> Words:
        """Put a cause into words, with what is known of the target beside the evidence."""
        subject = self._well[target].subject
        known = {"host": subject.host, "port": f"{subject.port}"}
        if not subject.named:
            known["address"] = subject.host
        return tell(cause, target, subject.family, facts, known)

    def _share(self, told: Facts) -> Facts:
        """Give what targets learn from each other; that some are well counts, too."""
        ill = {target: replace(self._well[target], facts=facts) for target, facts in told.items()}
        return shared([*(self._well | ill).values()])


def subject(probed: ProbedTarget, thresholds: Thresholds, trials: frozenset[Trial]) -> Subject:
    """Say whom a case is about."""
    where = probed.target.endpoint
    return Subject(
        target=probed.target.name,
        host=where.host,
        port=where.port,
        family="postgresql" if where.dialect == "postgresql" else "mysql",
        named=not is_address(where.host),
        trials=trials,
        loss=thresholds.loss,
        latency=thresholds.latency,
        saturation=thresholds.saturation,
    )
