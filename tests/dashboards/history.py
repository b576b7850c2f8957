"""Prometheus with a past that was written, not scraped: what takes too long to live through."""

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.dashboards.asking import Range
from tests.lab.exporter import HERE
from tests.servers.prometheus import Prometheus, Scraping, prometheus
from tests.servers.releases import Release

SCRAPED: Final = 15
END: Final = 1_700_006_407
"""No moment at which rates are taken falls together with a scrape."""
EXPORTER: Final = {"job": "conndrop", "instance": "app-1:10054", "vantage": "app-1", "target": "orders"}
History = Mapping[tuple[str, tuple[tuple[str, str], ...]], Sequence[float | None]]
"""Values of series, one for each scrape until `END`; None where there was none. See `series`."""


def lasting(hours: float) -> Range:
    """Give the time range before `END`."""
    return Range(begin=END - hours * 3600, end=END, scrape=SCRAPED)


def series(name: str, **labels: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Name a series of an exporter's; labels that are empty are left out."""
    told = {**EXPORTER, **labels}
    return name, tuple((label, value) for label, value in told.items() if value)


@contextlib.contextmanager
def remembering(history: History, release: Release) -> Iterator[Prometheus]:
    """Run that release with a history; raises ServerMissing, and CalledProcessError where it is none."""
    with tempfile.TemporaryDirectory(prefix="conndrop-history-") as directory:
        told, data = Path(directory, "history"), Path(directory, "data")
        told.write_text("".join(_lines(history)))
        promtool = [release.program("promtool"), "tsdb", "create-blocks-from", "openmetrics"]
        subprocess.run([*promtool, str(told), str(data)], check=True, capture_output=True, timeout=60)
        with prometheus(HERE, Scraping(itself=False), release, data) as running:
            yield running


def _lines(history: History) -> Iterator[str]:
    """Write OpenMetrics; the series of one name stand together."""
    for (name, labels), values in sorted(history.items()):
        of = ",".join(f'{label}="{value}"' for label, value in labels)
        first = END - SCRAPED * (len(values) - 1)
        for place, value in enumerate(values):
            if value is not None:
                yield f"{name}{{{of}}} {value} {first + SCRAPED * place}\n"
    yield "# EOF\n"
