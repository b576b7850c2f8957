"""Numbers as people read them: Grafana's units, as far as the dashboards have them."""

import datetime
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

MINUTE: Final = 60.0
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
TIMES: Final = (
    (1e-6, 1e-9, "ns"), (1e-3, 1e-6, "µs"), (1, 1e-3, "ms"), (MINUTE, 1, "s"), (HOUR, MINUTE, "min"),
    (DAY, HOUR, "hour"), (7 * DAY, DAY, "day"), (365 * DAY, 7 * DAY, "week"), (math.inf, 365 * DAY, "year"),
)  # fmt: skip
"""Below the first a time is told in the second, in seconds."""
SPANS: Final = (
    (45, 1, "a few seconds"), (90, 1, "a minute"), (45 * MINUTE, MINUTE, "{} minutes"),
    (90 * MINUTE, 1, "an hour"), (22 * HOUR, HOUR, "{} hours"), (36 * HOUR, 1, "a day"),
    (26 * DAY, DAY, "{} days"), (45 * DAY, 1, "a month"), (320 * DAY, 30.4 * DAY, "{} months"),
    (548 * DAY, 1, "a year"), (math.inf, 365 * DAY, "{} years"),
)  # fmt: skip
"""The same for what is only about so long."""
THOUSANDS: Final = ("", " K", " Mil", " Bil", " Tri")
BINARY: Final = (" B", " KiB", " MiB", " GiB", " TiB")
DECIMAL: Final = (" B", " kB", " MB", " GB", " TB")


def written(value: float, unit: str, decimals: int | None = None, now: float = 0.0) -> str:
    """Write a number in a unit; KeyError for one that is not known here. `now` is in seconds since 1970."""
    form = FORMS[unit]
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return form(value, decimals, now)


def fixed(value: float, decimals: int | None) -> str:
    """Write a number with as many decimals as are told, or with three figures, less zeros at the end."""
    if decimals is not None:
        return f"{value:.{decimals}f}"
    if value == round(value):
        return f"{value:.0f}"
    text = f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _seconds(value: float, decimals: int | None, _: float) -> str:
    if value == 0:
        return "0 s"
    size, name = next((size, name) for below, size, name in TIMES if abs(value) < below)
    number = fixed(value / size, decimals)
    plural = "s" if size >= MINUTE and number != "1" else ""
    return f"{number} {name}{plural}"


def _scaled(names: Sequence[str], by: float = 1000, after: str = "") -> Callable[..., str]:
    def form(value: float, decimals: int | None, _: float) -> str:
        power = min(len(names) - 1, int(math.log(abs(value), by) + 1e-9)) if abs(value) >= by else 0
        return f"{fixed(value / by**power, decimals)}{names[power]}{after}"

    return form


def _share(value: float, decimals: int | None, _: float) -> str:
    # Binary fractions of a hundred are seldom whole.
    return f"{fixed(round(value * 100, 9), decimals)}%"


def _from_now(value: float, _: int | None, now: float) -> str:
    distance = value / 1000 - now
    size, words = next((size, words) for below, size, words in SPANS if abs(distance) < below)
    text = words.format(round(abs(distance) / size))
    return f"in {text}" if distance > 0 else f"{text} ago"


def _moment(value: float, _: int | None, __: float) -> str:
    return datetime.datetime.fromtimestamp(value / 1000, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")


FORMS: Final[Mapping[str, Callable[[float, int | None, float], str]]] = {
    "none": lambda value, decimals, _: fixed(value, decimals),
    "short": _scaled(THOUSANDS),
    "s": _seconds,
    "percentunit": _share,
    "percent": lambda value, decimals, _: f"{fixed(value, decimals)}%",
    "bytes": _scaled(BINARY, 1024),
    "decbytes": _scaled(DECIMAL),
    "cps": _scaled(THOUSANDS, after=" c/s"),
    "suffix:/min": lambda value, decimals, _: f"{fixed(value, decimals)} /min",
    "ops": _scaled(THOUSANDS, after=" ops/s"),
    "reqps": _scaled(THOUSANDS, after=" req/s"),
    "Bps": _scaled(tuple(f"{name}/s" for name in DECIMAL)),
    "dateTimeFromNow": _from_now,
    "dateTimeAsIso": _moment,
}
"""By Grafana's names."""
