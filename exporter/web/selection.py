"""Which incidents a client asks for."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from exporter.model import Incident

ALLOWED: Final = ("target", "active", "limit")
SWITCH: Final = {"true": True, "false": False}
MOST: Final = 1_000_000
MOST_FIELDS: Final = 16


class BadQuery(Exception):
    """A query that makes no sense; the text says what would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Those of one target or of all, that are not over or that are; `limit` of them at most. None: any."""

    target: str | None = None
    active: bool | None = None
    limit: int | None = None

    @classmethod
    def parse(cls, query: str, targets: Collection[str]) -> "Selection":
        """Read a URL's query; raise BadQuery where it says nothing that could be meant."""
        given = _given(query)
        target, active, limit = (given.get(name) for name in ALLOWED)
        if target is not None and target not in targets:
            raise BadQuery(f"target: there is none called {target[:100]!r}")
        if active is not None and active not in SWITCH:
            raise BadQuery("active: must be true or false")
        return cls(
            target=target,
            active=None if active is None else SWITCH[active],
            limit=None if limit is None else _limit(limit),
        )

    def of(self, incidents: Sequence[Incident]) -> list[Incident]:
        """Give those that are asked for, in the order in which they are."""
        found = [
            incident
            for incident in incidents
            if self.target in (None, incident.target) and self.active in (None, incident.ended is None)
        ]
        return found[: self.limit]


def _given(query: str) -> dict[str, str]:
    """Split a query; nothing may be there twice."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise BadQuery(f"too many parameters; allowed: {', '.join(ALLOWED)}") from None
    given: dict[str, str] = {}
    for name, value in pairs:
        if name not in ALLOWED:
            raise BadQuery(f"{name[:100]!r}: unknown parameter; allowed: {', '.join(ALLOWED)}")
        if name in given:
            raise BadQuery(f"{name}: is given twice")
        given[name] = value
    return given


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MOST)) and 1 <= int(text) <= MOST):
        raise BadQuery(f"limit: must be a whole number from 1 to {MOST}")
    return int(text)
