"""What name servers answer."""

from collections import deque
from collections.abc import Iterator
from typing import Final

from exporter.diagnosis.seen.window import KEPT, Window, times
from exporter.diagnosis.sign import Fact, Sign
from exporter.model import Cause, DnsObservation, Observation, Phase, SessionObservation

SLOW: Final = 1.0
"""Seconds beyond which an answer is slow."""
MOST: Final = 256
"""Addresses that are remembered: a name server may answer what it likes."""


class Names:
    """Folds answers into facts. The system's own resolution counts, as sessions and applications use it."""

    def __init__(self) -> None:
        self._failed: deque[tuple[float, DnsObservation]] = deque(maxlen=KEPT)
        self._slow: deque[tuple[float, float]] = deque(maxlen=KEPT)
        self._changed: deque[tuple[float, frozenset[str], frozenset[str]]] = deque(maxlen=KEPT)
        self._answers: frozenset[str] = frozenset()
        self._known: dict[str, float] = {}
        self._failing = self._waiting = False

    def take(self, at: float, observation: Observation) -> bool:
        """Take in an answer, or that there was none (see `Side`)."""
        match observation:
            case SessionObservation(phases=phases):
                self._waiting = self._resolved(at, dict(phases).get(Phase.DNS, 0.0))
                return self._waiting
            case DnsObservation(failure=failure, resolver=resolver):
                if failure is not None:
                    self._failed.append((at, observation))
                if resolver:
                    return False
                slow = failure is None and self._resolved(at, observation.duration)
                self._remember(at, observation)
                self._failing = failure is not None or slow
                return self._failing
        return False

    def standing(self, at: float) -> bool:  # noqa: ARG002  all sides alike
        """Whether the last answer was none, or slow."""
        return self._failing or self._waiting

    def settle(self) -> None:
        """Forget the answers."""
        self._failed.clear()
        self._slow.clear()

    def facts(self, window: Window) -> Iterator[Fact]:
        """Tell what name servers did in the window."""
        failed = [seen for at, seen in self._failed if window.timed(at)]
        system = [seen for seen in failed if not seen.resolver]
        if system and (failure := system[-1].failure) is not None:
            text = f"the name did not resolve ({times(len(system), 'time')}): {failure.detail}"
            if system[-1].rcode:
                text += f" ({system[-1].rcode})"
            servers = sorted({seen.resolver for seen in failed if seen.resolver})
            values = {"resolver": ", ".join(servers)} if servers else {}
            if failure.cause is Cause.DNS_FAILURE:
                yield Fact(sign=Sign.SAID, text=text, cause=Cause.DNS_FAILURE, values=values)
        slow = [seconds for at, seconds in self._slow if window.timed(at)]
        if slow:
            text = f"the name took up to {max(slow):.1f} s to resolve"
            yield Fact(sign=Sign.NAME_SLOW, text=text, strength=min(1.0, len(slow) / 2))
        for at, was, is_now in self._changed:
            if window.has(at) and any(window.has(self._known.get(one, at)) for one in was | is_now):
                before, now = ", ".join(sorted(was)), ", ".join(sorted(is_now))
                text = f"the name led to {before}, and leads to {now} now"
                yield Fact(sign=Sign.ANSWER_CHANGED, text=text, values={"before": before, "now": now})

    def _resolved(self, at: float, seconds: float) -> bool:
        """Take in how long a resolution took; tell whether that was slow."""
        if seconds < SLOW:
            return False
        self._slow.append((at, seconds))
        return True

    def _remember(self, at: float, observation: DnsObservation) -> None:
        """Take in where the name leads; where it leads by turns, as it did before, it has not changed."""
        answers = frozenset(observation.answers)
        for address in answers:
            self._known.setdefault(address, at)
        while len(self._known) > MOST:
            del self._known[next(iter(self._known))]
        if observation.changed and self._answers:
            self._changed.append((at, self._answers, answers))
        self._answers = answers or self._answers
