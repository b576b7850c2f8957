"""The TCP engine: connects that are timed by the kernel and that no server notices."""

import select
import socket
import time
from collections import deque
from collections.abc import Sequence
from typing import Final

from exporter.model import Cause, Failure, ProbeError, TcpOrder
from exporter.net.dial import connect_error, numeric, refusal
from exporter.net.engine import Extra, Lateness, Pace, Report
from exporter.net.icmp_errors import RECVERR
from exporter.net.knock import knock
from exporter.net.tcp_info import connect_info

MOST_ADDRESSES: Final = 8
BURST: Final = 10
HURRY: Final = 1.0
"""Seconds between two rounds of a target that is looked at closely."""
HURRIED: Final = 5
"""Rounds of such a look."""
SHORTEST_TICK: Final = 0.005
LONGEST_TICK: Final = 0.025
"""The kernel holds back its acknowledgement for 200 ms: by then the connection must be gone."""

Connected = tuple[str, float, float | None, int, int | None, int | None, Failure | None]
"""The fields of an `exporter.model.Connect`."""
Round = tuple[float, float, tuple[Connected, ...], Failure | None]
"""When a round began (wall clock), how long it took, its connects, and why there were none."""


class _Job:
    """A target and its addresses."""

    __slots__ = ("addresses", "again", "every", "failure", "job", "port", "timeout", "under_way")

    def __init__(self, order: TcpOrder) -> None:
        self.job = order.job
        self.port = order.port
        self.timeout = order.timeout
        self.every = order.every_address
        self.addresses: Sequence[str] = ()
        self.failure: Failure | None = None
        self.under_way: _Round | None = None
        self.again = False


class _Round:
    """One look at all addresses of a target."""

    __slots__ = ("begun", "connects", "job", "open", "started")

    def __init__(self, job: _Job) -> None:
        self.job = job
        self.started = time.time()
        self.begun = time.monotonic()
        self.connects: list[Connected] = []
        self.open = 0


class _Attempt:
    """A connect under way."""

    __slots__ = ("address", "ended", "round", "since", "socket", "until")

    def __init__(self, whole: _Round, address: str, sock: socket.socket) -> None:
        self.round = whole
        self.address = address
        self.socket = sock
        self.since = time.monotonic()
        # Of its own moment: between the tick's and this one the process may have stood still.
        self.until = self.since + whole.job.timeout
        self.ended = False


class TcpEngine:
    """Connects to many targets and reports each round of connects when it is over.

    Readings are a `Round`. The third packet of the handshake is never sent (see `exporter.net.knock`): by
    then the kernel has measured the round trip of the SYN (TCP_INFO), and the connection is aborted. No
    privilege is needed for it.
    """

    def __init__(self, report: Report, lateness: Lateness) -> None:
        self._report = report
        self._pace: Pace[_Job] = Pace(lateness)
        self._extra: Extra[_Job] = Extra(HURRY, HURRIED)
        self._jobs: dict[int, _Job] = {}
        self._epoll = select.epoll()
        self._attempts: dict[int, _Attempt] = {}
        self._deadlines: dict[float, deque[_Attempt]] = {}

    def add(self, order: TcpOrder) -> None:
        """Take on a target (see `exporter.net.engine.Engine`)."""
        job = self._jobs[order.job] = _Job(order)
        self._pace.add(job, order.interval, time.monotonic())

    def locate(self, job: int, addresses: Sequence[str], failure: Failure | None) -> None:
        """Connect to these addresses from now on, or to the first of them."""
        target = self._jobs[job]
        target.failure = failure
        target.addresses = addresses[: MOST_ADDRESSES if target.every else 1]

    def hurry(self, job: int) -> None:
        """Make a round at once, and a few more; none while another one is under way."""
        self._extra.hurry(self._jobs[job], time.monotonic())

    def remove(self, job: int) -> None:
        """Connect to a target no more; what is under way is brought to its end."""
        gone = self._jobs.pop(job)
        gone.again = False
        self._pace.remove(gone)
        self._extra.remove(gone)

    def tick(self, now: float) -> float:
        """Take in, judge, connect (see `exporter.net.engine.Engine`)."""
        for descriptor, _ in self._epoll.poll(0):
            self._ended(self._attempts[descriptor], now)
        self._judge(now)
        for job in self._pace.due(now):
            self._begin(job)
        for job in self._extra.due(now):
            if job.under_way is None:
                self._begin(job)
        tick = min(max(BURST / self._pace.rate, SHORTEST_TICK), LONGEST_TICK)
        return now + tick if self._attempts else max(now + tick, min(self._pace.next, self._extra.next))

    def close(self) -> None:
        """Give every socket back."""
        for attempt in self._attempts.values():
            attempt.socket.close()
        self._epoll.close()

    def _begin(self, job: _Job) -> None:
        if job.under_way is not None:
            job.again = True  # its timeout is at most the interval: it ends with the next tick
            return
        whole = _Round(job)
        if not job.addresses:
            if job.failure is not None:
                self._report(job.job, (whole.started, 0.0, (), job.failure))
            return
        job.under_way = whole
        whole.open = len(job.addresses)
        for address in job.addresses:
            try:
                self._connect(whole, address)
            except ProbeError as error:
                self._failed(whole, address, 0.0, error)

    def _connect(self, whole: _Round, address: str) -> None:
        family, where = numeric(address, whole.job.port)
        sock = None
        try:
            sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            sock.setsockopt(*RECVERR[family], 1)
            attempt = _Attempt(whole, address, sock)
            knock(sock, where)
        except OSError as error:
            if sock is not None:
                sock.close()
            raise connect_error(error.errno or 0, address, at_once=True) from None
        descriptor = sock.fileno()
        self._attempts[descriptor] = attempt
        self._epoll.register(descriptor, select.EPOLLOUT)
        timeout = whole.job.timeout
        if timeout not in self._deadlines:
            self._deadlines[timeout] = deque()
        self._deadlines[timeout].append(attempt)

    def _ended(self, attempt: _Attempt, now: float) -> None:
        seen = connect_info(attempt.socket)
        if seen.established:
            seconds = seen.rtt if seen.rtt is not None else now - attempt.since - seen.answered
            result = (attempt.address, seconds, seen.rtt, seen.retransmits, seen.mss, seen.mtu, None)
            self._let_go(attempt)
            self._add(attempt.round, result)
            return
        number = attempt.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        error = refusal(attempt.socket, number, attempt.address)
        self._let_go(attempt)
        self._failed(attempt.round, attempt.address, now - attempt.since, error, seen.retransmits)

    def _judge(self, now: float) -> None:
        for queue in self._deadlines.values():
            while queue and queue[0].until <= now:
                attempt = queue.popleft()
                if not attempt.ended:
                    self._give_up(attempt, now)

    def _give_up(self, attempt: _Attempt, now: float) -> None:
        seen = connect_info(attempt.socket)
        waited = now - attempt.since
        self._let_go(attempt)
        cause, what = (
            (Cause.CLIENT_LOCAL_NETWORK, "nothing has left this host")
            if seen.never_left
            else (Cause.NET_BLACKHOLE, "no answer")
        )
        error = ProbeError(cause, f"{attempt.address}: {what} within {waited:.3f} s")
        self._failed(attempt.round, attempt.address, waited, error, seen.retransmits)

    def _let_go(self, attempt: _Attempt) -> None:
        attempt.ended = True
        del self._attempts[attempt.socket.fileno()]
        attempt.socket.close()  # which takes it out of the epoll, too

    def _failed(
        self, whole: _Round, address: str, seconds: float, error: ProbeError, retransmits: int = 0
    ) -> None:
        self._add(whole, (address, seconds, None, retransmits, None, None, error.failure()))

    def _add(self, whole: _Round, result: Connected) -> None:
        whole.connects.append(result)
        whole.open -= 1
        if not whole.open:
            whole.job.under_way = None
            duration = time.monotonic() - whole.begun
            self._report(whole.job.job, (whole.started, duration, tuple(whole.connects), None))
            if whole.job.again:
                whole.job.again = False
                self._begin(whole.job)
