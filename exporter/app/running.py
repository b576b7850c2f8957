"""The daemon's life as a process: from its start until a signal ends it."""

import logging
import os
import signal
import threading
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final

from exporter.app.daemon import Daemon

log = logging.getLogger(__name__)

SIGNAL_CHECK: Final = 0.2
"""Seconds after which a signal is noticed at the latest."""
END_WITHIN: Final = 9.0
"""Seconds that all may take to end; service managers and containers give ten."""
CUT_SHORT: Final = 1
"""Exit status of a process that could not end in good order."""


def run(
    daemon: Daemon,
    signals: Sequence[signal.Signals] = (signal.SIGTERM, signal.SIGINT),
    *,
    end_within: float = END_WITHIN,
) -> None:
    """Run `daemon` until one of `signals` comes; SIGHUP, if it is none, has the configuration read anew.

    What has not ended `end_within` seconds after the signal takes the process with it: a log that nobody
    reads any more, and that is full, stops whoever has a line for it. `math.inf` waits for it for ever.
    """
    come: SimpleQueue[int] = SimpleQueue()  # which a signal may write to, whatever it interrupts
    for number in {*signals, signal.SIGHUP}:
        signal.signal(number, lambda number, _: come.put(number))
    daemon.start()
    while _next(come) not in signals:
        daemon.reread()
    last_resort = threading.Timer(min(end_within, threading.TIMEOUT_MAX), os._exit, (CUT_SHORT,))
    last_resort.daemon = True
    with suppress(RuntimeError):  # no more threads to be had: it ends all the same, unless it hangs
        last_resort.start()
    log.info("stopping")
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # Python, as it ends, would have it end us in its own way
    daemon.stop()
    last_resort.cancel()


def _next(come: "SimpleQueue[int]") -> int:
    # With a timeout, because a signal that another thread has taken does not interrupt a wait without.
    while True:
        with suppress(Empty):
            return come.get(timeout=SIGNAL_CHECK)
