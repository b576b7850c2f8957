"""Sessions that died here in silence: the server may go on listing them for hours, so it is told."""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from exporter.db.dialect import Session

MOST: Final = 64
"""Sessions remembered; of more than that the oldest are left to the server."""


class Leftover(NamedTuple):
    """A session by the server's number, and when it began (monotonic seconds)."""

    number: int
    born: float


class Leftovers:
    """Collects the sessions of one target that nobody could say goodbye in; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: deque[Leftover] = deque(maxlen=MOST)
        self._listeners: list[Callable[[], None]] = []

    def add(self, number: int, born: float) -> None:
        """Hand over a session that may still be listed."""
        with self._lock:
            self._left.append(Leftover(number, born))
        for listener in self._listeners:
            listener()

    def when_added(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever there is one more; in any thread, so it must be quick."""
        self._listeners.append(listener)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._left)

    def end(self, session: Session) -> int:
        """End those that the server still lists, over `session`; tell how many there were.

        Behind a pooler the numbers are the pooler's, and not the server's: then all are forgotten.
        """
        ended, direct = 0, session.direct()
        while True:
            with self._lock:
                if not self._left:
                    return ended
                leftover = self._left[0]
            ended += direct and session.end(leftover.number, time.monotonic() - leftover.born)
            with self._lock:
                if self._left and self._left[0] is leftover:
                    self._left.popleft()
