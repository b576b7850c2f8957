"""What our own connections have moved in the counters of one server: nobody is to be woken by that."""

import threading
from collections import Counter
from collections.abc import Mapping

from exporter.model import Counted


class Footprint:
    """Counts, in the server's terms, what all probes of one target have done to it; safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted: Counter[Counted] = Counter()

    def count(self, *counted: Counted) -> None:
        """Note that the server counts one more of each of these because of us."""
        with self._lock:
            self._counted.update(counted)

    def so_far(self) -> Mapping[Counted, int]:
        """Give what has been counted since the beginning."""
        with self._lock:
            return dict(self._counted)
