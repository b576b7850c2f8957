"""Being told to end, by Ctrl-C or otherwise, without losing what has been seen."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Final

ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ending:
    """Which signal has asked us to end; 0 as long as none has."""

    def __init__(self) -> None:
        self.signal = 0


@contextlib.contextmanager
def outliving() -> Iterator[None]:
    """Let SIGHUP change nothing: what is to be written may go elsewhere than to the terminal that goes away.

    It tells of that more than once, where its shell does, too.
    """
    before = signal.getsignal(signal.SIGHUP)
    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


@contextlib.contextmanager
def ending(end: Callable[[], None], *, at_once: bool = True) -> Iterator[Ending]:
    """Have `end` called for the first signal that asks us to end; a second Ctrl-C leaves `at_once`.

    That is, it raises KeyboardInterrupt. All other signals after the first change nothing. What is ignored
    by the will of whoever has started us, as `nohup` does, stays so. What the signals did before comes back
    at the end.
    """
    told = Ending()

    def heed(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  as signal handlers are called
        if not told.signal:
            told.signal = number
            end()
        elif at_once and number == signal.SIGINT:
            raise KeyboardInterrupt

    heeded = [number for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, heed) for number in heeded}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
