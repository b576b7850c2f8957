"""promtool, of the releases that rules must be good for."""

from typing import Final

import pytest

from tests.servers.database import ServerMissing
from tests.servers.releases import RELEASES

PROMTOOLS: Final = tuple(RELEASES)


def promtool(release: str) -> str:
    """Give the program; skip the test where it is not installed."""
    try:
        return RELEASES[release].program("promtool")
    except ServerMissing as missing:
        pytest.skip(str(missing))
