"""What becomes of connections that are held: how they die, and how those answer that live."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Final

from exporter.diagnosis.advice import pool_recycle
from exporter.diagnosis.seen.refusals import SPEAKING
from exporter.diagnosis.seen.window import KEPT, TOGETHER, Window, times
from exporter.diagnosis.sign import Fact, Sign
from exporter.model import Cause, DropObservation, End, HeldObservation, Observation

RESENT: Final = 0.19
"""Seconds: the shortest wait of a kernel before it sends again."""
ALIKE: Final = 0.02
ALIKE_SECONDS: Final = 1.5
"""By how much ages may differ and be the same: a share, or so many seconds."""
OLD_ENOUGH: Final = 3.0
"""Seconds: who dies younger than that tells nothing of a limit on age."""
AGES: Final = 3
"""So many deaths at one age are no chance; those of earlier troubles count, because a limit may be long."""
TIMED: Final = frozenset({Sign.HELD_SILENT, Sign.HELD_UNANSWERED})
"""What a host that stands still may see without any reason."""

Death = tuple[float, DropObservation]


class HeldOnes:
    """Folds the deaths and answers of held connections into facts.

    `slow_at` is when an answer came last that took as long as after a retransmission.
    """

    def __init__(self) -> None:
        self._deaths: deque[Death] = deque(maxlen=KEPT)
        self._ages: deque[Death] = deque(maxlen=KEPT)
        self._answered: deque[tuple[float, float]] = deque(maxlen=KEPT)
        self._revived: list[float] = []
        self._held: dict[str, int] = {}
        self._wanted = False
        self.slow_at = float("-inf")

    def take(self, at: float, observation: Observation) -> bool:
        """Take in a death, or a report of those that live (see `Side`)."""
        match observation:
            case DropObservation():
                self._deaths.append((at, observation))
                self._ages.append((at, observation))
                if observation.probe == "sentinel":
                    self._wanted = True
                return observation.probe != "idle"
            case HeldObservation(probe=probe, held=held, answers=answers, revived=revived):
                self._held[probe] = held
                self._answered.extend((at, seconds) for seconds in answers)
                if answers and max(answers) >= RESENT:
                    self.slow_at = at
                self._revived += [at] * revived
                if probe == "sentinel" and held:
                    self._wanted = False
        return False

    def standing(self, at: float) -> bool:  # noqa: ARG002  all sides alike
        """Whether no connection is held in place of one that died."""
        return self._wanted

    def settle(self) -> None:
        """Forget the deaths, but not at what age they came."""
        self._deaths.clear()
        self._revived.clear()

    def facts(self, window: Window) -> Iterator[Fact]:
        """Tell how held connections fared in the window."""
        deaths = [(at, drop) for at, drop in self._deaths if window.has(at)]
        busy = [(at, drop) for at, drop in deaths if drop.probe != "idle"]
        answers = [seconds for at, seconds in self._answered if window.timed(at)]
        lately = [seconds for at, seconds in self._answered if window.after(at - seconds)]
        if lately and not busy:
            text = f"connections in use stood meanwhile, and answered {times(len(lately), 'time')}"
            yield Fact(sign=Sign.HELD_WORKS, text=text)
        late = [seconds for seconds in answers if seconds >= RESENT]
        if late:
            text = f"{len(late)} of {len(answers)} answers on held connections took up to {max(late):.2f} s, \
as after a retransmission"
            yield Fact(sign=Sign.HELD_SLOW, text=text, strength=min(1.0, len(late) / 2))
        if any(window.has(at) for at in self._revived):
            text = "a connection that had fallen silent answered after all"
            yield Fact(sign=Sign.HELD_REVIVED, text=text)
        yield from _ends(busy, window)
        yield from self._company(deaths, busy)
        yield from self._equal_age(window)

    def _company(self, deaths: Sequence[Death], busy: Sequence[Death]) -> Iterator[Fact]:
        """Tell whether they died together, or one alone."""
        together = max((_with(at, deaths) for at, _ in deaths), key=len, default=[])
        if len({drop.probe for drop in together}) > 1 or (len(together) > 1 and _differ(together)):
            text = (
                f"{len(together)} connections ended within {TOGETHER:g} s, however long each had been silent"
            )
            yield Fact(sign=Sign.HELD_MANY, text=text)
        elif len({drop.probe for _, drop in busy}) > 1:
            text = "connections of several probes ended, one after the other as they were used"
            yield Fact(sign=Sign.HELD_OTHERS_GONE, text=text)
        elif len(busy) == 1 and self._held.get("idle", 0) and busy[0][1].end is not End.SILENCE:
            text = f"one connection in use ended, {self._held['idle']} others lived on"
            yield Fact(sign=Sign.HELD_ONE, text=text)

    def _equal_age(self, window: Window) -> Iterator[Fact]:
        """Tell of connections in use that died at the same age at different times, the last of them now."""
        alone = [(at, drop.duration) for at, drop in self._ages if self._of_age(at, drop)]
        if not alone or not window.has(alone[-1][0]):
            return
        last = alone[-1][1]
        alike = list(takewhile(lambda age: _alike(age, last), (age for _, age in reversed(alone))))
        if last >= OLD_ENOUGH and len(alike) > 1:
            spread = ", ".join(f"{age:.1f} s" for age in reversed(alike[:AGES]))
            text = f"connections in use died at the same age: {spread}"
            strength = min(1.0, len(alike) / AGES)
            yield Fact(sign=Sign.HELD_EQUAL_AGE, text=text, strength=strength, values=_values(min(alike)))

    def _of_age(self, at: float, drop: DropObservation) -> bool:
        """Whether it may have died of its age: without a word, alone, and no other died of another age."""
        if drop.probe != "sentinel" or drop.end is End.ERROR:
            return False
        together = _with(at, self._ages)
        alone = sum(other.probe == "sentinel" for other in together) == 1
        return alone and all(_alike(other.duration, drop.duration) for other in together)


def _alike(one: float, other: float) -> bool:
    """Whether two ages are the same."""
    return abs(one - other) <= max(ALIKE_SECONDS, ALIKE * other)


def _values(age: float) -> dict[str, str]:
    return {"age": f"{age:.0f}", "pool_recycle": f"{pool_recycle(age):.0f}"}


def _with(at: float, deaths: Iterable[Death]) -> list[DropObservation]:
    return [drop for when, drop in deaths if abs(when - at) <= TOGETHER]


def _differ(together: Sequence[DropObservation]) -> bool:
    """Whether they had been silent for different times: those of one idle timeout had not."""
    silent = [drop.silent for drop in together]
    return max(silent) - min(silent) > TOGETHER


def _ends(deaths: Sequence[Death], window: Window) -> Iterator[Fact]:
    """Tell how connections in use ended, those that ended alike in one fact."""
    alike: dict[tuple[Sign, Cause | None], list[Death]] = {}
    for at, drop in deaths:
        shown = _shown(drop)
        if not (shown[0] in TIMED and window.stalled(at)):
            alike.setdefault(shown, []).append((at, drop))
    for (sign, cause), ones in alike.items():
        drop = ones[-1][1]
        failure = drop.failure
        words = (failure.said or failure.detail) if failure is not None else ""
        code = f" ({failure.code})" if failure is not None and failure.code else ""
        text = f"{times(len(ones), 'connection')} in use ended: {words}{code}"
        values = {} if failure is None or not failure.code else {"code": failure.code, "said": failure.said}
        yield Fact(sign=sign, text=text, cause=cause, values=values)


def _shown(drop: DropObservation) -> tuple[Sign, Cause | None]:
    cause = drop.failure.cause if drop.failure is not None else Cause.UNKNOWN
    if drop.end is End.ERROR and cause in SPEAKING:
        return Sign.SAID, cause
    if drop.end is End.SILENCE:
        silent = {
            Cause.CLIENT_LOCAL_NETWORK: Sign.HELD_STOPPED_HERE,
            Cause.SERVER_UNRESPONSIVE: Sign.HELD_UNANSWERED,
        }
        return silent.get(cause, Sign.HELD_SILENT), None
    if drop.end is End.RST:
        return (Sign.HELD_RESET_ON_USE if drop.used else Sign.HELD_RESET), None
    return Sign.HELD_CLOSED, None
