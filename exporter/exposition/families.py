"""All families there are, by rooms: who writes a kind of series has one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from exporter.exposition.choice import ALL, EXPORTER, HELD, HOPS, Choice
from exporter.exposition.family import Counter, Family, Gauge, Histogram

S = TypeVar("S")
OF_HOPS: Final = "conndrop_path_hop_"
"""How the names of families begin that have a series for each hop."""


class Families:
    """Families, of one room or of all. `vantage`, where there is one, is a label of every series.

    A room (`room`) begins its own, and forgets a target in these only. `part` is the name under which a
    scrape chooses them (see `exporter.exposition.choice`).
    """

    def __init__(self, vantage: str | None = None, *, part: str = EXPORTER) -> None:
        self._part = part
        self.constant: Mapping[str, str] = {}
        self._families: list[Family] = []
        self._rooms: list[Families] = []
        self._house = self
        self._shared: dict[object, Any] = {}
        self._forgetting: list[Callable[[str], object]] = []
        self.stand(vantage)

    def room(self, part: str = EXPORTER) -> "Families":
        """Give a room of its own to who writes one kind of series."""
        room = Families(part=part)
        room.constant, room._house = self.constant, self._house
        self._rooms.append(room)
        return room

    def counter(self, name: str, text: str, *labels: str) -> Counter:
        """Begin a family of counters; `text` is its help."""
        counter = Counter(name, text, labels, self.constant)
        self._families.append(counter)
        return counter

    def gauge(self, name: str, text: str, *labels: str, kind: str = "gauge") -> Gauge:
        """Begin a family of gauges, the first of `labels` being the target; `kind` where it has another."""
        gauge = Gauge(name, text, labels, self.constant)
        gauge.kind = kind
        self._families.append(gauge)
        return gauge

    def histogram(self, name: str, text: str, *labels: str, bounds: Sequence[float]) -> Histogram:
        """Begin a family of histograms with classes up to `bounds`."""
        histogram = Histogram(name, text, labels, self.constant, bounds)
        self._families.append(histogram)
        return histogram

    def shared(self, build: "Callable[[Families], S]") -> S:
        """Give what `build` makes in its own room, the same for all who ask: what several probes write."""
        house = self._house
        if build not in house._shared:
            house._shared[build] = build(house.room(HELD))
        found: S = house._shared[build]
        return found

    def when_forgotten(self, forget: Callable[[str], object]) -> None:
        """Call `forget` with each target that is forgotten: nobody may remember anything of it."""
        self._forgetting.append(forget)

    def of_targets(self) -> dict[str, Any]:
        """Give a dictionary by target, of which forgotten ones vanish."""
        remembered: dict[str, Any] = {}
        self.when_forgotten(lambda target: remembered.pop(target, None))
        return remembered

    def forget(self, target: str) -> None:
        """Publish nothing of `target` any more; nobody may be recording anything of it."""
        for forget in self._forgetting:
            forget(target)
        for family in self._families:
            family.forget(target)
        for room in self._rooms:
            room.forget(target)

    def stand(self, vantage: str | None) -> None:
        """Have another vantage on every series, or none; the values stay."""
        constant = {"vantage": vantage} if vantage else {}
        if constant == self.constant:
            return
        self.constant = constant
        for family in self._families:
            family.stand(self.constant)
        for room in self._rooms:
            room.stand(vantage)

    @property
    def own(self) -> Sequence[Family]:
        """Every family that was begun here, and in no room."""
        return tuple(self._families)

    @property
    def names(self) -> list[str]:
        """Every name, whether it is published yet or not."""
        return [family.name for family in self._everything()]

    def _everything(self, choice: Choice = ALL) -> Iterator[Family]:
        if choice.takes(self._part):
            yield from self._families
        for room in self._rooms:
            yield from room._everything(choice)

    def render(self, *, openmetrics: bool, choice: Choice = ALL) -> Iterator[bytes]:
        """Write chosen families that have series; in OpenMetrics what follows must end with its EOF."""
        for family in self._everything(choice):
            if family.name.startswith(OF_HOPS) and not choice.has(HOPS):
                continue
            samples = family.samples(choice)
            if samples:
                yield family.head(openmetrics=openmetrics).encode()
                yield samples.encode()
