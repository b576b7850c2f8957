"""The story that tests of the dashboards share: recorded once, and served by both releases."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.dashboards.pace import SHORT
from tests.dashboards.recording import Recording, recorded, served
from tests.dashboards.story import record
from tests.servers import Certificates, ServerMissing
from tests.servers.prometheus import Prometheus
from tests.servers.releases import RELEASES


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A recording, and each release's Prometheus with what it has scraped, by the release's name."""

    recording: Recording
    prometheus: Mapping[str, Prometheus]


@pytest.fixture(scope="module")
def story(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Record the short form, or take the recording in the directory that STORY names."""
    with ExitStack() as stack:
        try:
            kept = os.environ.get("STORY")
            recording = (
                recorded(Path(kept))
                if kept
                else record(tmp_path_factory.mktemp("story"), SHORT, certificates)
            )
            running = {
                name: stack.enter_context(served(recording, release)) for name, release in RELEASES.items()
            }
        except ServerMissing as missing:
            if os.environ.get("CI"):
                raise
            pytest.skip(str(missing))
        yield Story(recording=recording, prometheus=running)
