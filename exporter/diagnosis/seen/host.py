"""How the host was doing that the daemon runs on."""

from collections import deque
from collections.abc import Iterator
from typing import Final

from exporter.diagnosis.seen.window import KEPT, Window
from exporter.diagnosis.sign import Fact, Sign
from exporter.model import HostCondition

STALLED: Final = 1.0
"""Seconds of standing still after which times measured meanwhile are not believed."""
AFTER: Final = 1.0
"""Seconds after a stall in which what was late because of it may still arrive."""
BESIDE: Final = 0.5
"""How much a stall counts that came when the trouble was there already: it may have added to it."""
DAMAGED: Final = 3
"""So many packets with wrong checksums are no chance."""
FEW: Final = 4
"""Descriptors left that are as good as none: a connection takes some."""
COUNTED: Final = 60.0


class Host:
    """Folds conditions of the host into facts."""

    def __init__(self) -> None:
        self._stalls: deque[tuple[float, float, float]] = deque(maxlen=KEPT)
        self._damaged: deque[tuple[float, int]] = deque(maxlen=KEPT)
        self._few = float("-inf")

    def learn(self, at: float, condition: HostCondition) -> None:
        """Take in a condition that was told at `at`."""
        still = max(condition.lag, condition.step)  # a pause of the whole machine is leapt over by its clock
        if max(still, -condition.step) >= STALLED:
            self._stalls.append((at - max(condition.seconds, condition.lag), at + AFTER, still))
        if condition.checksum_errors:
            self._damaged.append((at, condition.checksum_errors))
        if condition.descriptors_left is not None and condition.descriptors_left < FEW:
            self._few = at

    def settle(self) -> None:
        """Forget what is past."""
        self._damaged.clear()

    @property
    def stalls(self) -> tuple[tuple[float, float], ...]:
        """Give the stretches in which nothing timed is true."""
        return tuple((begun, ended) for begun, ended, _ in self._stalls)

    def damaging(self, now: float) -> bool:
        """Whether packets come damaged of late."""
        return self._damaged_lately(now) >= DAMAGED

    def facts(self, window: Window, began: float, latest: float) -> Iterator[Fact]:
        """Tell how the host did in the window.

        A trouble that `began` before it stood still, or has gone on since (`latest`), is not its doing.
        """
        stood = [one for one in self._stalls if window.has(one[1] - AFTER) and one[2] >= STALLED]
        if stood:
            longest = max(still for _, _, still in stood)
            text = f"this host stood still for up to {longest:.1f} s; no time taken meanwhile counts"
            to_blame = all(
                any(begun <= symptom <= ended for begun, ended, _ in stood) for symptom in (began, latest)
            )
            yield Fact(sign=Sign.HOST_STALLED, text=text, strength=1.0 if to_blame else BESIDE)
        if self.damaging(window.now):
            damaged = self._damaged_lately(window.now)
            text = f"{damaged} packets came with wrong checksums in {COUNTED:.0f} s"
            yield Fact(sign=Sign.CHECKSUMS, text=text)
        if window.has(self._few):
            text = "this process may open hardly any more files"
            yield Fact(sign=Sign.FRESH_RESOURCES, text=text)

    def _damaged_lately(self, now: float) -> int:
        return sum(count for at, count in self._damaged if at >= now - COUNTED)
