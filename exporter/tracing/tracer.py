"""Rounds along the path to one address, for somebody who is waiting for them."""

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from exporter.model import Hop, ProbeError
from exporter.net.flows import FLOWS
from exporter.net.hop_probe import Flow, HopProbe
from exporter.net.stamps import SO_TIMESTAMPNS
from exporter.net.waiting import Stop, Stopped, wait
from exporter.net.walk import Walk
from exporter.tracing.destination import Destination
from exporter.tracing.table import Table

FULL_CHANCES = 2
"""Times that a hop which has never answered is given all the time there is."""
TIMES_WORST = 3.0
LEAST_PATIENCE = 0.3
"""Seconds, and multiples of the longest delay so far, that such a hop is given after that."""

REST = 0.002
"""Seconds between two looks at a socket that is ready and tells nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds from the start of one round to that of the next, seconds that a hop may take, and most hops.

    `cycles` is how many rounds there are, None for no end.
    """

    interval: float = 1.0
    timeout: float = 1.0
    most_hops: int = 30
    cycles: int | None = None


class Tracer:
    """Asks the hops of a path one after the other, all with one flow (see `exporter.net.hop_probe`)."""

    def __init__(self, destination: Destination, pace: Pace, stop: Stop) -> None:
        """Prepare; raises ProbeError where this host cannot send there at all."""
        self._flow: Flow = FLOWS[destination.protocol](destination.address, destination.port)
        self._pace = pace
        self._stop = stop
        self._walk = Walk(pace.most_hops)
        self._answered: set[int] = set()
        self._silences: dict[int, int] = {}
        self._worst = 0.0
        self.paused = threading.Event()

    def run(self, table: Table, each: Callable[[], None] = lambda: None) -> None:
        """Go round until there were enough rounds, or the switch is thrown; none begins while `paused`.

        `each` is called after each round.
        """
        left = self._pace.cycles
        # As long as one socket wants stamps, the kernel stamps all packets as they arrive.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stamping:
            stamping.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            while left != 0:
                begun = time.monotonic()
                if not self.paused.is_set():
                    try:
                        self._round(table)
                    except Stopped:
                        return
                    each()
                    left = None if left is None else left - 1
                rest = begun + self._pace.interval - time.monotonic()
                if left != 0 and self._stop.sleep(max(0.0, rest)):
                    return

    def _round(self, table: Table) -> None:
        ttl, sock, goes_on = self._walk.begin(), None, True
        try:
            while goes_on:
                probe = self._flow.send(ttl, self._patience(ttl), sock)
                sock = probe.sock
                hop = self._await(probe)
                table.take(hop)
                goes_on = self._walk.goes_on(hop)
                self._learn(hop)
                if hop.address is None:  # the silent may still answer: not the next one's socket
                    sock.close()
                    sock = None
                ttl += 1
        except ProbeError as error:
            table.end_round(error.failure())
        else:
            table.end_round()
        finally:
            if sock is not None:
                sock.close()

    def _await(self, probe: HopProbe) -> Hop:
        """Wait for what becomes of a probe; raises Stopped."""
        while (left := probe.until - time.monotonic()) > 0:
            wait(probe.sock.fileno(), self._flow.events, left, self._stop)
            hop = self._flow.answer(probe)
            if hop is not None:
                return self._timed(hop, probe)
            self._stop.sleep(REST)  # what says nothing to us may stay readable
        return Hop(ttl=probe.ttl)

    def _timed(self, hop: Hop, probe: HopProbe) -> Hop:
        """Time by our own clock what the kernel has no stamp of, such as a reset."""
        if hop.address is None or hop.rtt is not None:
            return hop
        return replace(hop, rtt=time.monotonic() - probe.since)

    def _patience(self, ttl: int) -> float:
        """Give the seconds for a hop; who never answers must not hold up all the others in every round."""
        if ttl in self._answered or self._silences.get(ttl, 0) < FULL_CHANCES:
            return self._pace.timeout
        return min(self._pace.timeout, max(LEAST_PATIENCE, TIMES_WORST * self._worst))

    def _learn(self, hop: Hop) -> None:
        if hop.address is None:
            self._silences[hop.ttl] = self._silences.get(hop.ttl, 0) + 1
        else:
            self._answered.add(hop.ttl)
            self._worst = max(self._worst, hop.rtt or 0.0)
