"""The quiet hour: python -m tests.paging.quiet [MINUTES] [RELEASE].

A healthy lab under load, with every rule that is shipped. Whatever fires is wrong.
"""

import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.paging.healthy import Lab, healthy
from tests.paging.monitoring import WATCHDOG, Pace
from tests.servers import Certificates
from tests.servers.releases import NEWER, RELEASES, Release

LOOK: Final = 10.0
FAILED: Final = "max_over_time(((up == bool 0) * (scrape_duration_seconds < bool {limit})){window}) == 1"
"""What could not be scraped, but for what only took too long, as on a machine that stood still."""
HANGING: Final = "max_over_time(up[{seconds}s]) == 0"
"""What took too long, or failed, each time of late: no machine stands still for that long."""
Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen in a lab: alerts with the evaluations at which they were there, and whatever else.

    `watched` are those of the alert that always fires.
    """

    seconds: float
    watched: int
    alerts: Sequence[tuple[Labels, int]]
    incidents: Sequence[Mapping[str, Any]]
    rules: Sequence[Mapping[str, Any]]
    failures: Mapping[str, int]
    down: Sequence[str]
    told: Sequence[Labels]
    done: int
    failed: int

    @property
    def problems(self) -> Iterator[str]:
        """Say what should not have been."""
        if not self.watched:
            yield "not even the watchdog fired"
        for labels, count in self.alerts:
            if labels["alertstate"] == "firing":
                yield f"fired: {_short(labels)}, at {count} evaluations"
        yield from (f"told: {_short(labels)}" for labels in self.told)
        yield from (f"rules failed: {count} of {group}" for group, count in self.failures.items())
        for rule in self.rules:
            if rule["health"] != "ok" and (rule["health"] == "err" or rule["interval"] < self.seconds):
                yield f"rule {rule['name']}: {rule['health']} {rule.get('lastError', '')}"
        yield from (f"could not be scraped: {one}" for one in self.down)
        if self.failed:
            yield f"the load itself failed {self.failed} times"

    def __str__(self) -> str:
        pending = [pair for pair in self.alerts if pair[0]["alertstate"] == "pending"]
        lines = [
            f"{self.seconds / 60:.1f} minutes, {len(self.rules)} rules evaluated {self.watched} times, "
            f"{self.done} uses of the databases",
            *(f"pending: {_short(labels)}, at {count} evaluations" for labels, count in pending),
            *(f"incident: {one['id']} {one['cause']} {one['summary']}" for one in self.incidents),
            *self.problems,
        ]
        return "\n".join([*lines, "nothing fired" if not list(self.problems) else "not quiet"])


def _short(labels: Labels) -> str:
    """Write an alert as PromQL does."""
    others = {name: value for name, value in labels.items() if name not in ("__name__", "alertname")}
    return f"{labels['alertname']}{{{', '.join(f'{name}={value}' for name, value in others.items())}}}"


def quiet(lab: Lab, seconds: float) -> Seen:
    """Let a lab be for so long, and give what was seen."""
    begun = time.monotonic()
    while (passed := time.monotonic() - begun) < seconds:
        assert lab.exporter.process.poll() is None, "the exporter has ended"
        time.sleep(min(LOOK, seconds - passed))
    return seen(lab, passed)


def seen(lab: Lab, seconds: float) -> Seen:
    """Give what was seen in the seconds up to now."""
    window, watching = f"[{int(seconds) + 60}s:1s]", lab.monitoring.prometheus
    alerts = [
        (one, int(count)) for one, count in watching.query(f"count_over_time(ALERTS[{int(seconds) + 60}s])")
    ]
    down = [*watching.query(FAILED.format(limit=0.9 * min(lab.pace.scrape, 10), window=window))]
    down += watching.query(HANGING.format(seconds=max(15, 2 * lab.pace.scrape)))
    told = [alert["labels"] for _, alert in lab.monitoring.receiver.alerts("/hook")]
    return Seen(
        seconds=seconds,
        watched=sum(count for labels, count in alerts if labels["alertname"] == WATCHDOG),
        alerts=[pair for pair in alerts if pair[0]["alertname"] != WATCHDOG],
        incidents=lab.exporter.incidents(),
        rules=watching.rules(),
        failures=watching.failures(),
        down=[f"{labels['job']} {labels['instance']}" for labels, _ in down],
        told=[labels for labels in told if labels["alertname"] != WATCHDOG],
        done=lab.load.done(),
        failed=lab.load.failed(),
    )


def main(minutes: float = 60.0, release: Release = NEWER) -> int:
    """Watch, print what was seen, and give the exit status."""
    with tempfile.TemporaryDirectory(prefix="conndrop-quiet-") as directory:
        Path(directory).chmod(0o755)
        with healthy(Certificates(Path(directory)), Pace(), release) as lab:
            found = quiet(lab, 60 * minutes)
    sys.stdout.write(f"{found}\n")
    return 1 if list(found.problems) else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what runs is ended in good order
    sys.exit(
        main(
            float(sys.argv[1]) if len(sys.argv) > 1 else 60.0,
            RELEASES[sys.argv[2]] if len(sys.argv) > 2 else NEWER,
        )
    )
