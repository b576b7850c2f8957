"""How many threads that do the same kind of work may use the interpreter at once; who waits does not count.

A thread that waits for the interpreter's lock wakes up at every switch interval to ask for it again. Two
hundred of them take thirty times the processor time for the same work (measured at 0.5 ms), do less and less,
and so never catch up with what is due. Who waits for a lane sleeps until there is one.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Lanes:
    """So many lanes, of which each thread that works takes one.

    Who comes back from waiting goes before who begins: what is under way has a clock that runs.
    """

    def __init__(self, count: int) -> None:
        self._lock = threading.Lock()
        self._free = count
        self._returning: deque[threading.Lock] = deque()
        self._beginning: deque[threading.Lock] = deque()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Work in a lane for the block; wait until one is free. A thread takes one at a time."""
        self._take(self._beginning)
        _MINE.lanes = self
        try:
            yield
        finally:
            _MINE.lanes = None
            self._give()

    @contextmanager
    def left(self) -> Iterator[None]:
        """Leave the lane to others for the block, in which the thread only waits."""
        self._give()
        try:
            yield
        finally:
            self._take(self._returning)

    def _take(self, queue: deque[threading.Lock]) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            turn = threading.Lock()
            turn.acquire()
            queue.append(turn)
        turn.acquire()  # until a lane is handed over

    def _give(self) -> None:
        with self._lock:
            queue = self._returning or self._beginning
            if queue:
                queue.popleft().release()
            else:
                self._free += 1


class _Mine(threading.local):
    """The lanes one of which the current thread has taken, if any: a wait knows its thread alone."""

    lanes: Lanes | None = None


_MINE = _Mine()


@contextmanager
def waiting() -> Iterator[None]:
    """Leave the current thread's lane, if it has one, for the block, in which it only waits."""
    if (lanes := _MINE.lanes) is None:
        yield
    else:
        with lanes.left():
            yield
