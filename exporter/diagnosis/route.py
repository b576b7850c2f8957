"""What many rounds along a path add up to: the route, its changes, and where loss begins."""

from collections import deque
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from exporter.diagnosis.loss import Tally, has_ended, loses, loss_start, rate_limited
from exporter.model import Failure, Hop, Route, RouteHop

MOST_PROBES: Final = 100
LONGEST: Final = 15 * 60.0
"""Probes of each hop that count, and for how many seconds."""
ANSWERS_KEPT: Final = 10
MOST_SWITCHES: Final = 2
"""So often may a hop's address switch among the answers kept; more is a router that sends packets now this
way, now that, and no change of the route."""

_Seen = list[tuple[int, str | None, bool, Failure | None]]
_Quiet = tuple[_Seen, Route]
"""What a round saw after which all was as ever, and what was told of it."""


class RouteJudge:
    """Folds the rounds along one path, in their order, into what is known of it."""

    def __init__(self) -> None:
        self._places = _Places()
        self._fates: dict[int, deque[tuple[float, bool]]] = {}
        self._quiet: _Quiet | None = None

    def judge(self, at: float, hops: Sequence[Hop], *, confirmed: bool) -> Route:
        """Take one round that was made at `at`, in seconds of any steady clock, and tell the route.

        `confirmed` says whether the transport itself suffers when the target does not answer: true for TCP,
        whose last hop is a connect; echoes and datagrams may just be unwelcome.
        """
        if self._quiet is not None and _seen(hops) == self._quiet[0]:
            self._places.take_known(hops)
            self._count(at, hops)
            return self._quiet[1]
        route = self._judged(at, hops, confirmed=confirmed)
        self._quiet = (_seen(hops), route) if self._is_quiet(hops, route) else None
        return route

    def _is_quiet(self, hops: Sequence[Hop], route: Route) -> bool:
        """Whether a round that sees the same as this one can tell nothing else.

        It cannot where the target was reached, everybody known answered, and lost nothing of late either.
        """
        return (
            not route.changes
            and self._places.settled(hops)
            and not any(self._tally(ttl).lost for ttl in self._places.known)
        )

    def _judged(self, at: float, hops: Sequence[Hop], *, confirmed: bool) -> Route:
        changed = self._places.take(hops)
        last = self._places.last
        for ttl in [ttl for ttl in self._fates if ttl > last or (changed and ttl >= changed)]:
            del self._fates[ttl]
        self._count(at, [hop for hop in hops if hop.ttl <= last])
        if self._places.distance:
            self._forget_ended()
        tallies = [self._tally(ttl) for ttl in range(1, last + 1)]
        return Route(
            hops=tuple(RouteHop(ttl=ttl, address=self._places.known.get(ttl)) for ttl in range(1, last + 1)),
            changes=int(changed > 0),
            loss_start=loss_start(tallies) if confirmed and self._places.distance else None,
            rate_limited=rate_limited(tallies),
        )

    def _count(self, at: float, hops: Sequence[Hop]) -> None:
        for hop in hops:
            if hop.failure is None or hop.reached:
                fates = self._fates.get(hop.ttl)
                if fates is None:
                    fates = self._fates[hop.ttl] = deque(maxlen=MOST_PROBES)
                fates.append((at, hop.address is not None))
        too_old = at - LONGEST
        for fates in self._fates.values():
            while fates and fates[0][0] < too_old:
                fates.popleft()

    def _forget_ended(self) -> None:
        """Once loss has stopped, let the past rest: the next one has to prove itself anew."""
        fates = [answered for _, answered in self._fates.get(self._places.distance, ())]
        if loses(self._tally(self._places.distance)) and has_ended(fates):
            self._fates.clear()

    def _tally(self, ttl: int) -> Tally:
        fates = self._fates.get(ttl, ())
        lost = sum(not answered for _, answered in fates)
        return Tally(asked=len(fates), lost=lost, speaks=ttl in self._places.known)


def _seen(hops: Sequence[Hop]) -> _Seen:
    return [(hop.ttl, hop.address, hop.reached, hop.failure) for hop in hops]


class _Places:
    """Who stands at each hop, and how far away the target is (0 while that is not known).

    Another address counts as a change of the route when it has answered twice in a row; silence in between
    says nothing. A hop that switches all the time is no change.
    """

    def __init__(self) -> None:
        self.known: dict[int, str] = {}
        self.distance = 0
        self._answers: dict[int, deque[str]] = {}
        self._candidate: dict[int, str] = {}
        self._further = 0

    @property
    def last(self) -> int:
        """The last hop there is anything to say of."""
        return self.distance or max(self.known, default=0)

    def take(self, hops: Sequence[Hop]) -> int:
        """Take a round's answers; gives the first hop where the route has changed, 0 where it has not."""
        answers = {hop.ttl: hop.address for hop in hops if hop.address and (hop.reached or not hop.failure)}
        for ttl, address in answers.items():
            self._answers.setdefault(ttl, deque(maxlen=ANSWERS_KEPT)).append(address)
        others = {ttl for ttl, address in answers.items() if self._is_other(ttl, address)}
        seen_twice = {ttl for ttl in others if self._candidate.get(ttl) == answers[ttl]}
        if seen_twice:
            others.clear()
            self._candidate.clear()
        pending = {ttl: address for ttl, address in self._candidate.items() if ttl not in answers}
        self._candidate = pending | {ttl: answers[ttl] for ttl in others}
        self.known |= {ttl: address for ttl, address in answers.items() if ttl not in others}
        reached = next((hop.ttl for hop in hops if hop.reached), 0)
        self._move(reached, others, answers, changed=bool(seen_twice))
        return min(seen_twice, default=0)

    def settled(self, hops: Sequence[Hop]) -> bool:
        """Whether all that is known answered in the round taken last, and nothing is pending."""
        return (
            0 < self.distance == self._further == len(hops)
            and {hop.ttl: hop.address for hop in hops if hop.address is not None} == self.known
            and all(hop.failure is None for hop in hops)
            and not self._candidate
        )

    def take_known(self, hops: Sequence[Hop]) -> None:
        """Take a round that sees the same as one after which all was settled."""
        for hop in hops:
            if hop.address is not None:
                self._answers[hop.ttl].append(hop.address)

    def _is_other(self, ttl: int, address: str) -> bool:
        switches = sum(one != other for one, other in pairwise(self._answers[ttl]))
        return self.known.get(ttl, address) != address and switches <= MOST_SWITCHES

    def _move(self, reached: int, others: set[int], answers: dict[int, str], *, changed: bool) -> None:
        """Follow the target: nearer at once, further away only if the route has changed or it is so twice."""
        again, self._further = reached == self._further, reached
        if changed and not reached and self.distance in answers:
            self.distance = 0  # a router stands where the target was
        elif reached and not others and (not self.distance or reached < self.distance or changed or again):
            self.distance = reached
            for ttl in [ttl for ttl in self.known if ttl > reached]:
                del self.known[ttl]
