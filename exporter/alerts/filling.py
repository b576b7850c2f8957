"""Filling values in where expressions and texts name them between angle brackets.

`<loss>` becomes the plain number that PromQL wants, `<loss:percent>` and `<wait:duration>` what people read,
`<job:quoted>` a string in PromQL, whatever is in it.
A comparison has blanks around its sign, so it is never taken for one.
"""

import json
import re
from collections.abc import Mapping
from typing import Final

from exporter.settings import format_duration

PLACE: Final = re.compile(r"<([a-z_0-9]+)(?::(percent|duration|quoted))?>")
Value = str | float
DEEPEST: Final = 3
"""How often a value may name another one."""


def fill(text: str, values: Mapping[str, Value]) -> str:
    """Fill in all values that `text` names; KeyError for one that there is none of."""
    for _ in range(DEEPEST):
        filled = PLACE.sub(lambda place: _written(values[place[1]], place[2] or ""), text)
        if filled == text:
            return text
        text = filled
    raise ValueError(f"a value names itself: {text}")


def _written(value: Value, form: str) -> str:
    if form == "quoted":
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str):
        # A value that names another one hands the form on to it.
        return PLACE.sub(rf"<\1:{form}>", value) if form else value
    if form == "percent":
        return f"{value * 100:.10g} %"
    if form == "duration":
        return format_duration(value)
    return f"{value:.10g}"
