"""What the desk asks of a case, and how cases learn from each other."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from exporter.diagnosis.case import Symptoms
from exporter.diagnosis.sign import Fact
from exporter.diagnosis.verdict import Ask, Verdict
from exporter.model import HostCondition, Observation


class Case(Protocol):
    """All evidence there is on one target; never used by two threads at once. `at` is monotonic seconds."""

    def take(self, at: float, observation: Observation) -> None:
        """Take in what a probe has seen; quick."""
        ...

    def learn(self, at: float, condition: HostCondition) -> None:
        """Take in how this host does."""
        ...

    def symptom(self, at: float) -> Symptoms | None:
        """Tell what is wrong; None while all is well."""
        ...

    def facts(self, at: float) -> Sequence[Fact]:
        """Tell what speaks for or against any cause."""
        ...

    def verdict(self, at: float, shared: Sequence[Fact] = ()) -> Verdict:
        """Judge; `shared` are facts that several targets have in common."""
        ...

    def wanted(self, at: float) -> Collection[Ask]:
        """Tell what to ask for though nothing is wrong yet."""
        ...

    def settle(self) -> None:
        """Forget the evidence of a trouble that is over."""
        ...


Facts = Mapping[str, Sequence[Fact]]
"""Facts by targets."""
Share = Callable[[Facts], Facts]
"""From what the targets tell that are ill to what each learns from the others."""


def nothing_shared(_: Facts) -> Facts:
    """Judge each target for itself."""
    return {}
