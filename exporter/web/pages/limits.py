"""What the server says of itself: how full it is, and what it ends connections for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from exporter.model import Limit, Missing, Scope, Seen, ServerObservation, ServerView
from exporter.web.pages.wording import percent

MOST: Final = 12
"""Rows of one table."""
NEAR: Final = 0.9
"""Share of a limit from which on it is said to be near."""
ROLES: Final = {True: "replica", False: "primary", None: ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One limit on connections, and how much of it is in use, as a share of 1."""

    limit: Limit
    name: str
    share: float
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The latest view; `failure` is why the latest look had none. Settings are in seconds, 0 is for ever."""

    view: ServerView
    looked: float
    failure: str
    sentence: str
    role: str
    fills: Sequence[Fill]
    accounts: Sequence[tuple[str, int]]
    settings: Mapping[str, float]
    missing: Sequence[Missing]


def server(seen: Seen) -> Server | None:
    """Say what is known of the server; None where it has told nothing yet."""
    latest, known = seen.last(ServerObservation), seen.known
    if latest is None or known is None or known.view is None:
        return None
    view = known.view
    fills = [_fill(limit) for limit in view.limits[:MOST]]
    return Server(
        view=view,
        looked=known.started,
        failure="" if latest.failure is None else latest.failure.detail,
        sentence=_sentence(fills),
        role=ROLES[view.replica],
        fills=fills,
        accounts=sorted(view.accounts.items(), key=lambda one: (-one[1], one[0]))[:MOST],
        settings=dict(list(view.settings.items())[:MOST]),
        missing=view.missing[:MOST],
    )


def _fill(limit: Limit) -> Fill:
    share = limit.connections / limit.most if limit.most else 1.0
    name = "the whole server" if limit.scope is Scope.SERVER else f"{limit.scope} {limit.name}"
    return Fill(limit=limit, name=name, share=share, word=_word(share))


def _word(share: float) -> str:
    if share >= 1:
        return "full"
    return "nearly full" if share >= NEAR else "room left"


def _sentence(fills: Sequence[Fill]) -> str:
    if not fills:
        return "The server tells of no limit on connections"
    worst = max(fills, key=lambda fill: fill.share)
    limit = worst.limit
    return (
        f"{limit.connections} of {limit.most} connections ({percent(worst.share)}) are in use by {worst.name}"
    )
