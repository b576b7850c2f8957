"""How this host is doing, told again and again: it can falsify what is measured, and be to blame itself."""

import time
from collections.abc import Callable

from exporter.model import HostCondition
from exporter.net.host_counters import HostCounters, descriptors_left, host_counters

Tell = Callable[[HostCondition], None]
"""Takes what is told; must be quick and must not fail."""


class HostWatch:
    """Tells how the host has been doing since it told last; begins with what has been counted by now."""

    def __init__(
        self,
        tell: Tell,
        count: Callable[[], HostCounters] = host_counters,
        left: Callable[[], int | None] = descriptors_left,
    ) -> None:
        self._tell = tell
        self._count = count
        self._left = left
        self._before = count()
        self._at = time.monotonic()

    def report(self, lag: float, step: float) -> None:
        """Tell now; `lag` is for how long this process was kept from running, `step` how the clock was set.

        Both in seconds.
        """
        before, self._before = self._before, self._count()
        at, self._at = self._at, time.monotonic()
        self._tell(
            HostCondition(
                seconds=self._at - at,
                lag=lag,
                step=step,
                checksum_errors=_grown(before.checksum_errors, self._before.checksum_errors),
                unsent=_grown(before.unsent, self._before.unsent),
                descriptors_left=self._left(),
            )
        )


def _grown(before: int | None, now: int | None) -> int | None:
    """Give by how much a counter has grown; None where it was not told both times, or began anew."""
    if before is None or now is None or now < before:
        return None
    return now - before
