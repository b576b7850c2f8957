"""The echo engine: one socket for each IP version, whatever the number of targets, timed by the kernel."""

import contextlib
import math
import time
from collections import deque
from collections.abc import Sequence
from typing import Final

from exporter.model import EchoOrder, Failure, ProbeError
from exporter.net.engine import Lateness, Pace, Report
from exporter.net.exchange import Exchange
from exporter.net.flight import Flight, Place, State
from exporter.net.stamps import Steps

LATE: Final = 10.0
"""Seconds after its time is up for which an echo's replies are still recognised."""
BURST: Final = 20
"""Echoes that may leave together; more would queue on the wire and be seen as delay."""
SHORTEST_TICK: Final = 0.002
LONGEST_TICK: Final = 0.025


MOST_HELD: Final = 5.0
"""Seconds for which answers are held at most, to be reported several at once."""
UNHELD: Final = 200.0
"""Echoes a second, of all targets, for each second that answers are held: a few are told at once."""

Answers = tuple[float, tuple[float, ...], tuple[float, ...], int, bool, bool]
"""Answered echoes of one target: when the first was sent (wall clock), their delays, the variations, how
many were overtaken, and whether the kernel stamped all departures and all arrivals."""


class _Job:
    """A target, and what is remembered of it from echo to echo."""

    __slots__ = (
        "address", "arrival", "departure", "failure", "held", "job", "latest", "number", "overtaken", "place",
        "previous", "rtt", "rtts", "size", "started", "timeout", "variations",
    )  # fmt: skip

    def __init__(self, order: EchoOrder) -> None:
        self.job = order.job
        self.timeout = order.timeout
        self.size = order.size
        self.address = ""
        self.place: Place | None = None
        self.failure: Failure | None = None
        self.number = 0
        self.latest = 0  # the number of the last echo that was answered
        self.previous = 0  # the number of the echo that `rtt` is of
        self.rtt = 0.0
        self.rtts: list[float] = []
        self.variations: list[float] = []
        self.held = self.started = 0.0
        self.overtaken = 0
        self.departure = self.arrival = True

    def take(self) -> Answers:
        """Give the answers that are held, and hold none."""
        taken = (
            self.started,
            tuple(self.rtts),
            tuple(self.variations),
            self.overtaken,
            self.departure,
            self.arrival,
        )
        self.rtts.clear()
        self.variations.clear()
        self.overtaken, self.departure, self.arrival = 0, True, True
        return taken


class EchoEngine:
    """Sends echo requests to many targets and reports each when its fate is decided.

    Readings are `Answers`, or else the fields of a PingObservation in a dictionary. The more targets there
    are, the longer answers are held (for `hold` seconds, MOST_HELD at most), so that several are told at the
    price of one. A loss is told at once, after the answers before it.

    An echo in flight is neither lost nor answered. A loss is judged only after everything that has arrived
    was taken in, by the kernel's stamps: a process that stood still finds its replies waiting, and in time.
    """

    def __init__(self, report: Report, lateness: Lateness, *, hold: float | None = None) -> None:
        self._tell = report
        self._hold = hold
        self._lateness = lateness
        self._holding: deque[_Job] = deque()
        self._pace: Pace[_Job] = Pace(lateness)
        self._jobs: dict[int, _Job] = {}
        self._exchanges: dict[int, Exchange[_Job]] = {}
        self._waiting: dict[float, deque[Flight[_Job]]] = {}
        self._past: deque[Flight[_Job]] = deque()
        self._steps = Steps()

    def add(self, order: EchoOrder) -> None:
        """Take on a target (see `exporter.net.engine.Engine`)."""
        job = self._jobs[order.job] = _Job(order)
        self._pace.add(job, order.interval, time.monotonic())

    def locate(self, job: int, addresses: Sequence[str], failure: Failure | None) -> None:
        """Send to the first of `addresses` from now on; replies from the one before still count."""
        target = self._jobs[job]
        target.failure = failure
        target.address, target.place = next(iter(addresses), ""), None
        if addresses:
            with contextlib.suppress(ProbeError):  # which is told, if it lasts, when an echo is due
                target.place = self._place(target.address)

    def hurry(self, job: int) -> None:
        """Do nothing: echoes are frequent enough."""

    def remove(self, job: int) -> None:
        """Send to a target no more."""
        self._pace.remove(self._jobs.pop(job))

    def tick(self, now: float) -> float:
        """Take in, judge, send (see `exporter.net.engine.Engine`)."""
        if self._steps.taken():
            for exchange in self._exchanges.values():
                exchange.doubt_stamps()
        for exchange in self._exchanges.values():
            exchange.take_in()
        self._judge(now)
        for job in self._pace.due(now):
            self._send(job)
        told = self._tell_held(now)
        tick = min(max(BURST / self._pace.rate, SHORTEST_TICK), LONGEST_TICK)
        flying = any(self._waiting.values())
        return now + tick if flying else max(now + tick, min(told, self._pace.next))

    def close(self) -> None:
        """Give the sockets back."""
        for exchange in self._exchanges.values():
            exchange.close()

    def _place(self, address: str) -> Place:
        version = 6 if ":" in address else 4
        if version not in self._exchanges:
            self._exchanges[version] = Exchange(version, self._answered, self._refused)
        return self._exchanges[version].place(address)

    def _send(self, job: _Job) -> None:
        if not job.address:
            if job.failure is not None:
                self._report(job, {"started": time.time(), "failure": job.failure})
            return
        try:
            # Tried anew each time: an interface may come up, a socket be had again.
            place = job.place = job.place or self._place(job.address)
            job.number += 1
            flight = Flight(job, job.number, place)
            place.exchange.send(flight, job.size, job.timeout)
        except ProbeError as error:
            self._report(job, {"started": time.time(), "failure": error.failure()})
            return
        queue = self._waiting.get(job.timeout)
        if queue is None:
            queue = self._waiting[job.timeout] = deque()
        queue.append(flight)

    def _answered(self, flight: Flight[_Job], rtt: float | None, stamped: bool) -> None:
        """Take in a reply; `rtt` is None where the clock was set meanwhile."""
        job, state = flight.job, flight.state
        if state is not State.WAITING:
            self._further(flight, late=state is State.LOST)
            return
        if rtt is not None and rtt > job.timeout:
            self._lose(flight)
            self._further(flight, late=True)
            return
        flight.state = State.ANSWERED
        overtaken = flight.number < job.latest
        if not overtaken:
            job.latest = flight.number
        if rtt is None:
            self._report(job, {"started": flight.sent / 1e9, "sent": 1, "reordered": int(overtaken)})
            return
        if not job.rtts:
            job.started, job.held = flight.sent / 1e9, time.monotonic()
            self._holding.append(job)
        job.rtts.append(rtt)
        if job.previous == flight.number - 1 and job.previous:
            job.variations.append(abs(rtt - job.rtt))
        job.previous, job.rtt = flight.number, rtt
        job.overtaken += overtaken
        job.departure &= flight.departure > 0
        job.arrival &= stamped

    def _tell_held(self, now: float) -> float:
        """Report answers that have been held long enough; give the time when more will have been."""
        hold = min(MOST_HELD, self._pace.rate / UNHELD) if self._hold is None else self._hold
        holding = self._holding
        while holding and holding[0].held + hold <= now:
            job = holding.popleft()
            if job.rtts:
                self._tell(job.job, job.take())
        return holding[0].held + hold if holding else math.inf

    def _report(self, job: _Job, reading: dict[str, object]) -> None:
        """Report something else of a target, after the answers that came before it."""
        if job.rtts:
            self._tell(job.job, job.take())
        self._tell(job.job, reading)

    def _refused(self, flight: Flight[_Job], error: ProbeError) -> None:
        """Take in that a router, or the host itself, has said that the echo will not arrive."""
        if flight.state is State.WAITING:
            self._lose(flight, error.failure())

    def _further(self, flight: Flight[_Job], *, late: bool) -> None:
        which = "late" if late else "duplicates"
        self._report(flight.job, {"started": time.time(), which: 1})

    def _judge(self, now: float) -> None:
        for queue in self._waiting.values():
            while queue and queue[0].until <= now:
                flight = queue.popleft()
                if flight.state is State.WAITING:
                    self._lose(flight)
                self._past.append(flight)
        while self._past and self._past[0].until + LATE <= now:
            flight = self._past.popleft()
            flight.place.exchange.forget(flight)

    def _lose(self, flight: Flight[_Job], failure: Failure | None = None) -> None:
        flight.state = State.LOST
        if failure is None and flight.place.exchange.overflowed_since(flight):
            self._lateness.unseen += 1  # its reply may be among those that found the buffer full
            return
        self._report(flight.job, {"started": flight.sent / 1e9, "sent": 1, "lost": 1, "failure": failure})
