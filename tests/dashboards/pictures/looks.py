"""How values look: a panel's defaults, and what is said of some series or columns in particular."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.dashboards.pictures.units import written

KNOWN: Final = {"unit", "decimals", "mappings", "thresholds", "color", "min", "max", "noValue", "links"}
"""What can be said of some in particular, beside `custom.…`, which each kind of panel reads itself."""

SPECIAL: Final[Mapping[str, tuple[str, ...]]] = {
    "null": ("null",),
    "nan": ("nan",),
    "null+nan": ("null", "nan"),
}
"""What is no value, by Grafana's name of it."""
NONE: Final = "none"
"""No colour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What stands for a value."""

    text: str
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """How values are written and coloured. `steps` are the values from which on a colour holds, rising.

    `colouring` is Grafana's name of what gives the colour: `thresholds`, `fixed`, or a palette.
    """

    unit: str
    decimals: int | None
    nothing: str
    least: float | None
    most: float | None
    steps: tuple[tuple[float, str], ...]
    words: Mapping[str, Word]
    colouring: str
    fixed: str
    custom: Mapping[str, Any]

    def text(self, value: object, now: float) -> str:
        """Write a number, a label, or None where there is no value."""
        word = self.words.get(_key(value))
        if word:
            return word.text
        if isinstance(value, float):
            return written(value, self.unit, self.decimals, now)
        return str(value or self.nothing)

    def colour(self, value: object) -> str:
        """Give the colour of a value: that of its word, else what its limits or its panel say."""
        word = self.words.get(_key(value))
        if word:
            return word.colour
        if self.colouring == "fixed":
            return self.fixed
        number = value if isinstance(value, float) and not math.isnan(value) else -math.inf
        return [colour for start, colour in self.steps if start <= number][-1]


def looks(document: Mapping[str, Any], name: str, letter: str = "") -> Looks:
    """Read how a panel's series or column of that name looks; ValueError for what is not known here."""
    settings = document["fieldConfig"]
    own = dict(settings["defaults"])
    own["custom"] = dict(own.get("custom", {}))
    for override in settings["overrides"]:
        if _meant(override["matcher"], name, letter):
            _apply(own, override["properties"])
    colour = own.get("color", {})
    return Looks(
        unit=own.get("unit", "none"),
        decimals=own.get("decimals"),
        nothing=own.get("noValue", ""),
        least=own.get("min"),
        most=own.get("max"),
        steps=tuple(_steps(own["thresholds"])) if "thresholds" in own else ((-math.inf, "#8E8E8E"),),
        words=dict(_words(own.get("mappings", ()))),
        colouring=colour.get("mode", "thresholds"),
        fixed=colour.get("fixedColor", ""),
        custom=own["custom"],
    )


def _meant(matcher: Mapping[str, str], name: str, letter: str) -> bool:
    kinds = {"byName": name, "byFrameRefID": letter}
    if matcher["id"] not in kinds:
        raise ValueError(f"no such matcher: {matcher}")
    return kinds[matcher["id"]] == matcher["options"]


def _apply(own: dict[str, Any], properties: Iterable[Mapping[str, Any]]) -> None:
    for one in properties:
        name = one["id"]
        if name.startswith("custom."):
            own["custom"][name.removeprefix("custom.")] = one["value"]
        elif name in KNOWN:
            own[name] = one["value"]
        else:
            raise ValueError(f"no such property: {one}")


def _steps(thresholds: Mapping[str, Any]) -> Iterable[tuple[float, str]]:
    if thresholds["mode"] != "absolute":
        raise ValueError(f"no such thresholds: {thresholds}")
    for step in thresholds["steps"]:
        yield -math.inf if step["value"] is None else float(step["value"]), _colour(step["color"])


def _words(mappings: Iterable[Mapping[str, Any]]) -> Iterable[tuple[str, Word]]:
    """Give words by the values that they stand for; Grafana takes the first that fits."""
    for mapping in reversed(list(mappings)):
        options = mapping["options"]
        if mapping["type"] == "special" and options["match"] in SPECIAL:
            for value in SPECIAL[options["match"]]:
                yield value, _word(options["result"])
        elif mapping["type"] == "value":
            yield from ((value, _word(result)) for value, result in options.items())
        else:
            raise ValueError(f"no such mapping: {mapping}")


def _word(result: Mapping[str, str]) -> Word:
    return Word(text=result["text"], colour=_colour(result["color"]))


def _colour(name: str) -> str:
    return NONE if name == "transparent" else name


def _key(value: object) -> str:
    """Give what mappings call a value."""
    if value is None:
        return "null"
    return f"{value:g}" if isinstance(value, float) else str(value)
