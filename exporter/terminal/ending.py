"""Being told to end, by Ctrl-C or otherwise, without losing what has been seen."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType
from typing import Final

from exporter.net.waiting import Stop

ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ending:
    """Which signal has asked us to end; 0 as long as none has."""

    def __init__(self) -> None:
        self.signal = 0


@contextlib.contextmanager
def ending(stop: Stop) -> Iterator[Ending]:
    """Throw the switch when a signal asks us to end; what the signals did before comes back at the end."""
    told = Ending()

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  as signal handlers are called
        if not told.signal:  # the switch must not be thrown while it is being thrown
            told.signal = number
            stop.throw()

    before = {number: signal.signal(number, end) for number in ENDING}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
