"""What tests of the way to a page share."""

import os

import pytest

from tests.servers import ServerMissing
from tests.servers.releases import RELEASES, Release

PROGRAMS = ("prometheus", "promtool", "prometheus-alertmanager", "amtool")


@pytest.fixture(params=RELEASES)
def release(request: pytest.FixtureRequest) -> Release:
    """Each release in turn; without its programs the test is skipped, but never so in CI."""
    found = RELEASES[request.param]
    try:
        for program in PROGRAMS:
            found.program(program)
    except ServerMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))
    return found
