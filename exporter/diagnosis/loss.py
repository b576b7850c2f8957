"""Where on a path loss begins, and which routers only seem to lose.

A router seldom fails to pass packets on because it fails to answer: many limit how often they say that a
packet's time was up. So the silence of a hop is loss only if it goes on to the target; and each hop that
answers nearly always proves that the way to it and back is clean.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import exp, lgamma, log
from typing import Final

HARMLESS: Final = 0.01
"""Share of packets that any path may lose."""
DOUBT: Final = 0.03
"""Chance of being wrong that is accepted when loss is seen, or less loss at one hop than at another."""
DOUBT_OF_OUTAGE: Final = 0.01
"""The same when nothing at all seems to come back for a time."""
GAP: Final = 3
"""So many lost in a row are no chance, unless many are lost."""
DOUBT_OF_END: Final = 0.01
"""The same when loss is called over, because then the evidence is forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What became of a hop's probes of late; `speaks` tells whether it has ever answered on this route."""

    asked: int
    lost: int
    speaks: bool = True


def loss_start(hops: Sequence[Tally]) -> int | None:
    """Say from which hop on loss goes on to the target, the last of `hops`; None if that cannot be said.

    The loss begins behind the last hop that loses less than the target. Whoever stands there may be silent:
    it is the first that the loss can be blamed on. All behind it that tell anything must lose, too, and none
    before it as much as the target: else it is too early to say.
    """
    target = hops[-1]
    if not (target.speaks and loses(target)):
        return None
    mute = rate_limited(hops)
    telling = {ttl: hop for ttl, hop in _numbered(hops) if hop.speaks and ttl not in mute}
    if len(telling) == 1 < len(hops):
        return None  # no router tells anything
    clean = {ttl for ttl, hop in _numbered(hops) if loses_less(hop, target)}
    last = max(clean, default=0)
    agree = all(ttl in clean or loses(hop) == (ttl > last) for ttl, hop in telling.items())
    return last + 1 if agree else None


def rate_limited(hops: Sequence[Tally]) -> tuple[int, ...]:
    """List the hops that answer too seldom, though what passes them arrives further on."""
    return tuple(
        ttl
        for ttl, hop in _numbered(hops)
        if hop.speaks and loses(hop) and any(loses_less(later, hop) for later in hops[ttl:])
    )


def loses(hop: Tally) -> bool:
    """Whether so much loss is more than chance, on a path that loses no more than is harmless.

    One packet alone is never called loss.
    """
    chances = (
        exp(_log_ways(hop.asked, lost) + lost * log(HARMLESS) + (hop.asked - lost) * log(1 - HARMLESS))
        for lost in range(hop.lost)
    )
    # One after the other: of hundreds lost, the first few tell, and the rest would be dear.
    return hop.lost > 1 and any(1 - fewer < DOUBT for fewer in accumulate(chances))


def loses_less(one: Tally, other: Tally) -> bool:
    """Whether one hop loses less than another beyond chance (Fisher's exact test, one-sided)."""
    lost = one.lost + other.lost
    if one.lost * other.asked >= other.lost * one.asked:
        return False
    all_ways = _log_ways(one.asked + other.asked, lost)
    chances = (
        exp(_log_ways(one.asked, mine) + _log_ways(other.asked, lost - mine) - all_ways)
        for mine in range(max(0, lost - other.asked), one.lost + 1)
    )
    return sum(chances) < DOUBT


def is_outage(run: int, others: Tally) -> bool:
    """Whether so many lost in a row are no chance, by how many of the others were lost."""
    share = others.lost / others.asked if others.asked else 0.0
    return run >= GAP and (others.asked + run) * share**run < DOUBT_OF_OUTAGE


def has_ended(answered: Sequence[bool]) -> bool:
    """Whether loss among these probes, oldest first, is over: its share cannot explain the answers since."""
    lost = [place for place, was_answered in enumerate(answered) if not was_answered]
    if not lost:
        return False
    lasted = lost[-1] - lost[0] + 1
    share = (len(lost) - 1) / lasted  # loss stands at both ends of the time it lasted: one too many
    return (1 - share) ** (len(answered) - 1 - lost[-1]) < DOUBT_OF_END


def _log_ways(many: int, some: int) -> float:
    """Give the logarithm of how many ways there are to choose `some` of `many`; the number fits no float."""
    return lgamma(many + 1) - lgamma(some + 1) - lgamma(many - some + 1)


def _numbered(hops: Sequence[Tally]) -> Iterator[tuple[int, Tally]]:
    return enumerate(hops, start=1)
