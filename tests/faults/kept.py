"""The evidence that is kept of every run, for whoever wants to know why it came out as it did."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.lab.exporter import Exporter
from tests.scraping import Samples

EVIDENCE: Final = Path(__file__).parents[2] / ".cache" / "faults"


def moved(before: Samples, running: Exporter) -> dict[str, float]:
    """Give by how much samples have changed, buckets left out; none where the exporter cannot be asked."""
    try:
        after = running.everything()
    except OSError:
        return {}
    return {
        f"{name}{dict(sorted(labels))}": round(value - before.get((name, labels), 0.0), 6)
        for (name, labels), value in sorted(after.items(), key=str)
        if value != before.get((name, labels), 0.0)
        and not name.endswith("_bucket")
        and "target" in dict(labels)
    }


def keep(
    run: str,
    target: str,
    *,
    said: Mapping[str, Any],
    running: Exporter,
    begun: float,
    moves: Mapping[str, float],
) -> None:
    """Write down what was said in a run, what the exporter logged, and what has moved in its metrics.

    `begun` is in epoch seconds; the log's times are seconds since.
    """
    EVIDENCE.mkdir(parents=True, exist_ok=True)
    log = [line | {"ts": round(line["ts"] - begun, 3)} for line in running.log]
    evidence = {
        **said,
        "log": [json.dumps(line) for line in log if line.get("target", target) == target],
        "moved": {name: by for name, by in moves.items() if f"'target': '{target}'" in name},
    }
    file = f"{run}-{target}.json".replace(" ", "-").replace("/", "-").replace(",", "")
    (EVIDENCE / file).write_text(json.dumps(evidence, indent=1) + "\n")
