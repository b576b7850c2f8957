"""What a file of rules is made of.

Expressions and texts are Prometheus's own, but for what stands between angle brackets: `<name>` is a
threshold, or one of the values of the alert's level, and is filled in when the rules are printed (see
`exporter.alerts.filling`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from exporter.model import Severity


class Kind(StrEnum):
    """What an alert is about; its label `kind`, by which Alertmanager tells what to keep quiet.

    `CAUSE`: why connections drop. `SYMPTOM`: what a cause explains. `RISK`: no harm so far. `EXPORTER`: the
    exporter itself. `VERDICT`: where to look, as several exporters together tell. `MEMORY`: no message for
    anybody; it only keeps others quiet.
    """

    CAUSE = "cause"
    SYMPTOM = "symptom"
    RISK = "risk"
    EXPORTER = "exporter"
    VERDICT = "verdict"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A recording rule; `name` is `level:metric:operations`."""

    name: str
    expr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """When an alert is how severe: after its expression has been true for `lasts`, such as `10m`.

    Without `lasts` it is at once. `values` are put in where the alert has their names between angle brackets,
    and may name thresholds in the same way.
    """

    severity: Severity
    lasts: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert; each of its levels is a rule of its own.

    `summary` says in one sentence what happens, `evidence` gives the figures that show it, `fix` is the first
    thing to do; none has a full stop at its end. `labels` stand beside `severity` and `kind`, `annotations`
    beside those made of the texts. Its runbook is served by the exporter that the alert comes from, unless it
    is not `served`: there is no exporter, or it is the one that is down.
    """

    name: str
    kind: Kind
    levels: tuple[Level, ...]
    expr: str
    summary: str
    evidence: str
    fix: str
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    served: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rules that are evaluated one after the other; `interval` is Prometheus's own where it is empty."""

    name: str
    rules: tuple[Record | Alert, ...]
    interval: str = ""


Book = Mapping[str, tuple[Group, ...]]
"""From the name of a file to what stands in it."""
