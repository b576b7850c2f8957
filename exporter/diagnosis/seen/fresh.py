"""What becomes of connections that are opened now: by sessions, and where a held one has to be replaced."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, takewhile
from operator import itemgetter
from statistics import median
from typing import Final

from exporter.diagnosis.seen.refusals import MEANINGS, TIMED, signs_of
from exporter.diagnosis.seen.window import KEPT, Window, part, times
from exporter.diagnosis.sign import Fact, Sign
from exporter.model import Cause, Failure, HeldObservation, Observation, SessionObservation

LONG: Final = 5.0
"""Seconds for which a port refuses before it is more than a restart."""
TWICE: Final = 2
"""So many connects that nobody answers are no chance: each has sent its first packet several times."""
GOODBYE: Final = 0.5
"""How much it counts that a server said it was going or coming, when others have failed otherwise since."""
LATE: Final = 0.5
ALIKE: Final = 0.25
"""Seconds from which on a close came late, and by which several of them may differ and be as late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One opening: when it was begun and ended (monotonic seconds), and why it failed."""

    begun: float
    ended: float
    failure: Failure | None = None


class Fresh:
    """Folds openings into facts."""

    def __init__(self) -> None:
        self._tries: deque[Try] = deque(maxlen=KEPT)
        self._held: dict[str, int] = {}
        self._failing = False

    def take(self, at: float, observation: Observation) -> bool:
        """Take in a session, or what a probe says of the connections it holds (see `Side`)."""
        match observation:
            case SessionObservation(usable=usable, failure=failure, duration=duration):
                return self._tried(at, duration, None if usable else failure)
            case HeldObservation(probe=probe, held=held, failure=failure, duration=duration):
                more = held > self._held.get(probe, 0)
                self._held[probe] = held
                return self._tried(at, duration, failure) if more or failure is not None else False
        return False

    def standing(self, at: float) -> bool:  # noqa: ARG002  all sides alike
        """Whether the last opening failed."""
        return self._failing

    def settle(self) -> None:
        """Forget the openings."""
        self._tries.clear()

    def facts(self, window: Window) -> Iterator[Fact]:
        """Tell how openings went that were begun in the window, and what those met that failed."""
        tries = [one for one in self._tries if window.has(one.ended)]
        failed = [one for one in tries if one.failure is not None]
        worked = [one for one in tries if one.failure is None]
        lately = [one for one in worked if window.after(one.begun)]
        if lately and not failed:
            yield Fact(sign=Sign.FRESH_WORKS, text=f"{times(len(lately), 'new connection')} worked meanwhile")
        elif _mixed(failed, worked):
            text = f"{part(len(failed), len(tries), 'new connection')} failed, and others worked in between"
            yield Fact(sign=Sign.FRESH_SOMETIMES, text=text)
        yield from self._met(failed, len(tries), window)
        tried = [(one.begun, one.ended, one.failure is not None) for one in tries]
        yield from none_came_about(tried, "new connection", window)
        yield from refused_long([(one.begun, one.ended, refused(one.failure)) for one in tries])

    def _tried(self, at: float, duration: float, failure: Failure | None) -> bool:
        self._tries.append(Try(begun=at - duration, ended=at, failure=failure))
        self._failing = failure is not None
        return self._failing

    def _met(self, failed: Sequence[Try], tried: int, window: Window) -> Iterator[Fact]:
        """Put failures that show the same together, the latest of them speaking for all."""
        alike: dict[tuple[Sign, Cause | None], list[Try]] = {}
        for one in failed:
            assert one.failure is not None  # noqa: S101  it is one that failed
            met = signs_of(one.failure)
            if not (met[0] in TIMED and window.stalled(one.ended)):
                alike.setdefault(met, []).append(one)
        for (sign, cause), ones in alike.items():
            fact = _fact(sign, cause, ones, tried)
            gone = cause is Cause.SERVER_RESTART and failed[-1].ended - ones[-1].ended >= LONG
            yield replace(fact, strength=GOODBYE) if gone else fact
            yield from _more(sign, ones)


def none_came_about(tried: Sequence[tuple[float, float, bool]], what: str, window: Window) -> Iterator[Fact]:
    """Tell that of late all have failed; `tried` is when each began and ended, and whether it failed."""
    last = list(takewhile(itemgetter(2), reversed(tried)))
    if last and (lasted := last[0][1] - last[-1][0]) >= LONG and not window.stalled(last[0][1]):
        text = f"for {lasted:.0f} s no {what} came about ({len(last)} tried)"
        yield Fact(sign=Sign.FRESH_ALL_FAIL, text=text)


def refused_long(tried: Sequence[tuple[float, float, bool]]) -> Iterator[Fact]:
    """Tell for how long all were refused; `tried` is when each began and ended, and whether it was."""
    runs = [list(run) for was_refused, run in groupby(tried, key=itemgetter(2)) if was_refused]
    longest = max((run[-1][1] - run[0][0] for run in runs), default=0.0)
    if longest >= LONG:
        yield Fact(sign=Sign.FRESH_REFUSED_LONG, text=f"the port refused for {longest:.0f} s")


def refused(failure: Failure | None) -> bool:
    """Whether somebody said at the port that nobody listens there."""
    return failure is not None and signs_of(failure)[0] is Sign.FRESH_REFUSED


def _mixed(failed: Sequence[Try], worked: Sequence[Try]) -> bool:
    """Whether some worked between others that failed: no end of a trouble, but part of it."""
    if not failed:
        return False
    return any(failed[0].ended < one.ended < failed[-1].ended for one in worked)


def _fact(sign: Sign, cause: Cause | None, ones: Sequence[Try], tried: int) -> Fact:
    failure = ones[-1].failure
    assert failure is not None  # noqa: S101  they are such as failed
    values = {"code": failure.code, "said": failure.said}
    words = (failure.said if sign is Sign.SAID else "") or failure.detail
    code = f" ({failure.code})" if failure.code and failure.code not in words else ""
    if sign is Sign.SAID:
        text = f"{times(len(ones), 'new connection')} failed with: {words}{code}"
    else:
        text = f"{part(len(ones), tried, 'new connection')} failed: {MEANINGS[sign]} ({failure.detail})"
    return Fact(
        sign=sign,
        text=text,
        cause=cause,
        strength=min(1.0, len(ones) / TWICE) if sign is Sign.FRESH_UNANSWERED else 1.0,
        values={name: value for name, value in values.items() if value},
    )


def _more(sign: Sign, ones: Sequence[Try]) -> Iterator[Fact]:
    """Tell what only several of the same kind tell: how late they were closed."""
    took = [one.ended - one.begun for one in ones]
    if sign is Sign.FRESH_HUNG_UP and len(took) > 1 and min(took) >= LATE:
        wait = median(took)
        if all(abs(seconds - wait) <= ALIKE for seconds in took):
            text = f"each was closed after the same wait of {wait:.1f} s"
            yield Fact(sign=Sign.FRESH_HUNG_UP_LATE, text=text)
