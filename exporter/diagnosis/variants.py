"""Who ends silent connections: five of them, each armed against something else, left alone side by side.

Each layer is judged by a pair of its own, so that several at once are found. A keepalive keeps a middlebox
awake, and no one else; a session whose own limit is switched off outlasts the server; whatever kills
both armed together stands in between and counts questions only, which is a proxy. If a connection dies
that is asked all the time, it was not idleness.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from exporter.diagnosis.evidence import Fate, tolerance
from exporter.model import Cause, End

SPEAKING: Final = (Cause.SERVER_IDLE_TIMEOUT, Cause.PROXY_IDLE_TIMEOUT)
"""Idle timeouts that may be confessed by who ended the connection."""


class Variant(StrEnum):
    """How one of the five connections is armed.

    Not at all; with TCP keepalives; with the server's limit on idle sessions switched off; with both; or by
    being asked something all the time.
    """

    PLAIN = "plain"
    KEEPALIVE = "keepalive"
    OUTLASTING = "outlasting"
    BOTH = "both"
    ACTIVE = "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one of them.

    `seconds` until its end was told, else the length of the experiment; `end` is None if it survived. `cause`
    is what the other side said itself, `UNKNOWN` if nothing; `listed` whether the server still listed the
    session afterwards, None if it could not be asked.
    """

    variant: Variant
    fate: Fate
    seconds: float
    end: End | None = None
    cause: Cause = Cause.UNKNOWN
    listed: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Each layer that ends silent connections with the seconds after which it does, shortest first.

    `reasons` tells in plain words what speaks for it. Where it was not idleness, `event` names what it was,
    as far as that is known.
    """

    timeouts: tuple[tuple[Cause, float], ...] = ()
    reasons: str
    event: Cause | None = None


def judge(outcomes: Sequence[Outcome], *, pooled: bool, killed: float) -> Verdict:
    """Judge one experiment; variants may be missing.

    `killed` is how many seconds of silence kill an unarmed connection. Where the session is `pooled`, the
    limit that was switched off is not that of who answers us, and to switch it off arms nothing.
    """
    said = _said(outcomes)
    active = next((outcome for outcome in outcomes if outcome.variant is Variant.ACTIVE), None)
    if active is not None and active.fate is not Fate.SURVIVED:
        words = "a connection in use died, too: it was an event, not idleness"
        return _verdict(said, [words], event=_event(outcomes))
    about_idleness = {
        outcome.variant: outcome for outcome in outcomes if outcome.cause in {Cause.UNKNOWN, *SPEAKING}
    }
    pairs = _Pairs(about_idleness, killed, pooled=pooled)
    plain = pairs.get(Variant.PLAIN)
    if plain is not None and plain.fate is Fate.SURVIVED:
        return _verdict(said, ["an unarmed connection survived"])
    found, reasons = dict(said), [f"{_NAMES[cause]} said so itself" for cause in said]
    rows: tuple[tuple[Cause, Callable[[], tuple[float, str] | None]], ...] = (
        (Cause.SERVER_IDLE_TIMEOUT, pairs.server),
        (Cause.MIDDLEBOX_IDLE_TIMEOUT, pairs.middlebox),
        (Cause.PROXY_IDLE_TIMEOUT, pairs.proxy),
    )
    for cause, row in rows:
        shown = row()
        if shown is not None and cause not in found:
            found[cause] = shown[0]
            reasons.append(shown[1])
    return _verdict(found, reasons or ["no pair of connections tells the layers apart"])


class _Pairs:
    """The pair that speaks for each layer: the seconds after which it strikes, and why it is thought so."""

    def __init__(self, outcomes: Mapping[Variant, Outcome], killed: float, *, pooled: bool) -> None:
        self._outcomes = outcomes
        self._killed = killed
        self._pooled = pooled

    def get(self, variant: Variant) -> Outcome | None:
        return self._outcomes.get(variant)

    def server(self) -> tuple[float, str] | None:
        if self._pooled:
            return None
        words = "the server's own limit made the difference"
        late = self._told(Variant.KEEPALIVE) and self._died_sooner(Variant.KEEPALIVE, Variant.BOTH)
        if late or (self._dead(Variant.KEEPALIVE) and self._alive(Variant.BOTH)):
            return self._seconds(Variant.KEEPALIVE), f"with keepalives, {words}"
        if self._dead(Variant.PLAIN) and self._alive(Variant.OUTLASTING):
            return self._seconds(Variant.PLAIN), words
        return None

    def middlebox(self) -> tuple[float, str] | None:
        if self._dead(Variant.PLAIN) and self._alive(Variant.KEEPALIVE):
            return self._seconds(Variant.PLAIN), "keepalives made the difference"
        if self._pooled:
            put_off = self._died_sooner(Variant.PLAIN, Variant.KEEPALIVE)
            return (self._seconds(Variant.PLAIN), "keepalives put the end off") if put_off else None
        sooner = self._died_sooner(Variant.OUTLASTING, Variant.BOTH)
        if sooner or (self._dead(Variant.OUTLASTING) and self._alive(Variant.BOTH)):
            words = "with the server's own limit off, keepalives made the difference"
            return self._seconds_beside_server(), words
        return None

    def proxy(self) -> tuple[float, str] | None:
        if not self._alive(Variant.ACTIVE):
            return None
        armed = Variant.KEEPALIVE if self._pooled and not self.get(Variant.BOTH) else Variant.BOTH
        both = self.get(armed)
        if both is None and self._together(Variant.KEEPALIVE, Variant.OUTLASTING):
            both = self.get(Variant.KEEPALIVE)
        if both is None or both.fate is not Fate.TOLD:
            return None
        return both.seconds, "whatever it was armed with, only a connection in use survived"

    def _alive(self, variant: Variant) -> bool:
        outcome = self.get(variant)
        return outcome is not None and outcome.fate is Fate.SURVIVED

    def _dead(self, variant: Variant) -> bool:
        outcome = self.get(variant)
        return outcome is not None and outcome.fate is not Fate.SURVIVED

    def _told(self, variant: Variant) -> float | None:
        outcome = self.get(variant)
        return outcome.seconds if outcome is not None and outcome.fate is Fate.TOLD else None

    def _died_sooner(self, one: Variant, other: Variant) -> bool:
        """Whether one must have died before the end of the other arrived."""
        mine, later = self._told(one), self._told(other)
        if later is None or not self._dead(one):
            return False
        return mine is None or mine < later - tolerance(later)

    def _together(self, one: Variant, other: Variant) -> bool:
        mine, yours = self._told(one), self._told(other)
        return mine is not None and yours is not None and abs(mine - yours) <= tolerance(mine)

    def _seconds(self, variant: Variant) -> float:
        """When it died; without a word, it was as early as what kills an unarmed one."""
        told = self._told(variant)
        return self._killed if told is None else told

    def _seconds_beside_server(self) -> float:
        """When the middlebox strikes; what kills an unarmed connection may be a server that is quicker."""
        told, server = self._told(Variant.OUTLASTING), self._told(Variant.KEEPALIVE)
        if told is not None:
            return told
        quicker = server is not None and server <= self._killed + tolerance(self._killed)
        return self._outcomes[Variant.OUTLASTING].seconds if quicker else self._killed


_NAMES: Final = {Cause.SERVER_IDLE_TIMEOUT: "the server", Cause.PROXY_IDLE_TIMEOUT: "the proxy"}


def _said(outcomes: Sequence[Outcome]) -> dict[Cause, float]:
    """Find who ended connections and said that it was for their silence."""
    return {
        cause: min(outcome.seconds for outcome in outcomes if outcome.cause is cause)
        for cause in SPEAKING
        if any(outcome.cause is cause for outcome in outcomes)
    }


def _event(outcomes: Sequence[Outcome]) -> Cause:
    """Find what ended connections whether or not they were silent."""
    dead = [outcome for outcome in outcomes if outcome.fate is not Fate.SURVIVED]
    words = (outcome.cause for outcome in dead if outcome.cause not in {Cause.UNKNOWN, *SPEAKING})
    lost = all(outcome.end is End.SILENCE for outcome in dead) and any(outcome.listed for outcome in dead)
    return next(words, Cause.MIDDLEBOX_STATE_LOST if lost else Cause.UNKNOWN)


def _verdict(found: Mapping[Cause, float], reasons: Sequence[str], event: Cause | None = None) -> Verdict:
    shortest_first = sorted(found.items(), key=lambda item: item[1])
    return Verdict(timeouts=tuple(shortest_first), reasons="; ".join(reasons), event=event)
