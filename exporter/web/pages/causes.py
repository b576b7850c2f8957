"""The catalogue of causes, as pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from exporter.diagnosis.catalogue import CATALOGUE
from exporter.diagnosis.catalogue.entry import Entry
from exporter.diagnosis.catalogue.page import FAMILIES, LAYERS, anchor, by_library, shown
from exporter.model import Incident

BY_NAME: Final[Mapping[str, Entry]] = {str(cause): entry for cause, entry in CATALOGUE.items()}
BY_ANCHOR: Final[Mapping[str, str]] = {anchor(cause): str(cause) for cause in CATALOGUE}
MOST: Final = 10
"""Incidents of one cause that its page shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Causes that have the same part of the way to blame."""

    name: str
    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do; `family` is whom it concerns, empty for all."""

    text: str
    family: str
    copy: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One cause, with the latest incidents that it was found in."""

    entry: Entry
    looks: Mapping[str, Sequence[str]]
    steps: Sequence[Step]
    incidents: Sequence[Incident]


def layers() -> list[Layer]:
    """Give all causes, by layer."""
    grouped = groupby(CATALOGUE.values(), key=lambda entry: entry.cause.partition(".")[0])
    return [Layer(name=LAYERS[name], entries=list(entries)) for name, entries in grouped]


def cause(name: str, incidents: Sequence[Incident]) -> Cause | None:
    """Give what is to be said of one cause; None where there is none of this name."""
    entry = BY_NAME.get(name)
    if entry is None:
        return None
    looks = groupby(by_library(entry.looks), key=lambda look: look.library)
    return Cause(
        entry=entry,
        looks={str(library): [look.text for look in said] for library, said in looks},
        steps=[
            Step(
                text=shown(fix.text),
                family=FAMILIES[fix.family] if fix.family else "",
                copy=[shown(line) for line in fix.copy],
            )
            for fix in entry.fixes
        ],
        incidents=[incident for incident in incidents if incident.cause == entry.cause][:MOST],
    )
