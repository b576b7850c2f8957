"""Rounds along the paths to many targets, hop by hop, in one thread that never waits."""

import select
import socket
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from exporter.model import Failure, Hop, PathOrder, ProbeError
from exporter.net.engine import MOST_HURRIED, Lateness, Pace, Report
from exporter.net.flows import FLOWS
from exporter.net.hop_probe import Flow, HopProbe
from exporter.net.stamps import SO_TIMESTAMPNS
from exporter.net.walk import Walk

GAP: Final = 1.1
"""Least seconds between two rounds; routers send us one ICMP error a second, and the rest would seem lost."""
MOST_EXTRA: Final = 30
"""Rounds in a row that a hurry can bring."""
SPARE: Final = 1.05
"""Gaps between two turns of a path, so that a round that begins late does not cost the next one its turn."""
STEP: Final = 0.025
"""Seconds until the next look while packets are under way; their times do not depend on it.

Long enough for one look to serve many paths, and short enough for `exporter.net.knock`.
"""


class Round(NamedTuple):
    """What one round along a path saw: wall-clock start, duration in seconds, and the hops in order.

    `failure` says why the round could not be made, or which router would not pass it on.
    """

    started: float
    duration: float
    hops: tuple[Hop, ...]
    failure: Failure | None

    def __reduce__(self) -> "tuple[Callable[..., Round], tuple[object, ...]]":
        """Travel as plain values: pickle takes its time over each field of a dataclass."""
        hops = [(hop.ttl, hop.address, hop.rtt, hop.reached, hop.failure) for hop in self.hops]
        return _arrived, (self.started, self.duration, hops, self.failure)


_Plain = tuple[int, str | None, float | None, bool, Failure | None]
"""The fields of a Hop."""


def _arrived(started: float, duration: float, hops: Sequence[_Plain], failure: Failure | None) -> Round:
    return Round(
        started,
        duration,
        tuple(
            Hop(ttl=ttl, address=address, rtt=rtt, reached=reached, failure=failed)
            for ttl, address, rtt, reached, failed in hops
        ),
        failure,
    )


class _Job:
    """One path, and the round along it that is under way while there is a `probe`."""

    __slots__ = (
        "address", "begun", "extra", "failure", "flow", "hops", "order", "probe", "rested", "started", "walk",
    )  # fmt: skip

    def __init__(self, order: PathOrder) -> None:
        self.order = order
        self.address = ""
        self.flow: Flow | None = None
        self.failure: Failure | None = None
        self.walk = Walk(order.most_hops)
        self.probe: HopProbe | None = None
        self.hops: list[Hop] = []
        self.started = 0.0
        self.begun = float("-inf")
        self.extra = 0
        self.rested = True


class PathEngine:
    """Follows the path to each job's target (see `exporter.net.engine.Engine`); reports a `Round` each time.

    The hops of a round are asked one after the other: they share a flow, so that only one of its packets may
    be under way.
    """

    def __init__(self, report: Report, lateness: Lateness, *, gap: float = GAP) -> None:
        self._report = report
        self._gap = gap
        self._pace: Pace[_Job] = Pace(lateness)
        self._jobs: dict[int, _Job] = {}
        self._under_way: dict[int, tuple[_Job, Flow, HopProbe]] = {}
        self._hurried: dict[int, _Job] = {}
        self._epoll = select.epoll()
        # As long as one socket wants stamps, the kernel stamps all packets as they arrive. Without it the
        # first ones of each round would be stamped when they are read.
        self._stamping = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._stamping.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)

    def add(self, order: PathOrder) -> None:
        """Take on a path."""
        self._jobs[order.job] = _Job(order)

    def locate(self, job: int, addresses: Sequence[str], failure: Failure | None) -> None:
        """Aim at the first address; a path to another one begins anew."""
        found = self._jobs[job]
        if found.flow is None and found.failure is None:
            interval = max(found.order.interval, SPARE * self._gap)
            self._pace.add(found, interval, time.monotonic())
        found.failure = failure
        address = next(iter(addresses), "")
        if found.flow is not None and found.address == address:
            return
        self._give_back(found)
        found.address, found.flow, found.walk = address, None, Walk(found.order.most_hops)
        self._aim(found)

    def hurry(self, job: int) -> None:
        """Go round at once, and again and again for a while; then the path rests until its next turn."""
        found = self._jobs[job]
        if found.rested and found.flow is not None and len(self._hurried) < MOST_HURRIED:
            found.rested, found.extra = False, MOST_EXTRA
            self._hurried[job] = found

    def remove(self, job: int) -> None:
        """Follow a path no more."""
        gone = self._jobs.pop(job)
        self._give_back(gone)
        self._hurried.pop(job, None)
        self._pace.remove(gone)

    def tick(self, now: float) -> float:
        """Take in answers, give up on the silent, ask the next hops, begin the rounds that are due."""
        if self._under_way:
            self._take_in(now)
        for job in self._pace.due(now):
            job.rested = job.rested or not job.extra
            self._begin(job, now)
        for number, job in list(self._hurried.items()):
            if self._begin(job, now):
                job.extra -= 1
                if not job.extra:
                    del self._hurried[number]
        return self._next(now)

    def close(self) -> None:
        """Give every socket back."""
        for job, _, _ in list(self._under_way.values()):
            self._give_back(job)
        self._stamping.close()
        self._epoll.close()

    def _begin(self, job: _Job, now: float) -> bool:
        """Begin a round, unless one is under way or too short a time ago; tell whether it began."""
        if job.probe is not None or now < job.begun + self._gap:
            return False
        job.started, job.begun, job.hops = time.time(), now, []
        if job.flow is None:
            self._aim(job)  # an interface may have come up
        if job.flow is None:
            self._finish(job, job.failure)
        else:
            self._ask(job, job.flow, job.walk.begin())
        return True

    def _aim(self, job: _Job) -> None:
        if job.address:
            try:
                job.flow = FLOWS[job.order.protocol](job.address, job.order.port)
            except ProbeError as error:
                job.failure = error.failure()

    def _ask(self, job: _Job, flow: Flow, ttl: int) -> None:
        used = job.probe.sock if job.probe else None
        try:
            probe = job.probe = flow.send(ttl, job.order.timeout, used)
        except ProbeError as error:
            self._give_back(job)
            self._finish(job, error.failure())
            return
        descriptor = probe.sock.fileno()
        self._under_way[descriptor] = job, flow, probe
        if used is None:
            self._epoll.register(descriptor, flow.events)

    def _take_in(self, now: float) -> None:
        for descriptor, _ in self._epoll.poll(0):
            job, flow, probe = self._under_way[descriptor]
            hop = flow.answer(probe)
            if hop is not None:
                self._decided(job, flow, hop)
        for job, flow, probe in list(self._under_way.values()):
            if probe.until <= now:
                self._decided(job, flow, Hop(ttl=probe.ttl))

    def _decided(self, job: _Job, flow: Flow, hop: Hop) -> None:
        job.hops.append(hop)
        goes_on = job.walk.goes_on(hop)
        if not goes_on or hop.address is None:  # the silent may still answer: not the next one's socket
            self._give_back(job)
        if goes_on:
            self._ask(job, flow, hop.ttl + 1)
        else:
            self._finish(job, hop.failure)

    def _give_back(self, job: _Job) -> None:
        """Close the socket of a job, if it has one; closing takes it out of the epoll, too."""
        if job.probe is not None:
            del self._under_way[job.probe.sock.fileno()]
            job.probe.sock.close()
            job.probe = None

    def _finish(self, job: _Job, failure: Failure | None) -> None:
        duration = max(0.0, time.monotonic() - job.begun)
        self._report(job.order.job, Round(job.started, duration, tuple(job.hops), failure))

    def _next(self, now: float) -> float:
        if self._under_way:
            return now + STEP
        return min([self._pace.next, *(job.begun + self._gap for job in self._hurried.values())])
