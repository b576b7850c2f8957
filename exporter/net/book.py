"""The address book: where every target's host is now, for all probes that do not measure resolving itself."""

import heapq
import itertools
import math
import os
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from functools import partial

from exporter.model import Failure, ProbeError
from exporter.net.resolve import Lookup, Resolver, is_address, silent
from exporter.net.waiting import READABLE, Stop, Stopped, wait, wait_for_event

Watcher = Callable[[tuple[str, ...], Failure | None], None]
"""Is told the addresses in order of preference, or why there are none; must be quick and must not fail."""

PATIENCE = 5.0
"""Seconds after which a first lookup still without an answer is told as a failure."""
FIRST_RETRY = 1.0
"""Seconds after which a lookup that failed is tried again; twice as long each time it fails again."""
ROUNDING = 1.0
"""Seconds to add to a TTL: it counts whole seconds, and asking too early finds the old answer."""
WORDS = 4
"""How many TTLs are remembered. A cache tells what is left of one; the largest comes near the whole."""


class _Entry:
    """What is known of one host. All but `state` and `settled` belongs to the book's own thread."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.state: tuple[tuple[str, ...], Failure | None] = ((), None)
        self.settled = threading.Event()
        self.watchers: list[Watcher] = []
        self.lookup: Lookup | None = None
        self.due = 0.0
        self.retry = FIRST_RETRY
        self.retired = False
        self.words: deque[float] = deque(maxlen=WORDS)


class AddressBook:
    """Keeps the addresses of hosts, and tells who watches when they change.

    An address once known stays until a lookup brings another: a resolver that fails or hangs changes
    nothing. A mere rotation of the answers changes nothing either: what is in use stays in use while it
    is among them. One thread paces all hosts; it begins with the first, and ends with the daemon.
    A host is looked up again when its TTL is over, if one has been told (`keep`), but not before
    `shortest` and not later than `longest`; if none was told, after `default` at the latest. All are
    seconds.
    """

    def __init__(
        self,
        resolver: Resolver,
        stop: Stop,
        *,
        shortest: float = 5.0,
        longest: float = 300.0,
        default: float = 60.0,
    ) -> None:
        self._resolver = resolver
        self._stop = stop
        self._shortest = shortest
        self._longest = longest
        self._default = default
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._entries: dict[str, _Entry] = {}
        self._letters: deque[Callable[[], None]] = deque()
        self._bell = os.eventfd(0, os.EFD_NONBLOCK)
        self._heap: list[tuple[float, int, _Entry]] = []
        self._number = itertools.count()

    def __del__(self) -> None:
        os.close(self._bell)

    def watch(self, host: str, watcher: Watcher) -> Callable[[], None]:
        """Call `watcher` from the book's thread once there is something to say, and on every change.

        What is returned ends that; a change that is being told may still arrive.
        """
        entry = self._entry(host)
        self._post(partial(self._watch, entry, watcher))
        return partial(self._post, partial(self._unwatch, entry, watcher))

    def retain(self, hosts: Collection[str]) -> None:
        """Forget all hosts but these; one that is asked for again is looked up anew."""
        with self._lock:
            gone = [entry for host, entry in self._entries.items() if host not in hosts]
            for entry in gone:
                del self._entries[entry.host]
        self._post(partial(_retire, gone))

    def addresses(self, host: str, seconds: float) -> tuple[str, ...]:
        """Give the addresses of `host` in order of preference: at once when they are known.

        Raises ProbeError when there are none, or not within `seconds`; Stopped when the daemon ends.
        """
        if is_address(host):
            return (host,)
        entry = self._entry(host)
        if not wait_for_event(entry.settled, seconds, self._stop):
            raise silent(host, seconds)
        addresses, failure = entry.state
        if failure is not None:
            raise ProbeError.of(failure)
        return addresses

    def keep(self, host: str, ttl: float) -> None:
        """Tell that DNS lets the answer for `host` be kept for `ttl` seconds from now."""
        self._post(partial(self._keep, host, ttl))

    def _entry(self, host: str) -> _Entry:
        with self._lock:
            entry = self._entries.get(host)
            if entry is None:
                if self._thread is None:
                    thread = threading.Thread(target=self._run, name="address book", daemon=True)
                    thread.start()
                    self._thread = thread  # not before: it may be that no more threads can be had now
                entry = self._entries[host] = _Entry(host)
                self._post(partial(self._begin, entry))
            return entry

    def _post(self, letter: Callable[[], None]) -> None:
        """Let the book's thread do something; everything that changes an entry goes this way."""
        self._letters.append(letter)
        os.eventfd_write(self._bell, 1)

    def _run(self) -> None:
        try:
            while True:
                self._look_up_what_is_due()
                rest = self._heap[0][0] - time.monotonic() if self._heap else math.inf
                if wait(self._bell, READABLE, rest, self._stop):
                    os.eventfd_read(self._bell)
                while self._letters:
                    self._letters.popleft()()
        except Stopped:
            pass

    def _look_up_what_is_due(self) -> None:
        while self._heap and self._heap[0][0] <= time.monotonic():
            due, _, entry = heapq.heappop(self._heap)
            if due != entry.due:
                continue  # it has been put off, or moved up, or retired
            if entry.lookup is None:
                self._look_up(entry)
            elif not entry.settled.is_set():
                self._fail(entry, silent(entry.host, PATIENCE))

    def _look_up(self, entry: _Entry) -> None:
        self._schedule(entry, PATIENCE)
        entry.lookup = lookup = self._resolver.ask(entry.host)
        lookup.then(partial(self._post, partial(self._take, entry, lookup)))

    def _schedule(self, entry: _Entry, seconds: float) -> None:
        entry.due = time.monotonic() + seconds
        heapq.heappush(self._heap, (entry.due, next(self._number), entry))

    def _begin(self, entry: _Entry) -> None:
        if is_address(entry.host):
            self._tell(entry, (entry.host,), None)
        else:
            self._look_up(entry)

    def _unwatch(self, entry: _Entry, watcher: Watcher) -> None:
        entry.watchers.remove(watcher)

    def _watch(self, entry: _Entry, watcher: Watcher) -> None:
        entry.watchers.append(watcher)
        if entry.settled.is_set():
            watcher(*entry.state)

    def _keep(self, host: str, ttl: float) -> None:
        entry = self._entries.get(host)
        if entry is None:
            return
        seconds = min(max(ttl + ROUNDING, self._shortest), self._longest)
        entry.words.append(seconds)
        # Never later than agreed: ours may be an older answer than the one that is spoken of.
        if entry.lookup is None and entry.state[0] and time.monotonic() + seconds < entry.due:
            self._schedule(entry, seconds)

    def _take(self, entry: _Entry, lookup: Lookup) -> None:
        entry.lookup = None
        if entry.retired:
            return
        if lookup.error is None:
            entry.retry = FIRST_RETRY
            # Hosts that were first looked up together are not to stay together.
            at_latest = self._default * random.uniform(0.5, 1)  # noqa: S311  nobody gains by guessing it
            self._schedule(entry, max(entry.words, default=at_latest))
            self._tell(entry, _in_lasting_order(entry.state[0], lookup.addresses), None)
        else:
            self._schedule(entry, entry.retry)
            entry.retry = min(2 * entry.retry, self._default)
            self._fail(entry, lookup.error)

    def _fail(self, entry: _Entry, error: ProbeError) -> None:
        if not entry.state[0]:
            self._tell(entry, (), error.failure())

    def _tell(self, entry: _Entry, addresses: tuple[str, ...], failure: Failure | None) -> None:
        if (addresses, failure) == entry.state:
            return
        entry.state = (addresses, failure)
        entry.settled.set()
        for watcher in entry.watchers:
            watcher(addresses, failure)


def _retire(entries: Sequence[_Entry]) -> None:
    for entry in entries:
        entry.retired, entry.due = True, math.inf


def _in_lasting_order(known: Sequence[str], answers: Sequence[str]) -> tuple[str, ...]:
    """Order `answers` so that what was known before stays first, in the order it had."""
    return tuple(
        itertools.chain(
            (address for address in known if address in answers),
            (address for address in answers if address not in known),
        )
    )
