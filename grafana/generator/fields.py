"""How values are shown: units, thresholds, words, colours."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models.dashboard import (
    DashboardSpecialValueMapOptions,
    DynamicConfigValue,
    FieldColorModeId,
    SpecialValueMap,
    SpecialValueMatch,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)

from exporter.alerts.filling import Value, fill
from grafana.generator.palette import CRITICAL, GOOD, WARNING, Colour
from grafana.generator.panel import Limits, Query, Word
from grafana.generator.selection import Selection

NOTHING: Final = "nothing"
"""What is shown where there is no value."""
UNKNOWN: Final = "-"
"""The same in the cells of a table, where a word is taken for a zero: nothing lost."""
LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""What Grafana calls the queries of a panel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """What is filled in: thresholds, and what the variables select."""

    thresholds: Mapping[str, Value]
    selection: Selection

    def expression(self, text: str) -> str:
        """Fill an expression in; KeyError for a name that there is not."""
        chosen = self.selection
        places = {"of": chosen.target, "from": chosen.origin, "incidents": chosen.incidents}
        return fill(text, {**self.thresholds, **places}).strip()

    def number(self, text: str) -> float:
        """Give a limit as a number."""
        return float(fill(text, self.thresholds))


CLEAR: Final = "transparent"
ALARMING: Final = (WARNING, CRITICAL)


def limited(limits: Limits, values: Values, good: str = GOOD) -> ThresholdsConfig:
    """Give the colours that values have, from the first limit to the last; `good` is that of all others."""
    pairs = [(limits.warning, WARNING), (limits.critical, CRITICAL)]
    beyond = [(values.number(limit), colour) for limit, colour in pairs if limit]
    if limits.falls:
        beyond.reverse()
        starts = [None, *(start for start, _ in beyond)]
        colours = [*(str(colour) for _, colour in beyond), good]
    else:
        starts = [None, *(start for start, _ in beyond)]
        colours = [good, *(str(colour) for _, colour in beyond)]
    steps = [Threshold(value=start, color=colour) for start, colour in zip(starts, colours, strict=True)]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def worded(words: Mapping[int, Word], *, alarming: bool = False) -> list[ValueMap]:
    """Give what stands for numbers; where only what is `alarming` stands out, the rest has no colour."""
    if not words:
        return []
    results = {
        str(number): ValueMappingResult(text=word.text, color=_colour(word, alarming=alarming), index=index)
        for index, (number, word) in enumerate(words.items())
    }
    return [ValueMap(options=results)]


def _colour(word: Word, *, alarming: bool) -> str:
    return word.colour if word.colour in ALARMING or not alarming else CLEAR


def missing() -> SpecialValueMap:
    """Leave what has no value without a colour, which would be that of the lowest."""
    result = ValueMappingResult(text=UNKNOWN, color=CLEAR)
    match = SpecialValueMatch.NULL_AND_NAN
    return SpecialValueMap(options=DashboardSpecialValueMapOptions(match=match, result=result))


def fixed(colour: Colour) -> DynamicConfigValue:
    """Give everything one colour."""
    return DynamicConfigValue("color", {"mode": FieldColorModeId.FIXED, "fixedColor": str(colour)})


def styles(queries: Iterable[Query]) -> Iterator[tuple[str, list[DynamicConfigValue]]]:
    """Give the letters of the queries whose series do not look as all others do, and how they look."""
    for letter, query in zip(LETTERS, queries, strict=False):
        looks: list[DynamicConfigValue] = []
        if query.colour:
            looks.append(fixed(query.colour))
        if query.dashed:
            dashes: dict[str, Any] = {"fill": "dash", "dash": [8, 6]}
            looks.append(DynamicConfigValue("custom.lineStyle", dashes))
        if query.apart:
            looks.append(DynamicConfigValue("custom.stacking", {"group": "A", "mode": "none"}))
            looks.append(DynamicConfigValue("custom.fillOpacity", 0))
        if looks:
            yield letter, looks
