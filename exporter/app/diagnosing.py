"""The diagnosis, put together: a case for each target, and the desk to which all of them go."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from exporter.config import Configuration, ProbedTarget
from exporter.config.schema import Thresholds
from exporter.diagnosis.case import Case
from exporter.diagnosis.shared import Told, shared
from exporter.diagnosis.sign import Fact
from exporter.diagnosis.subject import Subject
from exporter.diagnosis.verdict import Ask
from exporter.exposition.families import Families
from exporter.exposition.incidents import IncidentMetrics
from exporter.incidents.desk import Desk
from exporter.incidents.history import History
from exporter.incidents.outlets import Note, Outlets, plain_words
from exporter.net.resolve import is_address
from exporter.probes.memory import Memory


class Diagnosis:
    """The desk, and the history of what it has found; `ask` has something done at a target at once."""

    def __init__(
        self,
        configuration: Configuration,
        families: Families,
        memory: Memory,
        note: Note,
        ask: Callable[[str, Ask], None],
    ) -> None:
        targets = [probed.target.name for probed in configuration.targets]
        metrics = IncidentMetrics(families)
        for target in targets:
            metrics.expect(target)
        self.history = History(targets, memory.recall, memory.keep)
        outlets = Outlets(history=self.history, tally=metrics, tell=plain_words, note=note)
        subjects = [subject(probed, configuration.diagnosis) for probed in configuration.targets]
        self._cases = {one.target: Case(one) for one in subjects}
        self._told = {one.target: Told(subject=one, facts=()) for one in subjects}
        quiet = configuration.diagnosis.quiet
        self.desk = Desk(self._cases, outlets, quiet=quiet, ask=ask, share=self._share)

    def _share(self, ill: Collection[str], at: float) -> Mapping[str, Sequence[Fact]]:
        """Find out what the targets that are `ill` have in common; that others are not counts, too."""
        told = {target: replace(self._told[target], facts=self._cases[target].facts(at)) for target in ill}
        return shared([*(self._told | told).values()])


def subject(probed: ProbedTarget, thresholds: Thresholds) -> Subject:
    """Say whom a case is about."""
    where = probed.target.endpoint
    return Subject(
        target=probed.target.name,
        host=where.host,
        port=where.port,
        family="postgresql" if where.dialect == "postgresql" else "mysql",
        named=not is_address(where.host),
        loss=thresholds.loss,
        latency=thresholds.latency,
        saturation=thresholds.saturation,
    )
