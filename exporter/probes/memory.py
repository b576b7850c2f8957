"""What has been learnt and is worth more than one run of the daemon."""

import threading
from typing import Any


class Memory:
    """Keeps what probes have learnt, by the name of the target and where it is."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, dict[str, Any]] = {}

    def recall(self, key: str) -> dict[str, Any]:
        """Give what is known under `key`; empty if nothing is."""
        with self._lock:
            return self._known.get(key, {})

    def keep(self, key: str, known: dict[str, Any]) -> None:
        """Remember `known`, whose values are such as JSON can hold."""
        with self._lock:
            self._known[key] = known
