"""All alerts, and all thresholds, for people to read."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from exporter.alerts.rule import Alert, Book, Kind
from exporter.alerts.thresholds import Thresholds
from exporter.settings import format_duration, parse_delay, parse_duration, parse_percentage

HEADING: Final = """\
# The thresholds of all alerts, each with its default. Keep the lines that you change, and write the rules
# anew:
#     conndrop alerts --thresholds FILE --directory DIR
"""
LABEL: Final = re.compile(r"{{ \$labels\.(\w+) }}")


def listing(book: Book) -> str:
    """List the alerts of each file: name, how severe it can be, and what it says, with labels in capitals."""
    found = {name: _alerts(rule for group in groups for rule in group.rules) for name, groups in book.items()}
    width = max(len(name) for alerts in found.values() for name in alerts)
    return "\n\n".join(
        "\n".join([file, *(f"  {name:{width}}  {_said(same)}" for name, same in alerts.items())])
        for file, alerts in found.items()
        if alerts
    )


def _alerts(rules: Iterable[object]) -> dict[str, list[Alert]]:
    """Sort alerts by their names; what no receiver has is left out."""
    found: dict[str, list[Alert]] = {}
    for rule in rules:
        if isinstance(rule, Alert) and rule.kind is not Kind.MEMORY:
            found.setdefault(rule.name, []).append(rule)
    return found


def _said(alerts: list[Alert]) -> str:
    severities = " or ".join(sorted({str(level.severity) for alert in alerts for level in alert.levels}))
    said = dict.fromkeys(alert.summary for alert in alerts)
    words = (
        LABEL.sub(lambda label: label[1].upper(), "; ".join(said))
        if len(said) < 3
        else "one for each cause: see `conndrop causes`"
    )
    return f"{severities:19}  {words}"


def defaults() -> str:
    """Write all thresholds with their defaults, as a file to change."""
    return HEADING + "".join(_lines())


def _lines() -> Iterator[str]:
    for name, field in Thresholds.model_fields.items():
        yield f"\n# {field.description}\n"
        if field.default is None:
            yield f"#{name}:\n"
        else:
            readers = [getattr(part, "func", None) for part in field.metadata]
            yield f"{name}: {_written(field.default, readers)}\n"


def _written(value: Any, readers: list[Any]) -> str:
    """Write a value as the reader of its field wants it."""
    if parse_percentage in readers:
        return f"{value * 100:.10g}%"
    if parse_duration in readers or parse_delay in readers:
        return format_duration(value)
    return json.dumps(value) if isinstance(value, str) else f"{value:.10g}"
