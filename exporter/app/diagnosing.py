"""The diagnosis, put together: a case for each target, and the desk to which all of them go."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from exporter.config import ProbedTarget
from exporter.config.schema import Thresholds
from exporter.diagnosis.case import Case
from exporter.diagnosis.shared import Told, shared
from exporter.diagnosis.sign import Fact
from exporter.diagnosis.subject import Subject
from exporter.diagnosis.telling import Words, tell
from exporter.diagnosis.verdict import Ask
from exporter.exposition.choice import INCIDENTS
from exporter.exposition.families import Families
from exporter.exposition.incidents import IncidentMetrics
from exporter.incidents.cases import Facts
from exporter.incidents.desk import Desk
from exporter.incidents.history import History
from exporter.incidents.outlets import Note, Outlets
from exporter.model import Cause, Trial
from exporter.net.resolve import is_address
from exporter.probes.memory import Memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What the diagnosis may use: a `memory`, somebody to `note` what it finds, and probes on demand.

    `ask` has something done at a target at once; `turned` is told that the desk goes on.
    """

    memory: Memory
    note: Note
    ask: Callable[[str, Ask], None]
    turned: Callable[[], None] = lambda: None


class Diagnosis:
    """The desk, and the history of what it has found."""

    def __init__(self, thresholds: Thresholds, families: Families, means: Means) -> None:
        """Begin without a target."""
        self._thresholds = thresholds
        self._families = families.room(INCIDENTS)
        self._metrics = IncidentMetrics(self._families)
        self.history = History((), means.memory.recall, means.memory.keep)
        self._well: dict[str, Told] = {}
        outlets = Outlets(history=self.history, tally=self._metrics, tell=self._tell, note=means.note)
        self.desk = Desk(
            {}, outlets, quiet=thresholds.quiet, ask=means.ask, share=self._share, turned=means.turned
        )

    def admit(self, probed: ProbedTarget, trials: frozenset[Trial]) -> None:
        """Have a further target; `trials` are those that can be made at it."""
        target = probed.target.name
        whom = subject(probed, self._thresholds, trials)
        self._well[target] = Told(subject=whom, facts=())
        self._metrics.expect(target)
        self.history.admit(target)
        self.desk.admit(target, Case(whom))

    def dismiss(self, target: str) -> None:
        """Have a target no more, once nothing is reported of it any more."""
        self.desk.dismiss(target)
        self.history.dismiss(target)
        self._families.forget(target)
        del self._well[target]

    def change(self, thresholds: Thresholds) -> None:
        """Judge by other thresholds from now on."""
        if thresholds == self._thresholds:
            return
        self._thresholds = thresholds
        for target, told in self._well.items():
            whom = replace(
                told.subject,
                loss=thresholds.loss,
                latency=thresholds.latency,
                saturation=thresholds.saturation,
            )
            self._well[target] = replace(told, subject=whom)
        cases = {target: Case(told.subject) for target, told in self._well.items()}
        self.desk.reopen(cases, thresholds.quiet)

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
