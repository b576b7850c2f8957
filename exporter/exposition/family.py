"""Series that exist for every target: their text is made once, and a scrape only fills the numbers in.

prometheus_client takes 7 µs to write one sample, and a thousand targets have more than a hundred thousand.

Nothing here is locked. A child is written by one thread at a time: the one in which its target's probe
runs, or through which all readings come; who has several puts them in line (see `OwnMetrics`). A scrape
reads in steps that the interpreter's lock makes one: a copy of the list of children, a copy of a
histogram's tally, a reference to text. So it never meets a collection that changes under it, and buckets
and count always agree; a histogram's sum may lack the one value that is being counted at that moment.
"""

import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Generic, TypeVar

from exporter.exposition.children import Count, Distribution, escaped, number
from exporter.exposition.choice import ALL, BUCKETS, ZEROS, Choice

C = TypeVar("C", Count, Distribution)
TARGET: Final = "target"
CAUSE: Final = "cause"


class Family(ABC):
    """All series of one name."""

    kind: str

    def __init__(self, name: str, text: str, labels: Sequence[str], constant: Mapping[str, str]) -> None:
        self.name = name
        self.text = text
        self.label_names = tuple(labels)
        self._constant = constant

    def head(self, *, openmetrics: bool) -> str:
        """Write what stands above the samples. In OpenMetrics only what ends in `_total` is a counter."""
        name, kind = self.name, self.kind
        if openmetrics and kind in ("counter", "untyped"):
            kind = "counter" if name.endswith("_total") else "unknown"
            name = name.removesuffix("_total")
        return f"# HELP {name} {self.text}\n# TYPE {name} {kind}\n"

    @abstractmethod
    def samples(self, choice: Choice = ALL) -> str:
        """Write a line for each sample that is chosen."""

    def _sparse(self, choice: Choice) -> bool:
        """Whether what is still 0 is left out: only where there is a series for each cause."""
        return CAUSE in self.label_names and not choice.has(ZEROS)

    @abstractmethod
    def forget(self, target: str) -> None:
        """Publish nothing of `target` any more; nobody may be recording anything of it."""

    @abstractmethod
    def stand(self, constant: Mapping[str, str]) -> None:
        """Have other labels on every series; the values stay."""

    def _pairs(self, values: Iterable[str]) -> str:
        """Write labels in the order of their names, as they stand between the braces."""
        labels = {**self._constant, **dict(zip(self.label_names, values, strict=True))}
        return ",".join(f'{name}="{escaped(value)}"' for name, value in sorted(labels.items()))


class _Recorded(Family, Generic[C]):
    """A family whose children are written all the time, each by the name of its label values."""

    def __init__(self, name: str, text: str, labels: Sequence[str], constant: Mapping[str, str]) -> None:
        super().__init__(name, text, labels, constant)
        self._children: dict[tuple[str, ...], C] = {}
        self._keys: dict[str, list[tuple[str, ...]]] = {}
        self._of_targets = tuple(labels[:1]) == (TARGET,)

    def labels(self, *values: str) -> C:
        """Give the child with these label values, which is published from now on."""
        child = self._children.get(values)
        if child is None:
            # Many families of a target have the same labels: their text is kept once for all.
            child = self._children.setdefault(values, self._child(sys.intern(self._pairs(values))))
            if self._of_targets:
                self._keys.setdefault(values[0], []).append(values)
        return child

    def forget(self, target: str) -> None:
        """Publish nothing of `target` any more (see `Family.forget`)."""
        for key in self._keys.pop(target, ()):
            self._children.pop(key, None)

    def forget_part(self, target: str, second: str) -> None:
        """Publish the children of `target` no more whose second label has this value."""
        keys = self._keys.get(target, [])
        for key in [key for key in keys if key[1] == second]:
            keys.remove(key)  # in place: another thread may add one meanwhile
            self._children.pop(key, None)

    def stand(self, constant: Mapping[str, str]) -> None:
        """Have other labels on every series (see `Family.stand`)."""
        self._constant = constant
        for values, child in list(self._children.items()):
            child.labels = sys.intern(self._pairs(values))

    @abstractmethod
    def _child(self, labels: str) -> C:
        """Make a child."""


class Counter(_Recorded[Count]):
    """Counts; the name ends in `_total`."""

    kind = "counter"

    def _child(self, labels: str) -> Count:
        return Count(labels)

    def samples(self, choice: Choice = ALL) -> str:
        """Write a line for each child (see `Family.samples`)."""
        begin = self.name + "{"
        children = list(self._children.values())
        if self._sparse(choice):
            children = [child for child in children if child.value]
        return "".join([f"{begin}{child.labels}}} {number(child.value)}\n" for child in children])


class Histogram(_Recorded[Distribution]):
    """Distributions over the same classes, whose upper bounds ascend."""

    kind = "histogram"

    def __init__(
        self,
        name: str,
        text: str,
        labels: Sequence[str],
        constant: Mapping[str, str],
        bounds: Sequence[float],
    ) -> None:
        super().__init__(name, text, labels, constant)
        self.bounds = bounds
        self._begins = [f'{name}_bucket{{le="{number(bound)}",' for bound in (*bounds, math.inf)]

    def _child(self, labels: str) -> Distribution:
        return Distribution(labels, self.bounds)

    def samples(self, choice: Choice = ALL) -> str:
        """Write the lines of each child: its buckets, their count and their sum (see `Family.samples`)."""
        write = self._lines if choice.has(BUCKETS) else self._few_lines
        return "".join([write(child) for child in list(self._children.values())])

    def _few_lines(self, child: Distribution) -> str:
        *counts, total = child.tally.copy()
        end, shown = child.labels + "} ", number(sum(counts))
        return (
            f"{self._begins[-1]}{end}{shown}\n"
            f"{self.name}_count{{{end}{shown}\n{self.name}_sum{{{end}{number(total)}\n"
        )

    def _lines(self, child: Distribution) -> str:
        *counts, total = child.tally.copy()
        end = child.labels + "} "
        so_far: float = 0
        shown = number(so_far)
        lines = []
        for begin, count in zip(self._begins, counts, strict=True):
            if count:
                so_far += count
                shown = number(so_far)
            lines.append(f"{begin}{end}{shown}\n")
        lines.append(f"{self.name}_count{{{end}{shown}\n{self.name}_sum{{{end}{number(total)}\n")
        return "".join(lines)


class Gauge(Family):
    """What is true of each target now, or what others have counted; the first label is the target."""

    kind = "gauge"

    def __init__(self, name: str, text: str, labels: Sequence[str], constant: Mapping[str, str]) -> None:
        super().__init__(name, text, labels, constant)
        self._values: dict[str, Mapping[tuple[str, ...], float]] = {}
        self._shown: dict[str, str] = {}

    def show(self, target: str, values: Mapping[tuple[str, ...], float]) -> None:
        """Publish these series of `target` and no others; keys are the values of the labels after the target.

        `values` is kept. No scrape sees some of the old ones and some of the new.
        """
        if self._values.get(target, {}) == values:
            return
        self._values[target] = values
        self._write(target)

    def set(self, target: str, value: float | None) -> None:
        """Publish `value` for `target`, nothing if it is None; where there is no label but the target."""
        self.show(target, {} if value is None else {(): value})

    def forget(self, target: str) -> None:
        """Publish nothing of `target` any more (see `Family.forget`)."""
        self._values.pop(target, None)
        self._shown.pop(target, None)

    def stand(self, constant: Mapping[str, str]) -> None:
        """Have other labels on every series (see `Family.stand`)."""
        self._constant = constant
        for target in list(self._values):
            self._write(target)

    def _write(self, target: str) -> None:
        self._shown[target] = "".join([self._line(target, *pair) for pair in self._values[target].items()])

    def _line(self, target: str, labels: tuple[str, ...], value: float) -> str:
        return f"{self.name}{{{self._pairs((target, *labels))}}} {number(value)}\n"

    def samples(self, choice: Choice = ALL) -> str:
        """Give the lines of all targets (see `Family.samples`)."""
        if self._sparse(choice):
            found = list(self._values.items())
            lines = (self._line(one, *pair) for one, values in found for pair in values.items() if pair[1])
            return "".join(lines)
        return "".join(list(self._shown.values()))
