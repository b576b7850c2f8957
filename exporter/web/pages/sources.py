"""Where the pages have from what they show."""

import time
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from exporter.model import Incident, Observation, Result, Seen, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How a target is watched.

    `probes` are all there are, each with why it does not look at this target: empty where it does. `rungs`
    are the silences that the idle probe tries, in seconds.
    """

    probes: Mapping[str, str] = field(default_factory=dict)
    rungs: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What is asked anew for each request, so that it may change at any time.

    `seen` takes a target's name and the present moment, `watch` a target's name. `incidents` are newest
    first, and so are `failures` of a target and `results` of /probe, both numbered. `find` takes such a
    number, `latest` a target and a module, or "" for any. `runbooks` are plain text by alert, `manuscripts`
    the same in Markdown. `clock` gives seconds since the epoch.
    """

    targets: Callable[[], Sequence[Target]]
    seen: Callable[[str, float], Seen | None]
    watch: Callable[[str], Watch]
    incidents: Callable[[], Sequence[Incident]]
    failures: Callable[[str], Sequence[tuple[int, Observation]]]
    results: Callable[[], Sequence[tuple[int, Result]]]
    find: Callable[[int], Result | None]
    latest: Callable[[str, str], Result | None]
    runbooks: Mapping[str, str] = field(default_factory=dict)
    manuscripts: Mapping[str, str] = field(default_factory=dict)
    clock: Callable[[], float] = time.time

    def now_seen(self, target: str) -> Seen | None:
        """Give what was seen of a target by those probes that still look; what others saw is no longer so."""
        seen = self.seen(target, self.clock())
        if seen is None:
            return None
        off = {probe for probe, why in self.watch(target).probes.items() if why} & seen.probes.keys()
        return _without(seen, off) if off else seen


def _without(seen: Seen, off: Set[str]) -> Seen:
    return replace(
        seen,
        probes={probe: at for probe, at in seen.probes.items() if probe not in off},
        looks={kind: look for kind, look in seen.looks.items() if look.probe not in off},
        held={probe: held for probe, held in seen.held.items() if probe not in off},
        hour={probe: bins for probe, bins in seen.hour.items() if probe not in off},
        six_hours={probe: bins for probe, bins in seen.six_hours.items() if probe not in off},
    )
