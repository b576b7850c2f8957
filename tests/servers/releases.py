"""Prometheus and Alertmanager in the releases that are supported: the installed one, and a newer one."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.servers.database import ServerMissing

FETCHED: Final = Path(__file__).parents[2] / ".cache" / "prometheus" / "usr" / "bin"
"""Where `tests/prepare` puts the newer release."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The programs of one release, under the names that Debian gives them."""

    name: str
    path: str
    advice: str

    def program(self, name: str) -> str:
        """Find `prometheus`, `promtool`, `prometheus-alertmanager` or `amtool`; raises ServerMissing."""
        found = shutil.which(name, path=self.path)
        if found is None:
            raise ServerMissing(f"no {name} ({self.name}) found: {self.advice}")
        return found


INSTALLED: Final = Release(
    name="installed",
    path=os.environ.get("PATH", os.defpath),
    advice="install the packages prometheus and prometheus-alertmanager",
)
NEWER: Final = Release(
    name="newer", path=str(FETCHED), advice="run tests/prepare, which fetches one into .cache/prometheus"
)
RELEASES: Final = {release.name: release for release in (INSTALLED, NEWER)}
