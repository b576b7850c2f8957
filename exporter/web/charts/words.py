"""Values as people read them: durations, shares, moments."""

import math
from datetime import UTC, datetime
from typing import Final

UNITS: Final = ((3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))
"""Seconds of each unit, from long to short."""
ALMOST: Final = 0.9995
"""Share of a unit from which a duration is one of it, because it would be rounded to it."""


def duration(seconds: float) -> str:
    """Write a duration with three digits at most, such as 12 ms, 1.25 s, 5 min or 1 h 30 min."""
    if seconds < UNITS[-1][0] / 2:
        return "0 ms"
    size, unit = next((each for each in UNITS if seconds >= each[0] * ALMOST), UNITS[-1])
    if size > 1:
        return _long(seconds)
    return f"{_digits(seconds / size)}\N{NO-BREAK SPACE}{unit}"


def share(part: float, whole: float) -> str:
    """Write a share in percent; no loss is 0 % and all is 100 %, but nothing else is."""
    percent = 100 * part / whole if whole else 0.0
    if 0 < percent < 0.1:
        return "less than 0.1\N{NO-BREAK SPACE}%"
    if 99.9 < percent < 100:
        return "more than 99.9\N{NO-BREAK SPACE}%"
    # Rounded down: what is not all is never written as all.
    written = _digits(percent) if percent < 99 or percent == 100 else str(math.floor(10 * percent) / 10)
    return f"{written}\N{NO-BREAK SPACE}%"


def clock(moment: float, *, seconds: bool = False) -> str:
    """Write the time of day of a moment in UTC, such as 14:05."""
    return datetime.fromtimestamp(moment, UTC).strftime("%H:%M:%S" if seconds else "%H:%M")


def date(moment: float) -> str:
    """Write the day of a moment in UTC, such as 21 Sep."""
    return datetime.fromtimestamp(moment, UTC).strftime("%d %b")


def _long(seconds: float) -> str:
    """Write a duration of a minute or more by two units that follow each other."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    parts = [(hours, "h"), (minutes, "min"), (0 if hours else left, "s")]
    return " ".join(f"{number}\N{NO-BREAK SPACE}{unit}" for number, unit in parts if number)


def _digits(value: float) -> str:
    """Write three digits at most: 1.25, 12.5, 125."""
    places = 2 if value < 9.995 else 1 if value < 99.95 else 0
    written = f"{value:.{places}f}"
    return written.rstrip("0").rstrip(".") if places else written
