"""The incidents there are and were: a bounded list that outlives the daemon."""

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from exporter.incidents.stored import Kept, read, written
from exporter.model import Incident, rfc3339

MOST: Final = 1000
MOST_OF_ONE: Final = 100
"""Incidents that are kept in all, and of one target; those that are not over are kept in any case."""

Recall = Callable[[str], dict[str, Any]]
"""From a key to what was kept under it, empty if nothing was."""
Keep = Callable[[str, dict[str, Any]], None]
"""Has something kept under a key; must be quick, so it may be written down later."""


def key(target: str) -> str:
    """Under which the incidents of `target` are kept."""
    return f"incidents {target}"


class History:
    """Keeps the incidents of `targets`, those of earlier runs as well. Safe to use from any thread.

    The oldest ones that are over make room for new ones. What is known of a target that the configuration
    no longer has stays where it is kept, and is not listed.
    """

    def __init__(self, targets: Iterable[str], recall: Recall, keep: Keep) -> None:
        self._keep = keep
        self._lock = threading.Lock()
        self._kept: dict[str, dict[str, Kept]] = {}
        self._recall = recall
        for target in targets:
            self.admit(target)

    def admit(self, target: str) -> None:
        """Take up what is known of `target`."""
        recalled = read(target, self._recall(key(target)), MOST_OF_ONE)
        with self._lock:
            self._kept[target] = {kept.incident.id: kept for kept in recalled}
            self._make_room(self._everything(), MOST)

    def dismiss(self, target: str) -> None:
        """List nothing of `target` any more; it stays where it is kept."""
        with self._lock:
            self._kept.pop(target, None)

    def put(self, incident: Incident, seen: float) -> None:
        """Take in an incident, or what it has become; `seen` is when something of it was seen last."""
        with self._lock:
            kept = self._kept.setdefault(incident.target, {})
            new = incident.id not in kept
            kept[incident.id] = Kept(incident, seen)
            if new:
                self._make_room(list(kept.values()), MOST_OF_ONE)
                self._make_room(self._everything(), MOST)

    def keep(self, target: str) -> None:
        """Have what is known of `target` kept."""
        with self._lock:
            known = [written(kept) for kept in self._kept.get(target, {}).values()]
        self._keep(key(target), {"incidents": known})

    def listed(self) -> list[Incident]:
        """Give all incidents, the newest first."""
        with self._lock:
            everything = self._everything()
        return sorted((kept.incident for kept in everything), key=_age, reverse=True)

    def open(self, target: str) -> list[Kept]:
        """Give the incidents of `target` that are not over, the oldest first."""
        with self._lock:
            everything = list(self._kept.get(target, {}).values())
        return [kept for kept in everything if kept.incident.ended is None]

    def new_id(self, target: str, started: float) -> str:
        """Make a name for an incident: its target, when it started, and a number where that is taken."""
        name = f"{target}-{rfc3339(started).replace('-', '').replace(':', '')}"
        with self._lock:
            taken = self._kept.get(target, {})
            number, found = 1, name
            while found in taken:
                number += 1
                found = f"{name}-{number}"
        return found

    def _everything(self) -> list[Kept]:
        return [kept for of_one in self._kept.values() for kept in of_one.values()]

    def _make_room(self, among: Sequence[Kept], most: int) -> None:
        """Forget the oldest ones of `among` that are over, as many as there are beyond `most`."""
        over = sorted((kept.incident for kept in among if kept.incident.ended is not None), key=_age)
        for incident in over[: max(0, len(among) - most)]:
            del self._kept[incident.target][incident.id]


def _age(incident: Incident) -> tuple[float, str]:
    return incident.started, incident.id
