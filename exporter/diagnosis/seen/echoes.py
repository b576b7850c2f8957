"""What becomes of echo requests to the target's host."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile
from typing import Final

from exporter.diagnosis.loss import GAP, Tally, is_outage, loses
from exporter.diagnosis.seen.delay import Delay
from exporter.diagnosis.seen.window import Window
from exporter.diagnosis.sign import Fact, Sign
from exporter.model import Cause, Failure, Observation, PingObservation

REMEMBERED: Final = 240
COUNTED: Final = 60.0
"""Seconds of which the echoes count when loss is judged."""
PAST: Final = 30
"""Answers in a row after which loss is over."""
SUDDEN: Final = 60.0
"""Seconds before a trouble shows within which echoes were first turned away, if that is part of it."""

Fate = tuple[float, bool]
"""When what became of an echo was known, and whether it was answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What was said of echoes that were turned away, since when, and when last (monotonic seconds)."""

    since: float
    latest: float
    failure: Failure


class Echoes:
    """Folds echoes into facts; `share` is how much may be lost, `threshold` the delay in seconds.

    Echoes alone never make a symptom of loss: many hosts and routers throw them away first.
    """

    def __init__(self, share: float, threshold: float) -> None:
        self._share = share
        self._fates: deque[Fate] = deque(maxlen=REMEMBERED)
        self._delay = Delay(threshold)
        self._answered = self._in_row = 0
        self._unsent = float("-inf")
        self._refused_since: float | None = None  # none was answered in between
        self._refusal: Refusal | None = None

    def take(self, at: float, observation: Observation) -> bool:
        """Take in echoes whose fate is decided (see `Side`)."""
        if not isinstance(observation, PingObservation):
            return False
        failure = observation.failure
        if not observation.sent and failure is not None and failure.cause is Cause.CLIENT_LOCAL_NETWORK:
            self._unsent = at
        answered = observation.sent - observation.lost
        if answered:
            self._answered += answered
            self._in_row = 0
            self._refused_since = None
            self._fates.extend([(at, True)] * answered)
        if observation.lost:
            self._in_row += observation.lost
            self._fates.extend([(at, False)] * observation.lost)
            if failure is not None and failure.cause is Cause.NET_UNREACHABLE and self._answered:
                self._refused_since = at if self._refused_since is None else self._refused_since
                self._refusal = Refusal(since=self._refused_since, latest=at, failure=failure)
        for seconds in observation.rtts:
            self._delay.take(at, seconds)
        return bool(observation.rtts) and self._delay.up

    def standing(self, at: float) -> bool:  # noqa: ARG002  all sides alike
        """Whether delays are too long now."""
        return self._delay.up

    def settle(self) -> None:
        """Forget what was lost."""
        self._fates.clear()
        self._unsent = float("-inf")
        self._refusal = None

    def lossy(self, now: float) -> bool:
        """Whether more is lost of late than any path may lose; never where none was ever answered.

        A time in which nothing came back is an outage, and no loss.
        """
        fates = self._lately(now)
        if not self._answered or all(answered for _, answered in fates[-PAST:]):
            return False
        rest, _ = _apart(fates)
        return rest.lost > self._share * rest.asked and loses(rest)

    @property
    def silent(self) -> bool:
        """Whether echoes that used to be answered are not, right now."""
        return self._in_row >= GAP - 1 and self._answered > 0

    def facts(self, window: Window) -> Iterator[Fact]:
        """Tell how echoes fared in the window."""
        fates = self._seen(window)
        lost = _lost(fates)
        _, gaps = _apart(fates)
        if gaps and self._answered:  # also where none was answered before: now it is known that they can be
            text = f"ICMP: {lost} of {_echoes(len(fates))} lost, {max(map(len, gaps))} of them in a row"
            yield Fact(sign=Sign.ECHO_GAP, text=text)
        elif lost and lost < len(fates):
            text = f"ICMP: {lost} of {_echoes(len(fates))} lost"
            yield Fact(sign=Sign.ECHO_LOST, text=text)
        elif not lost and (lately := sum(window.after(at) for at, _ in self._fates)):
            yield Fact(sign=Sign.ECHO_WORKS, text=f"ICMP: {_echoes(lately)} answered meanwhile, none lost")
        if self.lossy(window.now):
            fates = self._lately(window.now)
            lost = _lost(fates)
            text = f"ICMP: {lost} of the last {_echoes(len(fates))} lost"
            values = {"loss": f"{100 * lost / len(fates):.0f}"}
            yield Fact(sign=Sign.ECHO_LOSS, text=text, values=values)
        if window.has(self._unsent):
            yield Fact(sign=Sign.ECHO_NEVER_SENT, text="ICMP: this host refuses to send the echoes")
        told = self._refusal
        if told is not None and window.has(told.latest) and told.since >= window.begun - SUDDEN:
            text = f"ICMP: echoes were turned away on the way ({told.failure.detail})"
            values = {"offender": told.failure.offender} if told.failure.offender else {}
            yield Fact(sign=Sign.ECHO_UNREACHABLE, text=text, values=values)
        yield from self._delay.facts(Sign.DELAY_UP, "echoes take")

    def _seen(self, window: Window) -> list[Fate]:
        """Give the fates of the window, with the whole of an outage that it begins in or right after."""
        fates = [fate for fate in self._fates if not window.stalled(fate[0])]
        begin = sum(not window.has(at) for at, _ in fates)
        if begin == len(fates):
            return []
        before = sum(1 for _ in takewhile(_unanswered, reversed(fates[:begin])))
        after = sum(1 for _ in takewhile(_unanswered, fates[begin:]))
        return fates[begin - before if before + after >= GAP else begin :]

    def _lately(self, now: float) -> list[Fate]:
        """Give the fates by which loss is judged, oldest first."""
        return [fate for fate in self._fates if fate[0] >= now - COUNTED]


def _apart(fates: Sequence[Fate]) -> tuple[Tally, list[list[Fate]]]:
    """Tell loss from outages: what became of the others, and those that were lost in a row and not by chance.

    The longer it is, the less can a run be chance; what stays when it is taken away judges the next.
    """
    runs = sorted((list(run) for lost, run in groupby(fates, _unanswered) if lost), key=len)
    rest = Tally(asked=len(fates), lost=_lost(fates))
    gaps: list[list[Fate]] = []
    while runs:
        others = Tally(asked=rest.asked - len(runs[-1]), lost=rest.lost - len(runs[-1]))
        if not is_outage(len(runs[-1]), others):
            break
        gaps.append(runs.pop())
        rest = others
    return rest, gaps


def _lost(fates: Sequence[Fate]) -> int:
    return sum(map(_unanswered, fates))


def _unanswered(fate: Fate) -> bool:
    return not fate[1]


def _echoes(count: int) -> str:
    return f"{count} {'echo' if count == 1 else 'echoes'}"
