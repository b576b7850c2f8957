"""What becomes of echo requests to the target's host."""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from exporter.diagnosis.loss import Tally, loses
from exporter.diagnosis.seen.delay import Delay
from exporter.diagnosis.seen.window import Window
from exporter.diagnosis.sign import Fact, Sign
from exporter.model import Cause, Observation, PingObservation

GAP: Final = 3
"""So many lost in a row are no chance, unless most are lost."""
REMEMBERED: Final = 240
COUNTED: Final = 60.0
"""Seconds of which the echoes count when loss is judged."""
PAST: Final = 30
"""Answers in a row after which loss is over."""


class Echoes:
    """Folds echoes into facts; `share` is how much may be lost, `threshold` the delay in seconds.

    Echoes alone never make a symptom of loss: many hosts and routers throw them away first.
    """

    def __init__(self, share: float, threshold: float) -> None:
        self._share = share
        self._fates: deque[tuple[float, bool]] = deque(maxlen=REMEMBERED)
        self._delay = Delay(threshold)
        self._answered = self._in_row = 0
        self._gap = self._unsent = float("-inf")

    def take(self, at: float, observation: Observation) -> bool:
        """Take in echoes whose fate is decided (see `Side`)."""
        if not isinstance(observation, PingObservation):
            return False
        failure = observation.failure
        if not observation.sent and failure is not None and failure.cause is Cause.CLIENT_LOCAL_NETWORK:
            self._unsent = at
        answered = observation.sent - observation.lost
        if answered:
            if self._in_row >= GAP:
                self._gap = at  # also where none was answered before: now it is known that they can be
            self._answered += answered
            self._in_row = 0
            self._fates.extend([(at, True)] * answered)
        if observation.lost:
            self._in_row += observation.lost
            self._fates.extend([(at, False)] * observation.lost)
            if self._in_row >= GAP and self._answered:
                self._gap = at
        for seconds in observation.rtts:
            self._delay.take(at, seconds)
        return bool(observation.rtts) and self._delay.up

    def standing(self, at: float) -> bool:  # noqa: ARG002  all sides alike
        """Whether delays are too long now."""
        return self._delay.up

    def settle(self) -> None:
        """Forget what was lost."""
        self._fates.clear()
        self._gap = self._unsent = float("-inf")

    def lossy(self, now: float) -> bool:
        """Whether more is lost of late than any path may lose; never where none was ever answered.

        A time in which nothing came back is an outage, and no loss.
        """
        fates = self._lately(now)
        if not self._answered or all(fates[-PAST:]):
            return False
        fates = list(_without_gaps(fates))
        lost = fates.count(False)
        return lost > self._share * len(fates) and loses(Tally(asked=len(fates), lost=lost))

    @property
    def silent(self) -> bool:
        """Whether echoes that used to be answered are not, right now."""
        return self._in_row >= GAP - 1 and self._answered > 0

    def facts(self, window: Window) -> Iterator[Fact]:
        """Tell how echoes fared in the window."""
        fates = [answered for at, answered in self._fates if window.timed(at)]
        lost = fates.count(False)
        if window.timed(self._gap):
            text = f"ICMP: {lost} of {_echoes(len(fates))} lost, at least {GAP} of them in a row"
            yield Fact(sign=Sign.ECHO_GAP, text=text)
        elif lost and lost < len(fates):
            text = f"ICMP: {lost} of {_echoes(len(fates))} lost"
            yield Fact(sign=Sign.ECHO_LOST, text=text)
        elif not lost and (lately := sum(window.after(at) for at, _ in self._fates)):
            yield Fact(sign=Sign.ECHO_WORKS, text=f"ICMP: {_echoes(lately)} answered meanwhile, none lost")
        if self.lossy(window.now):
            fates = self._lately(window.now)
            lost = fates.count(False)
            text = f"ICMP: {lost} of the last {_echoes(len(fates))} lost"
            values = {"loss": f"{100 * lost / len(fates):.0f}"}
            yield Fact(sign=Sign.ECHO_LOSS, text=text, values=values)
        if window.has(self._unsent):
            yield Fact(sign=Sign.ECHO_NEVER_SENT, text="ICMP: this host refuses to send the echoes")
        yield from self._delay.facts(Sign.DELAY_UP, "echoes take")

    def _lately(self, now: float) -> list[bool]:
        """Give the fates by which loss is judged, oldest first."""
        return [answered for at, answered in self._fates if at >= now - COUNTED]


def _without_gaps(fates: Iterable[bool]) -> Iterator[bool]:
    """Leave out those that were lost in a row."""
    for answered, alike in groupby(fates):
        run = list(alike)
        if answered or len(run) < GAP:
            yield from run


def _echoes(count: int) -> str:
    return f"{count} {'echo' if count == 1 else 'echoes'}"
