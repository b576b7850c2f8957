"""What is known of connections that are left silent: what ends them, and after how long."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from exporter.diagnosis.advice import idle_values
from exporter.diagnosis.evidence import tolerance
from exporter.diagnosis.seen.window import KEPT, TOGETHER, Window, times
from exporter.diagnosis.sign import Fact, Sign
from exporter.model import (
    Cause,
    DropObservation,
    End,
    HeldObservation,
    IdleObservation,
    InquestObservation,
    Observation,
)

CONFIRMED: Final = 2
"""So many deaths of idleness count in full: one may be chance."""
ALONE: Final = 0.5
"""How much it counts that silent connections died where no other shows that those in use live on."""
AGAIN: Final = 3.0
AT_LEAST: Final = 60.0
"""How long the next death is waited for: so many times the silence of the last, and so many seconds more."""
REMEMBERED: Final = 6 * 3600.0
"""Seconds for which a death counts."""
LAYERS: Final[Mapping[Cause, str]] = {
    Cause.MIDDLEBOX_IDLE_TIMEOUT: "a device on the way",
    Cause.PROXY_IDLE_TIMEOUT: "a proxy",
    Cause.SERVER_IDLE_TIMEOUT: "the server",
}
Inquest = tuple[float, InquestObservation]


class Idleness:
    """Folds the deaths of silent connections into facts.

    `limits` gives the server's own settings by which it ends who is silent, None while they are not known.
    """

    def __init__(self, limits: Callable[[], Mapping[str, float] | None]) -> None:
        self._limits = limits
        self._inquests: deque[Inquest] = deque(maxlen=KEPT)
        self._said: deque[tuple[float, DropObservation]] = deque(maxlen=KEPT)
        self._known: IdleObservation | None = None
        self._died: tuple[float, float] | None = None
        self._attributed = self._event = float("-inf")
        self._accompanied = False

    def take(self, at: float, observation: Observation) -> bool:
        """Take in a death, the inquest after it, or what is known by now (see `Side`).

        A silent connection that dies of what is known to end such is no symptom.
        """
        match observation:
            case DropObservation(probe="idle", failure=failure):
                cause = failure.cause if failure is not None else Cause.UNKNOWN
                if observation.end is End.ERROR:
                    self._said.append((at, observation))
                if cause in self._causes():
                    return False
                told = observation.end is End.ERROR and cause not in LAYERS
                self._wait(at, observation.silent, in_vain=told)
                return True
            case DropObservation():
                self._take_other(at, observation)
            case HeldObservation(probe="sentinel", held=held):
                self._accompanied = held > 0
            case InquestObservation():
                self._inquests.append((at, observation))
                if not observation.idle:
                    self._died = None  # others died with it: none will die so again
            case IdleObservation():
                before, self._known = self._causes(), observation
                if self._causes() - before:
                    self._attributed = at
                    return True
        return False

    def _take_other(self, at: float, drop: DropObservation) -> None:
        """Take in a death in use: of what is known, where a pool had left it silent for too long."""
        if drop.failure is not None and drop.failure.cause in self._causes():
            self._attributed = at
        self._wait(at, 0.0, in_vain=True)

    def _wait(self, at: float, silent: float, *, in_vain: bool) -> None:
        """Wait for the next death of the same kind.

        It is waited for `in_vain` after one that was no death of silence; so were those that came together
        with it, or after different silences at the same time.
        """
        if self._died and at - self._died[0] <= TOGETHER and abs(silent - self._died[1]) > TOGETHER:
            in_vain = True
        if in_vain:
            self._event = at
        self._died = (at, silent) if at - self._event > TOGETHER else None

    def standing(self, at: float) -> bool:
        """Whether the next death of the same kind may still come, which would tell more.

        An idle timeout that is known is no trouble that stands: who heeds it does not suffer.
        """
        if self._causes() or not self._died:
            return False
        died, silent = self._died
        return at < died + silent * AGAIN + AT_LEAST

    def settle(self) -> None:
        """Keep what silent connections died of: it may take hours until one dies again."""
        self._died = None

    def facts(self, window: Window) -> Iterator[Fact]:
        """Tell what silent connections die of, if one has died in the window, or the reason been found."""
        yield from self._ended_with_words(window)
        idle = [(at, seen) for at, seen in self._inquests if seen.idle and at >= window.now - REMEMBERED]
        if not (window.has(self._attributed) or (idle and window.has(idle[-1][0]))):
            return
        yield from self._found()
        yield from self._vanished([seen for _, seen in idle if seen.reachable and seen.listed])
        told = [seen for _, seen in idle if not seen.used]
        yield from self._ended(told)
        yield from self._at_setting(told)

    def _ended_with_words(self, window: Window) -> Iterator[Fact]:
        said = [drop.failure for at, drop in self._said if window.has(at)]
        for failure in {failure.cause: failure for failure in said if failure is not None}.values():
            text = f"a silent connection ended with: {failure.said or failure.detail} ({failure.code})"
            values = self._values() | {"code": failure.code, "said": failure.said}
            yield Fact(sign=Sign.SAID, text=text, cause=failure.cause, values=values)

    def _causes(self) -> set[Cause]:
        return {cause for cause, _ in self._known.timeouts} if self._known is not None else set()

    def _found(self) -> Iterator[Fact]:
        known = self._known
        for cause, seconds in known.timeouts if known is not None else ():
            layer = LAYERS[cause]
            text = f"held in five ways, connections show: {layer} ends them after {seconds:.1f} s of silence"
            values = self._values() | {"seconds": f"{seconds:.0f}"}
            yield Fact(sign=Sign.IDLE_FOUND, text=text, cause=cause, values=values)

    def _vanished(self, idle: Sequence[InquestObservation]) -> Iterator[Fact]:
        vanished = [seen for seen in idle if seen.used]
        if vanished:
            how = "was answered by a reset" if vanished[-1].end is End.RST else "was never answered"
            seen = times(len(vanished), "time")
            text = (
                f"after {_spread(vanished)} s of silence a query {how}, {seen}; new connections worked, "
                "and the server still listed the old ones"
            )
            # Where nothing is kept busy, an outage looks the same: they died in it one after the other.
            strength = min(1.0, len(vanished) / CONFIRMED) if self._accompanied else ALONE
            yield Fact(sign=Sign.IDLE_VANISHED, text=text, strength=strength, values=self._values())

    def _ended(self, told: Sequence[InquestObservation]) -> Iterator[Fact]:
        """Tell of ends that came in the silence; that several came after the same time is no chance."""
        for sign, end, how in ((Sign.IDLE_CLOSED, End.FIN, "closed"), (Sign.IDLE_RESET, End.RST, "reset")):
            alike = _alike([seen for seen in told if seen.end is end])
            if alike:
                text = f"{times(len(alike), 'silent connection')} ended, {how} after {_spread(alike)} s"
                strength = min(1.0, len(alike) / CONFIRMED)
                yield Fact(sign=sign, text=text, strength=strength, values=self._values())

    def _at_setting(self, told: Sequence[InquestObservation]) -> Iterator[Fact]:
        """Tell whether the server's own settings explain it."""
        limits = self._limits()
        if not told or limits is None:
            return
        explained = False
        for name, seconds in limits.items():
            agree = [seen for seen in told if abs(seen.silent - seconds) <= tolerance(seconds)]
            if agree:
                explained = True
                text = f"silent connections ended after {_spread(agree)} s, as {name} = {seconds:g} s demands"
                values = self._values() | {"setting": name, "seconds": f"{seconds:g}"}
                strength = min(1.0, len(agree) / CONFIRMED)
                yield Fact(sign=Sign.IDLE_AT_SETTING, text=text, strength=strength, values=values)
        if not explained:
            own = ", ".join(f"{name} = {seconds:g} s" for name, seconds in limits.items())
            text = (
                f"no idle timeout of the server's own fits: {own}"
                if own
                else "the server has no idle timeout"
            )
            yield Fact(sign=Sign.IDLE_NOT_SETTING, text=text)

    def _values(self) -> dict[str, str]:
        known = self._known
        if known is None:
            return {}
        return dict(idle_values(known.survived, known.killed, [cause for cause, _ in known.timeouts]))


def _alike(seen: Sequence[InquestObservation]) -> list[InquestObservation]:
    """Give those that ended after the same silence as the last."""
    return [one for one in seen if abs(one.silent - seen[-1].silent) <= tolerance(seen[-1].silent)]


def _spread(seen: Sequence[InquestObservation]) -> str:
    shortest, longest = min(one.silent for one in seen), max(one.silent for one in seen)
    return f"{shortest:.1f}" if longest - shortest < 0.1 else f"{shortest:.1f} to {longest:.1f}"
