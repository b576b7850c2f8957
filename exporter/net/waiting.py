"""Waiting on a descriptor, never longer than agreed and never past the daemon's own end."""

import os
import select
import threading
from typing import Final

READABLE: Final = select.POLLIN
WRITABLE: Final = select.POLLOUT
MOST_MILLISECONDS: Final = 2**31 - 1


class Stopped(Exception):
    """The daemon is ending: whoever waits must let go at once."""


class Stop:
    """A switch that is thrown once and wakes every wait.

    It is a pipe whose writing end is closed to throw it: the reading end is then readable for every
    thread that polls it, for ever.
    """

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        self._event = threading.Event()
        self._lock = threading.Lock()

    def throw(self) -> None:
        """End every wait, now and in future; a second throw changes nothing."""
        with self._lock:
            if not self._event.is_set():
                self._event.set()
                os.close(self._write)

    @property
    def thrown(self) -> bool:
        """Whether the switch has been thrown."""
        return self._event.is_set()

    def fileno(self) -> int:
        """Descriptor that becomes readable when the switch is thrown."""
        return self._read

    def sleep(self, seconds: float) -> bool:
        """Wait for `seconds`, or until thrown; tell whether it was."""
        return self._event.wait(seconds)

    def __del__(self) -> None:
        self.throw()
        os.close(self._read)


def wait(descriptor: int, events: int, seconds: float, stop: Stop) -> bool:
    """Wait until `descriptor` is ready for `events`; False when `seconds` have passed.

    Errors and hang-ups count as ready: the next call on the descriptor reports them. Raises Stopped
    when the daemon ends meanwhile.
    """
    poll = select.poll()
    poll.register(descriptor, events)
    poll.register(stop.fileno(), READABLE)
    # poll counts in whole milliseconds; rounding up keeps a short rest from becoming a busy loop.
    ready = poll.poll(min(max(0.0, seconds) * 1000 + 0.999, MOST_MILLISECONDS))
    if stop.thrown:
        raise Stopped
    return any(fd == descriptor for fd, _ in ready)
