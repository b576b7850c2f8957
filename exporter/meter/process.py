"""The measuring process: one thread, one loop, engines that never wait."""

import errno
import gc
import resource
import select
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from exporter.meter.wire import (
    MOST_BYTES,
    MOST_READINGS,
    Add,
    Health,
    Hurry,
    Locate,
    Readings,
    Remove,
    pack,
    unpack,
)
from exporter.model import EchoOrder, Order, PathOrder, TcpOrder
from exporter.net.connects import TcpEngine
from exporter.net.echo import EchoEngine
from exporter.net.engine import Engine, Lateness, Report
from exporter.net.path import PathEngine

ENGINES: Final[dict[str, tuple[type[Order], Callable[[Report, Lateness], Engine[Any]]]]] = {
    "ping": (EchoOrder, EchoEngine),
    "tcp": (TcpOrder, TcpEngine),
    "path": (PathOrder, PathEngine),
}
"""For each kind of probe, what it is ordered by, and what carries it out."""
DELIVERY: Final = 0.2
"""Seconds between two deliveries of readings."""
HEALTH: Final = 1.0
"""Seconds between two words on how the meter is doing."""
MOST_KEPT: Final = 1_000_000
"""Readings kept while the daemon does not take them; then the oldest give way."""
MOST_HEARD: Final = 100
"""Messages taken in before the engines have their turn again."""
MOMENT: Final = 0.002
"""Seconds by which an engine's turn may come early, to share a wake-up with another's."""
REST: Final = 1.0
"""Seconds to sleep when nothing is to be done."""


class Meter:
    """Runs the engines, takes orders, delivers readings, until the daemon's end of the line is closed."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._line.setblocking(False)
        # Not select: its descriptors end at 1024, and the daemon may have more open than that.
        self._ear = select.poll()
        self._ear.register(line, select.POLLIN)
        self._kept: deque[tuple[int, object]] = deque(maxlen=MOST_KEPT)
        self._lateness = {probe: Lateness() for probe in ENGINES}
        self._engines = {
            order: make(self._report, self._lateness[probe]) for probe, (order, make) in ENGINES.items()
        }
        self._dues: dict[Engine[Any], float] = dict.fromkeys(self._engines.values(), 0.0)
        self._jobs: dict[int, Engine[Any]] = {}
        self._heartbeat = Lateness()
        self._health: Health | None = None
        self._delivered = self._told = time.monotonic()

    def run(self) -> None:
        """Measure until the daemon is gone."""
        due = time.monotonic()
        while self._listen(max(0.0, due - time.monotonic())):
            now = time.monotonic()
            if now >= due:
                self._heartbeat.began(now - due)
            due = self._tick(now)
            if now - self._told >= HEALTH:
                self._take_health(now)
            if self._kept or self._health:
                if now - self._delivered >= DELIVERY:
                    self._deliver(now)
                due = min(due, self._delivered + DELIVERY)
        for engine in self._engines.values():
            engine.close()

    def _tick(self, now: float) -> float:
        """Give each engine its turn that wants one now or in a moment; say when the next will."""
        for engine, due in self._dues.items():
            if due <= now + MOMENT:
                self._dues[engine] = engine.tick(now)
        return min(now + REST, *self._dues.values())

    def _report(self, job: int, reading: object) -> None:
        self._kept.append((job, reading))

    def _listen(self, seconds: float) -> bool:
        """Wait for so long, or until something is ordered; tell whether the daemon is still there."""
        # poll counts in milliseconds; rounding up keeps a short rest from becoming a busy loop.
        if not self._ear.poll(seconds * 1000 + 0.999):
            return True
        try:
            for _ in range(MOST_HEARD):
                content = self._line.recv(MOST_BYTES)
                if not content:
                    return False
                self._obey(unpack(content))
        except BlockingIOError:
            pass
        except ConnectionError:
            return False
        return True

    def _obey(self, message: object) -> None:
        match message:
            case Add(order=order):
                self._jobs[order.job] = self._engines[type(order)]
                self._engine(order.job).add(order)
            case Locate(job=job, addresses=addresses, failure=failure):
                self._engine(job).locate(job, addresses, failure)
            case Hurry(job=job):
                self._engine(job).hurry(job)
            case Remove(job=job):
                self._engine(job).remove(job)
                del self._jobs[job]

    def _engine(self, job: int) -> Engine[Any]:
        """Give the engine that a job is with, and give it a turn soon: it may have something to do now."""
        engine = self._jobs[job]
        self._dues[engine] = 0.0
        return engine

    def _take_health(self, now: float) -> None:
        if self._health is None:  # what is not delivered yet goes first; the count goes on meanwhile
            self._told = now
            probes = {probe: lateness.take() for probe, lateness in self._lateness.items()}
            self._health = Health(probes=probes, heartbeat=self._heartbeat.take())

    def _deliver(self, now: float) -> None:
        """Hand over what has been read, as far as the daemon takes it now."""
        self._delivered = now
        kept, most = self._kept, MOST_READINGS
        while kept or self._health:
            some = [kept.popleft() for _ in range(min(len(kept), most))]
            try:
                self._line.send(pack(Readings(readings=some, health=self._health)))
            except OSError as error:
                kept.extendleft(reversed(some))
                if error.errno != errno.EMSGSIZE or most == 1:
                    return
                most //= 2
            else:
                self._health = None


def main() -> None:
    """Run a meter on the descriptor that the command line names.

    Signals for the whole group (Ctrl-C, a service manager's stop) are the daemon's to answer: the meter
    ends when the daemon does.
    """
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    # A connect has a socket of its own, and the customary limit of 1024 is too low for many dead targets.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    line = socket.socket(fileno=int(sys.argv[1]))
    gc.freeze()
    Meter(line).run()


if __name__ == "__main__":
    main()
