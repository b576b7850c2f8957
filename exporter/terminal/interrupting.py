"""Ctrl-C: once to come to an end in good order, twice to leave at once."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Final

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def interrupted(end: Callable[[], None]) -> Iterator[None]:
    """Have `end` called for the first signal that asks us to stop; the next one raises KeyboardInterrupt."""
    asked: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  as signal handlers are called
        asked.append(number)
        if len(asked) > 1:
            raise KeyboardInterrupt
        end()

    before = {number: signal.signal(number, handle) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
