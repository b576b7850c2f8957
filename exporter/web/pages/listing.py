"""Incidents, those that are asked for, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlencode

from exporter.model import Incident

SIZE: Final = 50
"""Incidents on one page."""
FIELDS: Final = ("target", "cause", "active")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One page of incidents, newest first; `newer` and `older` are queries, None where nothing is there."""

    incidents: Sequence[Incident]
    found: int
    page: int
    pages: int
    chosen: dict[str, str]
    targets: Sequence[str]
    causes: Sequence[str]
    newer: str | None
    older: str | None


def listing(incidents: Sequence[Incident], query: str) -> Listing:
    """Choose by `target`, `cause`, `active` (true, false) and `page`; what makes no sense finds nothing."""
    given = {name: values[0][:200] for name, values in parse_qs(query).items()}
    chosen = {name: given.get(name, "") for name in FIELDS}
    found = [incident for incident in incidents if _matches(incident, chosen)]
    pages = max(1, -(-len(found) // SIZE))
    page = min(pages, max(1, _number(given.get("page", "1"))))
    return Listing(
        incidents=found[(page - 1) * SIZE : page * SIZE],
        found=len(found),
        page=page,
        pages=pages,
        chosen=chosen,
        targets=sorted({incident.target for incident in incidents}),
        causes=sorted({str(incident.cause) for incident in incidents}),
        newer=_query(chosen, page - 1) if page > 1 else None,
        older=_query(chosen, page + 1) if page < pages else None,
    )


def _matches(incident: Incident, chosen: dict[str, str]) -> bool:
    active = "true" if incident.ended is None else "false"
    is_so = {"target": incident.target, "cause": str(incident.cause), "active": active}
    return all(wanted in ("", is_so[name]) for name, wanted in chosen.items())


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1


def _query(chosen: dict[str, str], page: int) -> str:
    return urlencode({name: text for name, text in chosen.items() if text} | {"page": str(page)})
