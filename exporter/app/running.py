"""The daemon's life as a process: from its start until a signal ends it."""

import logging
import signal
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final

from exporter.app.daemon import Daemon

log = logging.getLogger(__name__)

SIGNAL_CHECK: Final = 0.2
"""Seconds after which a signal is noticed at the latest."""


def run(daemon: Daemon, signals: Sequence[signal.Signals] = (signal.SIGTERM, signal.SIGINT)) -> None:
    """Run `daemon` until one of `signals` comes; SIGHUP, if it is none, has the configuration read anew."""
    come: SimpleQueue[int] = SimpleQueue()  # which a signal may write to, whatever it interrupts
    for number in {*signals, signal.SIGHUP}:
        signal.signal(number, lambda number, _: come.put(number))
    daemon.start()
    while _next(come) not in signals:
        daemon.reread()
    log.info("stopping")
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # Python, as it ends, would have it end us in its own way
    daemon.stop()


def _next(come: "SimpleQueue[int]") -> int:
    # With a timeout, because a signal that another thread has taken does not interrupt a wait without.
    while True:
        with suppress(Empty):
            return come.get(timeout=SIGNAL_CHECK)
