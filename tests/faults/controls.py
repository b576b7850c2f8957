"""The controls, all side by side, and what is seen there: python -m tests.faults.controls [MINUTES].

Further words are parts of the names of those that are wanted.
"""

import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from exporter.model import Cause
from tests.faults.attempt import KINDS, target, told, warm
from tests.faults.bench import say
from tests.faults.harmless import CONTROLS
from tests.faults.lineup import fits
from tests.faults.outcome import EARLIER
from tests.faults.scenario import Control, Place
from tests.lab.exporter import Exporter
from tests.lab.site import Site
from tests.servers import Certificates

LOOK: Final = 1.0
TOGETHER: Final = 600.0
"""Seconds within which all are warm."""
STARTING: Final = 2
"""Sites that begin at a time: it takes all that a machine has."""


@dataclass(slots=True, kw_only=True)
class Seen:
    """What was seen in one control: of each incident its target and every name that it ever had."""

    control: Control
    minutes: float = 0.0
    names: dict[str, set[str]] = field(default_factory=dict)
    trouble: str = ""

    def look(self, documents: Sequence[dict[str, Any]], begun: float) -> None:
        """Take in the incidents that began since."""
        for one in documents:
            if datetime.fromisoformat(one["started"]).timestamp() >= begun - EARLIER:
                self.names.setdefault(f"{one['target']} {one['id']}", set()).add(one["cause"])

    @property
    def problems(self) -> Iterator[str]:
        """Say what should not have been seen."""
        allowed: set[str] = {*self.control.allowed, *([Cause.UNKNOWN] if self._may_be_unknown else [])}
        if self.trouble:
            yield self.trouble
        for which, names in self.names.items():
            if wrong := names - allowed:
                yield f"{which}: {', '.join(sorted(wrong))}"

    @property
    def _may_be_unknown(self) -> bool:
        return self.control.symptoms

    def __str__(self) -> str:
        count = Counter("/".join(sorted(names)) for names in self.names.values())
        listed = ", ".join(f"{number} {cause}" for cause, number in count.items()) or "none"
        verdict = "; ".join(self.problems) or "good"
        return f"{self.control.name:32} {self.minutes:5.1f} min  incidents: {listed:40} {verdict}"


def main(minutes: float, wanted: Sequence[str]) -> int:
    """Let all go on, print what was seen, and give the exit status."""
    controls = [control for control in CONTROLS if fits(control.name, wanted)]
    ready, starting = threading.Barrier(len(controls), timeout=TOGETHER), threading.Semaphore(STARTING)
    with tempfile.TemporaryDirectory(prefix="conndrop-controls-") as directory:
        Path(directory).chmod(0o755)
        certificates = Certificates(Path(directory))
        with ThreadPoolExecutor(len(controls)) as pool:
            seen = list(pool.map(lambda one: _guarded(one, certificates, starting, ready, minutes), controls))
    for one in seen:
        say(str(one))
    bad = sum(bool(list(one.problems)) for one in seen)
    say(f"{len(seen) - bad} of {len(seen)} controls good")
    return 1 if bad else 0


def _guarded(
    control: Control,
    certificates: Certificates,
    starting: threading.Semaphore,
    ready: threading.Barrier,
    minutes: float,
) -> Seen:
    seen = Seen(control=control)
    try:
        with ExitStack() as stack:
            with starting:
                places, running = _begin(control, certificates, stack)
            say(f"{control.name}: warm")
            ready.wait()
            _watch(seen, places, running, minutes)
    except Exception as trouble:  # noqa: BLE001  the others go on
        ready.abort()
        seen.trouble = f"{type(trouble).__name__}: {trouble}"[-400:]
        say(f"{control.name}: {seen.trouble}")
    return seen


def _begin(control: Control, certificates: Certificates, stack: ExitStack) -> tuple[list[Place], Exporter]:
    """Have a site, and an exporter that is warm, until the stack is left."""
    notes: dict[str, Any] = {}
    kinds = [KINDS[name] for name in control.databases]
    site = stack.enter_context(Site(certificates, *kinds, winding=control.winding))
    places = [Place(site=site, name=name, stack=stack, notes=notes) for name in control.databases]
    targets = [target(place, control.prepare(place)) for place in places]
    return places, stack.enter_context(warm(places, targets))


def _watch(seen: Seen, places: Sequence[Place], running: Exporter, minutes: float) -> None:
    """Let one control go on for so long."""
    begun, since = time.time(), time.monotonic()
    with seen.control.bring(places[0]):
        while (passed := time.monotonic() - since) < 60 * minutes:
            assert running.process.poll() is None, "the exporter has ended"
            seen.look(told(running) or [], begun)
            seen.minutes = passed / 60
            time.sleep(LOOK)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 30.0, sys.argv[2:]))
