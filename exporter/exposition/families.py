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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

from exporter.exposition.children import Count, Distribution, escaped, number

C = TypeVar("C", Count, Distribution)
S = TypeVar("S")


class Family(ABC):
    """All series of one name."""

    kind: str

    def __init__(self, name: str, text: str, labels: Sequence[str], constant: Mapping[str, str]) -> None:
        self.name = name
        self._text = text
        self._labels = labels
        self._constant = constant

    def head(self, *, openmetrics: bool) -> str:
        """Write what stands above the samples. In OpenMetrics only what ends in `_total` is a counter."""
        name, kind = self.name, self.kind
        if openmetrics and kind in ("counter", "untyped"):
            kind = "counter" if name.endswith("_total") else "unknown"
            name = name.removesuffix("_total")
        return f"# HELP {name} {self._text}\n# TYPE {name} {kind}\n"

    @abstractmethod
    def samples(self) -> str:
        """Write a line for each sample."""

    def _pairs(self, values: Iterable[str]) -> str:
        """Write labels in the order of their names, as they stand between the braces."""
        labels = {**self._constant, **dict(zip(self._labels, values, strict=True))}
        return ",".join(f'{name}="{escaped(value)}"' for name, value in sorted(labels.items()))


class _Recorded(Family, Generic[C]):
    """A family whose children are written all the time, each by the name of its label values."""

    def __init__(self, name: str, text: str, labels: Sequence[str], constant: Mapping[str, str]) -> None:
        super().__init__(name, text, labels, constant)
        self._children: dict[tuple[str, ...], C] = {}

    def labels(self, *values: str) -> C:
        """Give the child with these label values, which is published from now on."""
        child = self._children.get(values)
        if child is None:
            # Many families of a target have the same labels: their text is kept once for all.
            child = self._children.setdefault(values, self._child(sys.intern(self._pairs(values))))
        return child

    @abstractmethod
    def _child(self, labels: str) -> C:
        """Make a child."""


class Counter(_Recorded[Count]):
    """Counts; the name ends in `_total`."""

    kind = "counter"

    def _child(self, labels: str) -> Count:
        return Count(labels)

    def samples(self) -> str:
        """Write a line for each child."""
        begin = self.name + "{"
        children = list(self._children.values())
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
        self._bounds = bounds
        self._begins = [f'{name}_bucket{{le="{number(bound)}",' for bound in (*bounds, math.inf)]

    def _child(self, labels: str) -> Distribution:
        return Distribution(labels, self._bounds)

    def samples(self) -> str:
        """Write the lines of each child: its buckets, their count and their sum."""
        return "".join([self._lines(child) for child in list(self._children.values())])

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
        lines = [
            f"{self.name}{{{self._pairs((target, *labels))}}} {number(value)}\n"
            for labels, value in values.items()
        ]
        self._shown[target] = "".join(lines)

    def set(self, target: str, value: float | None) -> None:
        """Publish `value` for `target`, nothing if it is None; where there is no label but the target."""
        self.show(target, {} if value is None else {(): value})

    def samples(self) -> str:
        """Give the lines of all targets."""
        return "".join(list(self._shown.values()))


class Families:
    """All families there are. `vantage`, where there is one, is a label of every series."""

    def __init__(self, vantage: str | None = None) -> None:
        self.constant: Mapping[str, str] = {"vantage": vantage} if vantage else {}
        self._all: list[Family] = []
        self._shared: dict[object, Any] = {}

    def counter(self, name: str, text: str, *labels: str) -> Counter:
        """Begin a family of counters; `text` is its help."""
        counter = Counter(name, text, labels, self.constant)
        self._all.append(counter)
        return counter

    def gauge(self, name: str, text: str, *labels: str, kind: str = "gauge") -> Gauge:
        """Begin a family of gauges, the first of `labels` being the target; `kind` where it has another."""
        gauge = Gauge(name, text, labels, self.constant)
        gauge.kind = kind
        self._all.append(gauge)
        return gauge

    def histogram(self, name: str, text: str, *labels: str, bounds: Sequence[float]) -> Histogram:
        """Begin a family of histograms with classes up to `bounds`."""
        histogram = Histogram(name, text, labels, self.constant, bounds)
        self._all.append(histogram)
        return histogram

    def shared(self, build: "Callable[[Families], S]") -> S:
        """Give what `build` makes, the same for all who ask: families that several probes write."""
        if build not in self._shared:
            self._shared[build] = build(self)
        found: S = self._shared[build]
        return found

    @property
    def names(self) -> list[str]:
        """Every name, whether it is published yet or not."""
        return [family.name for family in self._all]

    def render(self, *, openmetrics: bool) -> Iterator[bytes]:
        """Write all families that have series; in OpenMetrics what follows must end with its EOF."""
        for family in self._all:
            samples = family.samples()
            if samples:
                yield family.head(openmetrics=openmetrics).encode()
                yield samples.encode()
