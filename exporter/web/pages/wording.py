"""Figures and moments as people read them."""

from datetime import UTC, datetime
from typing import Any, Final

from exporter.model import harmless
from exporter.web.charts import words

LONGEST: Final = 600
"""Characters of one text that a page shows; the whole is in the log."""
UNITS: Final = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"))
"""From how many seconds on a unit is used."""
DAY: Final = 86400.0
PLAIN: Final = 0.01
NEARLY_ALL: Final = 0.98
"""Shares between which one decimal of a percent says enough."""
JUST: Final = 1.0
"""Seconds that nobody has to be told of."""


def presentable(value: Any) -> Any:
    """Make a text fit for a page, whoever it came from; whatever is no text stays as it is."""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    text = str(value)
    return harmless(text if len(text) <= LONGEST else text[:LONGEST] + "…")


def duration(seconds: float | None) -> str:
    """Write a time in the units people use, as charts do: 12.3 ms, 1.25 s, 5 min 3 s; and days: 3 d 4 h."""
    if seconds is None:
        return "—"
    if seconds < 0:
        return f"-{duration(-seconds)}"
    days, hours = divmod(round(seconds / 3600), 24)
    if seconds < DAY:
        return words.duration(seconds)
    return f"{days} d {hours} h" if hours else f"{days} d"


def ago(then: float, now: float) -> str:
    """Write how long ago something was, in one unit."""
    seconds = now - then
    if abs(seconds) < JUST:
        return "just now"
    for least, unit in UNITS:
        if abs(seconds) >= least:
            return _passed(f"{abs(seconds) // least:.0f} {unit}", seconds)
    return _passed(f"{abs(seconds):.0f} s", seconds)


def _passed(length: str, seconds: float) -> str:
    return f"{length} ago" if seconds > 0 else f"in {length}"


def percent(share: float | None) -> str:
    """Write a share of 1 in percent, with one decimal at most."""
    if share is None:
        return "—"
    return words.share(round(share, 3) if PLAIN <= share < NEARLY_ALL else share, 1.0)


def moment(seconds: float) -> str:
    """Write a moment in UTC, to the second."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return "never"


def clock(seconds: float, now: float) -> str:
    """Write a moment in UTC, to the minute; with its date where that is not today's."""
    written = moment(seconds)
    date, _, time = written.partition(" ")
    return f"{time[:5]} UTC" if moment(now).startswith(date) else f"{date} {time[:5]} UTC"


def several(number: int, one: str, more: str) -> str:
    """Write how many there are of something: `1 target`, `2 targets`."""
    return f"{number} {one if number == 1 else more}"
