"""Counters of several sources as one sum that does not fall."""

from collections import Counter
from collections.abc import Mapping

from exporter.model import Counted

Counters = Mapping[Counted, int]


class Tally:
    """Adds up what the sources of one server have counted, such as its databases.

    A source may vanish, as a database that is dropped, or begin anew, as one whose statistics are reset: what
    it had counted until then stays in the sum. Whoever watched the sum would otherwise take its fall for a
    server that has started anew, and all of it for events. A database begins anew as a whole; of the server's
    own counters, under the name "", only some may (`FLUSH STATUS`): what the others count goes on.
    """

    def __init__(self) -> None:
        self._before: Mapping[str, Counters] = {}
        self._gone: Counter[Counted] = Counter()

    def goes_on(self, sources: Mapping[str, Counters]) -> bool:
        """Whether any source has gone on from where it was: PostgreSQL's do over a restart in good order."""
        return any(
            any(before.values()) and all(now.get(counted, 0) >= count for counted, count in before.items())
            for name, before in self._before.items()
            if (now := sources.get(name)) is not None
        )

    def begin(self) -> None:
        """Forget everything: it is a server that counts from the start."""
        self._before = {}
        self._gone.clear()

    def add_up(self, sources: Mapping[str, Counters]) -> Counters:
        """Take in what all sources have counted by now; give the sums of what any of them counts."""
        for name, before in self._before.items():
            now = sources.get(name, {})
            fallen = {counted: n for counted, n in before.items() if now.get(counted, 0) < n}
            if fallen:
                self._gone.update(before if name else fallen)
        self._before = sources
        sums: Counter[Counted] = Counter()
        for counters in sources.values():
            sums.update(counters)
        return {counted: count + self._gone[counted] for counted, count in sums.items()}
