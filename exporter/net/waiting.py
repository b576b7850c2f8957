"""Waiting on a descriptor, never longer than agreed and never past the daemon's own end.

Who waits leaves its lane to others (see `exporter.net.lanes`).
"""

import contextlib
import os
import select
import threading
import time
from collections.abc import Mapping
from typing import Final

from exporter.net.lanes import waiting

READABLE: Final = select.POLLIN
WRITABLE: Final = select.POLLOUT
MOST_MILLISECONDS: Final = 2**31 - 1
STOP_CHECK: Final = 0.1
"""Seconds after which a wait for an event looks whether the daemon is ending."""


class Stopped(Exception):
    """The daemon is ending: whoever waits must let go at once."""


class Stop:
    """A switch that is thrown once and wakes every wait.

    It is a pipe whose writing end is closed to throw it: the reading end is then readable for every
    thread that polls it, for ever. There is no lock in it: a signal may throw it in the middle of anything,
    also of a throw, in the thread that a lock would have to be got from.
    """

    def __init__(self) -> None:
        self._read, write = os.pipe()
        self._write = [write]
        self._thrown = False

    def throw(self) -> None:
        """End every wait, now and in future; a second throw changes nothing. Signal handlers may call it."""
        self._thrown = True
        with contextlib.suppress(IndexError):
            os.close(self._write.pop())  # taken by one only: a number closed twice may be another's

    @property
    def thrown(self) -> bool:
        """Whether the switch has been thrown."""
        return self._thrown

    def fileno(self) -> int:
        """Descriptor that becomes readable when the switch is thrown."""
        return self._read

    def sleep(self, seconds: float) -> bool:
        """Wait for `seconds`, or until thrown; tell whether it was."""
        _poll({}, seconds, self)
        return self._thrown

    def __del__(self) -> None:
        self.throw()
        os.close(self._read)


def wait(descriptor: int, events: int, seconds: float, stop: Stop) -> bool:
    """Wait until `descriptor` is ready for `events`; False when `seconds` have passed.

    Errors and hang-ups count as ready: the next call on the descriptor reports them. Raises Stopped
    when the daemon ends meanwhile.
    """
    return descriptor in wait_for_any({descriptor: events}, seconds, stop)


def wait_for_any(wanted: Mapping[int, int], seconds: float, stop: Stop) -> set[int]:
    """Wait as `wait` does, for many descriptors with their events; give those that are ready."""
    ready = _poll(wanted, seconds, stop)
    if stop.thrown:
        raise Stopped
    return ready


def wait_for_event(event: threading.Event, seconds: float, stop: Stop) -> bool:
    """Wait until `event` is set; False when `seconds` have passed. Raises Stopped when the daemon ends."""
    until = time.monotonic() + seconds
    with waiting():
        while not event.wait(max(0.0, min(STOP_CHECK, until - time.monotonic()))):
            if stop.thrown:
                raise Stopped
            if time.monotonic() >= until:
                return False
    return True


def _poll(wanted: Mapping[int, int], seconds: float, stop: Stop) -> set[int]:
    poll = select.poll()
    poll.register(stop.fileno(), READABLE)
    for descriptor, events in wanted.items():
        poll.register(descriptor, events)
    # poll counts in whole milliseconds; rounding up keeps a short rest from becoming a busy loop.
    with waiting():
        ready = poll.poll(min(max(0.0, seconds) * 1000 + 0.999, MOST_MILLISECONDS))
    return {descriptor for descriptor, _ in ready}
