"""What all rounds along a path add up to, hop by hop, as mtr counts it."""

import math
import threading
from collections import Counter
from dataclasses import dataclass

from exporter.model import Failure, Hop


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """Seconds until a hop's answers: of all that came, exactly.

    `deviation` is the standard deviation of a sample. `jitter` is how much the latest differs from the one
    before it, `mean_jitter` the mean of that; all three are 0 while there is only one.
    """

    last: float
    best: float
    mean: float
    worst: float
    deviation: float = 0.0
    jitter: float = 0.0
    mean_jitter: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedHop:
    """One hop: of so many packets `asked`, how many got no answer, and who answered, the latest first.

    `refused` are answers that were no answers of this hop, but the word of a router that it will not pass
    the packet on. `reached` tells that the latest to answer was the target.
    """

    ttl: int
    asked: int
    lost: int
    refused: int = 0
    addresses: tuple[str, ...] = ()
    reached: bool = False
    delays: Delays | None = None

    @property
    def address(self) -> str | None:
        """Who answered last, None where nobody ever did."""
        return self.addresses[0] if self.addresses else None

    @property
    def loss(self) -> float:
        """Share of the packets that got no answer."""
        return self.lost / self.asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Somebody's word that packets will not be passed on, and how often it came; `detail` is a sentence."""

    address: str | None
    detail: str
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """All that is known of the path, the nearest hop first; the last one is the target if that ever answered.

    Where it did not, the last is silent: it stands for all that is behind the last answer. `unsent` says why
    this host could not send anything in the latest round, empty where it could.
    """

    rounds: int = 0
    hops: tuple[TracedHop, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    unsent: str = ""

    @property
    def target(self) -> TracedHop | None:
        """The hop that is the target, None where it never answered."""
        return self.hops[-1] if self.hops and self.hops[-1].reached else None


class Table:
    """Adds up probes; one thread may add while others look."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forget all that was seen."""
        with self._lock:
            self._hops: dict[int, _Column] = {}
            self._refusals: Counter[tuple[str | None, str]] = Counter()
            self._rounds = 0
            self._unsent = ""

    def take(self, hop: Hop) -> None:
        """Add what became of one probe."""
        with self._lock:
            self._hops.setdefault(hop.ttl, _Column(hop.ttl)).add(hop)
            if hop.failure is not None and not hop.reached:
                self._refusals[hop.address, hop.failure.detail] += 1

    def end_round(self, unsent: Failure | None = None) -> None:
        """Note that a round is over, and why nothing could be sent where that ended it."""
        with self._lock:
            self._rounds += 1
            self._unsent = unsent.detail if unsent else ""

    def trace(self) -> Trace:
        """Give all that is known by now."""
        with self._lock:
            return Trace(
                rounds=self._rounds,
                hops=tuple(self._hops[ttl].traced() for ttl in sorted(self._hops) if ttl <= self._last()),
                refusals=tuple(
                    Refusal(address=address, detail=detail, times=times)
                    for (address, detail), times in self._refusals.most_common()
                ),
                unsent=self._unsent,
            )

    def _last(self) -> int:
        """Give the hop behind which nothing is to be told.

        A packet that lives longer than it must reaches the target as well: the nearest that did counts.
        """
        reached = [ttl for ttl, hop in self._hops.items() if hop.reached]
        if reached:
            return min(reached)
        answered = [ttl for ttl, hop in self._hops.items() if hop.addresses]
        last = max(answered, default=0)
        return last if answered and self._hops[last].refused else last + 1


class _Column:
    """The figures of one hop."""

    def __init__(self, ttl: int) -> None:
        self.ttl = ttl
        self.asked = self.lost = self.refused = 0
        self.addresses: list[str] = []
        self.reached = False
        self._timed = 0
        self._last = self._worst = self._mean = self._squares = self._jitter = self._jitters = 0.0
        self._best = math.inf

    def add(self, hop: Hop) -> None:
        self.asked += 1
        self.refused += hop.failure is not None and not hop.reached
        if hop.address is None:
            self.lost += hop.failure is None
            return
        self.reached = hop.reached
        if hop.address in self.addresses:
            self.addresses.remove(hop.address)
        self.addresses.insert(0, hop.address)
        if hop.rtt is not None:
            self._time(hop.rtt)

    def _time(self, rtt: float) -> None:
        """Add a delay; mean and squares by Welford's method, which loses no precision in the long run."""
        if self._timed:
            self._jitter = abs(rtt - self._last)
            self._jitters += self._jitter
        self._timed += 1
        self._last, self._best, self._worst = rtt, min(self._best, rtt), max(self._worst, rtt)
        off = rtt - self._mean
        self._mean += off / self._timed
        self._squares += off * (rtt - self._mean)

    def traced(self) -> TracedHop:
        pairs = max(1, self._timed - 1)
        delays = Delays(
            last=self._last,
            best=self._best,
            mean=self._mean,
            worst=self._worst,
            deviation=math.sqrt(self._squares / pairs),
            jitter=self._jitter,
            mean_jitter=self._jitters / pairs,
        )
        return TracedHop(
            ttl=self.ttl,
            asked=self.asked,
            lost=self.lost,
            refused=self.refused,
            addresses=tuple(self.addresses),
            reached=self.reached,
            delays=delays if self._timed else None,
        )
