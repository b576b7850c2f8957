"""How trials came out that were made to decide."""

from collections.abc import Iterator

from exporter.diagnosis.seen.window import Window
from exporter.diagnosis.sign import Fact, Sign
from exporter.model import Observation, Trial, TrialObservation


class Trials:
    """Keeps the last outcome of each."""

    def __init__(self) -> None:
        self._last: dict[Trial, tuple[float, TrialObservation]] = {}

    def take(self, at: float, observation: Observation) -> bool:
        """Take in an outcome (see `Side`): that large ones do not pass is a symptom."""
        if not isinstance(observation, TrialObservation):
            return False
        self._last[observation.trial] = at, observation
        return _stalls(observation)

    def standing(self, at: float) -> bool:  # noqa: ARG002  all sides alike
        """Whether large questions or answers did not pass."""
        last = self._last.get(Trial.SIZES)
        return last is not None and _stalls(last[1])

    def settle(self) -> None:
        """Forget the outcomes."""
        self._last.clear()

    def made(self, trial: Trial) -> bool:
        """Whether there is an outcome of this trial already."""
        return trial in self._last

    def facts(self, window: Window) -> Iterator[Fact]:
        """Tell the outcomes of the window."""
        for trial, (at, seen) in self._last.items():
            if window.timed(at):
                yield from _tls(seen) if trial is Trial.TLS else _sizes(seen)


def _tls(seen: TrialObservation) -> Iterator[Fact]:
    if seen.failure is None:
        yield Fact(sign=Sign.TLS_LETS_IN, text="the same login, refused without TLS, is accepted over TLS")


def _stalls(seen: TrialObservation) -> bool:
    return bool(seen.small) and (seen.there is False or seen.back is False)


def _sizes(seen: TrialObservation) -> Iterator[Fact]:
    if _stalls(seen):
        what = "question" if seen.there is False else "answer"
        text = f"a small query was answered; a {what} of {seen.size} bytes did not pass"
        yield Fact(sign=Sign.BIG_STALL, text=text)
    elif seen.small and seen.there and seen.back:
        text = f"questions and answers of {seen.size} bytes pass"
        yield Fact(sign=Sign.BIG_PASSES, text=text)
