"""The words in which settings are written: durations, percentages, and the strict models around them.

Every probe declares its own settings with these, so that adding a probe changes no other room.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_PERCENTAGE = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_SHORTEST = 0.01
_SHORTEST_DELAY = 0.001
_LONGEST = 365 * 86400.0


def parse_duration(value: object, shortest: float = _SHORTEST) -> float:
    """Read `15s`, `1.5m` or `1h30m` as seconds, `shortest` at least; raise ValueError in words for people."""
    advice = "write a number with ms, s, m, h or d, such as 15s, 200ms or 1h30m"
    if not isinstance(value, str):
        raise ValueError(f"{_show(value)} has no unit; {advice}")  # noqa: TRY004  pydantic wants ValueError
    text = value.strip()
    if not re.fullmatch(f"(?:{_DURATION.pattern})+", text):
        raise ValueError(f"{_show(value)} is not a duration; {advice}")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _DURATION.findall(text))
    if not shortest <= seconds <= _LONGEST:
        raise ValueError(f"{_show(value)} is out of range; {format_duration(shortest)} to 365d is allowed")
    return seconds


def parse_delay(value: object) -> float:
    """Read what may be as short as a millisecond, in the same way."""
    return parse_duration(value, _SHORTEST_DELAY)


def parse_percentage(value: object) -> float:
    """Read `1%` as 0.01; raise ValueError in words for people."""
    match = _PERCENTAGE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(
            f"{_show(value)} is not a percentage; write a number with a percent sign, such as 1%"
        )
    share = float(match[1]) / 100
    if share > 1:
        raise ValueError(f"{_show(value)} is out of range; 0% to 100% is allowed")
    return share


def format_duration(seconds: float) -> str:
    """Write seconds the way people write them in the configuration: `15s`, `200ms`, `1h30m`."""
    parts, rest = [], round(seconds * 1000)
    for unit, factor in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, rest = divmod(rest, factor)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def format_percentage(share: float) -> str:
    """Write a share the way people write it in the configuration: `1%`."""
    return f"{100 * share:.12g}%"


def _show(value: object) -> str:
    shown = "nothing" if value is None else repr(value)
    return shown if len(shown) <= 60 else shown[:60] + "…"


Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration),
    WithJsonSchema({"type": "string", "pattern": f"^({_DURATION.pattern})+$", "examples": ["15s", "1h30m"]}),
]
"""Seconds, written with a unit."""
Delay = Annotated[float, BeforeValidator(parse_delay), PlainSerializer(format_duration)]
"""The same, and it may be shorter than anything that is waited for."""

Percentage = Annotated[
    float,
    BeforeValidator(parse_percentage),
    PlainSerializer(format_percentage),
    WithJsonSchema({"type": "string", "pattern": f"^{_PERCENTAGE.pattern}$", "examples": ["1%"]}),
]
"""A share from 0 to 1, written as a percentage."""


class Settings(BaseModel):
    """A block of the configuration: unknown keys are errors, values never change.

    A key with nothing behind it counts as not written.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_the_unwritten(cls, block: Any) -> Any:
        if not isinstance(block, dict):
            return block
        return {
            key: value for key, value in block.items() if value is not None or key not in cls.model_fields
        }


def too_long(timeout: float, interval: float) -> str:
    """Say that a run could last longer than the time until the next; empty when it could not."""
    if timeout <= interval:
        return ""
    allowed = format_duration(interval)
    return f"timeout {format_duration(timeout)} is longer than the interval; at most {allowed} is allowed"


Block = TypeVar("Block", bound=Settings)


def read_block(model: type[Block], written: Mapping[str, object]) -> Block:
    """Read a block that stands in no file; raise ValueError in words for people, with what is wrong first."""
    try:
        return model.model_validate(dict(written))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(map(str, first["loc"]))
    words = first["msg"].removeprefix("Value error, ")
    raise ValueError(f"{place}: {words[:1].lower()}{words[1:]}" if place else words)


class ProbeBlock(Settings):
    """What one kind of probe can be told; `default_on` says whether it runs where nobody names it."""

    default_on: ClassVar[bool] = True

    def over(self, defaults: "ProbeBlock") -> Self:
        """Lay these settings over `defaults`: what was written here wins."""
        written: dict[str, Any] = {
            name: getattr(source, name)
            for source in (defaults, self)
            for name in sorted(source.model_fields_set)
        }
        return type(self).model_construct(**written)

    def misfit(self) -> tuple[str, str] | None:
        """Name a setting that does not go with the others, and say why; None where all do."""
        return None


class ProbeSettings(ProbeBlock):
    """What every probe that runs at intervals can be told."""

    interval: Duration = Field(default=15.0, description="time between two runs")
    timeout: Duration = Field(default=5.0, description="longest time one run may take; at most the interval")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.model_fields_set >= {"interval", "timeout"} and (misfit := self.misfit()):
            raise ValueError(misfit[1])
        return self

    def over(self, defaults: ProbeBlock) -> Self:
        """Lay these settings over `defaults`; a timeout that nobody wrote gives way to a shorter interval."""
        merged = super().over(defaults)
        if "timeout" in merged.model_fields_set or merged.timeout <= merged.interval:
            return merged
        return merged.model_copy(update={"timeout": merged.interval})

    def misfit(self) -> tuple[str, str] | None:
        """Say so where a run could last longer than the time until the next."""
        problem = too_long(self.timeout, self.interval)
        return ("timeout", problem) if problem else None
