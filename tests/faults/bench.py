"""The fault bench: tries scenarios several at a time, prints what came of each, and says whether it does."""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Final

from tests.faults.attempt import DIAGNOSIS, EVIDENCE, LADDER, PROBES, attempt
from tests.faults.outcome import Outcome, Verdict
from tests.faults.scenario import Scenario
from tests.servers import Certificates

RUNS: Final = 55
RIGHT: Final = 0.95
SYMPTOM: Final = 2.0
NAME: Final = 15.0
TIMEOUTS: Final = 3.0
"""What is demanded: so many runs, that share told rightly, none wrongly; and in the median so many seconds to
the first symptom, to the name of an event, and so many times its T to that of an idle timeout."""


def bench(plans: Sequence[tuple[Scenario, list[str]]], workers: int) -> int:
    """Try all, print, and give the exit status."""
    say(f"probes: {json.dumps(PROBES)}")
    say(f"idle, where it is about that: {json.dumps(LADDER)}; diagnosis: {json.dumps(DIAGNOSIS)}")
    head = "scenario", "database", "expected", "symptom", "name"
    say(f"{head[0]:44} {head[1]:10} {head[2]:27} {head[3]:>7} {head[4]:>7}  what was said")
    begun = time.monotonic()
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="conndrop-faults-") as directory:
        Path(directory).chmod(0o755)
        certificates = Certificates(Path(directory))
        with ThreadPoolExecutor(workers) as pool:
            tried = [pool.submit(attempt, scenario, names, certificates) for scenario, names in plans]
            for one in as_completed(tried):
                for outcome in one.result():
                    outcomes.append(outcome)
                    say(str(outcome))
    say(f"took {(time.monotonic() - begun) / 60:.0f} minutes; evidence is in {EVIDENCE}")
    lacking = list(summary(outcomes))
    for line in lacking:
        say(f"not good enough: {line}")
    return 1 if lacking else 0


def summary(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Say how good all are together, and give what is not good enough."""
    count = {verdict: sum(one.verdict is verdict for one in outcomes) for verdict in Verdict}
    missed = count[Verdict.MISSED] + count[Verdict.BROKEN]
    right = count[Verdict.RIGHT] / max(1, len(outcomes))
    symptom = _median([one.symptom for one in outcomes if one.symptom is not None])
    event = _median([one.named for one in outcomes if one.named is not None and not one.scenario.timeout])
    idle = _median(
        [one.named / one.scenario.timeout for one in outcomes if one.named and one.scenario.timeout]
    )
    say(
        f"{len(outcomes)} runs: {1 - missed / max(1, len(outcomes)):.1%} detected, {right:.1%} right, "
        + ", ".join(f"{number} {verdict}" for verdict, number in count.items() if number)
    )
    say(
        f"in the median: first symptom {_said(symptom)} s, right name of an event {_said(event)} s, "
        f"of an idle timeout {_said(idle)} T"
    )
    if len(outcomes) < RUNS:
        yield f"fewer than {RUNS} runs"
    if missed:
        yield f"{missed} not detected"
    if right < RIGHT:
        yield f"less than {RIGHT:.0%} right"
    if count[Verdict.WRONG]:
        yield f"{count[Verdict.WRONG]} wrong"
    for what, median, limit in (("symptom", symptom, SYMPTOM), ("name", event, NAME), ("T", idle, TIMEOUTS)):
        if median is not None and median > limit:
            yield f"{what}: median {median:.1f} above {limit:g}"


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None


def _said(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
