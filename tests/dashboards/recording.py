"""What is kept of a story: when what went by, the incidents that were told, and the data of each Prometheus.

`story.json` lies beside the data, which is in one directory for each release, by its name.
"""

import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from tests.lab.exporter import HERE
from tests.servers.prometheus import Prometheus, Scraping, prometheus
from tests.servers.releases import Release

FILE: Final = "story.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A chapter that went by: its fault held from `begin` to `end`, in seconds since the epoch."""

    name: str
    begin: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A story that was scraped every `scrape` seconds from `begin` to `end`, in seconds since the epoch.

    `incidents` are as `/api/v1/incidents` gives them in the end, each with the `vantage` it was seen from and
    all the `names` that it has had, in turn.
    """

    directory: Path
    begin: float
    end: float
    scrape: int
    chapters: tuple[Passed, ...]
    incidents: tuple[Mapping[str, Any], ...]

    def data(self, release: Release) -> Path:
        """Give the directory of what that release has scraped."""
        return self.directory / release.name

    def chapter(self, name: str) -> Passed:
        """Give the first chapter of that name; raises StopIteration."""
        return next(one for one in self.chapters if one.name == name)

    def write(self) -> None:
        """Write `story.json`."""
        document = {**asdict(self), "directory": None}
        (self.directory / FILE).write_text(json.dumps(document, indent=1) + "\n")


def recorded(directory: Path) -> Recording:
    """Read what is kept in a directory; raises OSError where there is nothing."""
    document = json.loads((directory / FILE).read_text())
    chapters = tuple(Passed(**one) for one in document["chapters"])
    incidents = tuple(document["incidents"])
    return Recording(**{**document, "directory": directory, "chapters": chapters, "incidents": incidents})


@contextlib.contextmanager
def served(recording: Recording, release: Release) -> Iterator[Prometheus]:
    """Run that release on a copy of what it has scraped; it scrapes nothing. Raises ServerMissing."""
    with tempfile.TemporaryDirectory(prefix="conndrop-story-") as directory:
        data = Path(directory, "data")
        shutil.copytree(recording.data(release), data, ignore=shutil.ignore_patterns("lock"))
        with prometheus(HERE, Scraping(itself=False), release, data) as running:
            yield running
