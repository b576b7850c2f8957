"""What a middlebox remembers of connections, and when it forgets them."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

MOST: Final = 16_384
"""Connections that are remembered at once; further ones are not let through, as with a full conntrack."""

Flow = tuple[bytes, bytes]
"""The client's port and the server's, as they stand in packets."""


class Flows:
    """Remembers connections by when a packet of theirs went by last; `forget` is in seconds."""

    def __init__(self, forget: float, now: Callable[[], float] = time.monotonic, most: int = MOST) -> None:
        self._forget = forget
        self._now = now
        self._most = most
        self._used: OrderedDict[Flow, float] = OrderedDict()  # the one that was silent longest comes first

    def __len__(self) -> int:
        """Give how many are remembered."""
        return len(self._used)

    def admit(self, flow: Flow) -> bool:
        """Take note of a connection that begins; tell whether there was room for it."""
        self._expire()
        if flow not in self._used and len(self._used) >= self._most:
            return False
        self._use(flow)
        return True

    def known(self, flow: Flow) -> bool:
        """Tell whether a connection is remembered, which for that is remembered for longer."""
        self._expire()
        if flow not in self._used:
            return False
        self._use(flow)
        return True

    def end(self, flow: Flow) -> None:
        """Forget a connection that was reset."""
        self._used.pop(flow, None)

    def _use(self, flow: Flow) -> None:
        self._used[flow] = self._now()
        self._used.move_to_end(flow)

    def _expire(self) -> None:
        """Forget all that were silent for too long; nobody is told."""
        gone = self._now() - self._forget
        while self._used and next(iter(self._used.values())) <= gone:
            self._used.popitem(last=False)
