"""What is done only when the garbage collector is not under way in the thread that has to do it.

The collector runs wherever something is allocated, and a pool takes connections back from within it that the
application has forgotten. By then the thread may hold a lock of prometheus_client's, or of a log handler,
neither of which can be had twice: whoever asks for it again waits for ever.
"""

import gc
import os
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any


class _Collector:
    """Knows which thread the collector is under way in; there is no more than one."""

    def __init__(self) -> None:
        self._thread = 0
        gc.callbacks.append(self._noted)

    @property
    def under_way(self) -> bool:
        """Whether it is in this thread."""
        return self._thread == threading.get_ident()

    def _noted(self, phase: str, _: Mapping[str, Any]) -> None:
        self._thread = threading.get_ident() if phase == "start" else 0


_COLLECTOR = _Collector()


class Afterwards:
    """Does at once what it is given to do, or else before the next thing it is given; in any thread."""

    def __init__(self) -> None:
        self._left: deque[tuple[int, Callable[[], None]]] = deque()

    def do(self, what: Callable[[], None]) -> None:
        """Do it, after whatever has been left."""
        if _COLLECTOR.under_way:
            self._left.append((os.getpid(), what))
        else:
            self.catch_up()
            what()

    def catch_up(self) -> None:
        """Do what has been left in this process: what its parent has left is the parent's.

        Nobody is told of what fails: whoever does it now has nothing to do with it.
        """
        while True:
            try:
                process, what = self._left.popleft()
            except IndexError:
                return
            if process == os.getpid():
                with suppress(Exception):
                    what()
