"""Counters of several sources as one sum that falls only when a server counts from the start."""

from collections import Counter
from collections.abc import Mapping

from exporter.model import Counted

Counters = Mapping[Counted, int]


class Ledger:
    """Adds up what the sources of one server have counted, such as its databases.

    A source may vanish, as a database that is dropped, or begin anew, as one whose statistics are reset: what
    it had counted until then stays in the sum. Whoever watched the sum would otherwise take its fall for a
    server that has started anew, and all of it for events. A database begins anew as a whole; of the server's
    own counters, under the name "", only some may (`FLUSH STATUS`): what the others count goes on.
    """

    def __init__(self) -> None:
        self._before: Mapping[str, Counters] = {}
        self._carried: Counter[Counted] = Counter()
        self._sums: Counters = {}
        self._succeeded = False

    def goes_on(self, sources: Mapping[str, Counters]) -> bool:
        """Whether any source has gone on from where it was: PostgreSQL's do over a restart in good order."""
        return any(
            any(before.values()) and all(now.get(counted, 0) >= count for counted, count in before.items())
            for name, before in self._before.items()
            if (now := sources.get(name)) is not None
        )

    def begin(self) -> None:
        """Forget everything: the server counts from the start."""
        self._before = {}
        self._carried.clear()

    def succeed(self) -> None:
        """Go on with another server: what it has counted before we came to it is no news."""
        self._before = {}
        self._succeeded = True

    def add_up(self, sources: Mapping[str, Counters]) -> Counters:
        """Take in what all sources have counted by now; give the sums of what any of them counts."""
        for name, before in self._before.items():
            now = sources.get(name, {})
            fallen = {counted: n for counted, n in before.items() if now.get(counted, 0) < n}
            if fallen:
                self._carried.update(before if name else fallen)
        self._before = sources
        counts: Counter[Counted] = Counter()
        for counters in sources.values():
            counts.update(counters)
        if self._succeeded:
            self._succeeded = False
            self._carried = Counter({it: self._sums.get(it, count) - count for it, count in counts.items()})
        self._sums = {counted: count + self._carried[counted] for counted, count in counts.items()}
        return self._sums
