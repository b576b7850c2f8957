"""End to end: a fault in the lab, and the page that names it. `make pages` has it as it is by default."""

import os
from collections.abc import Iterator
from typing import Final

import pytest

from tests.networks import needs_namespaces
from tests.paging.monitoring import Pace
from tests.paging.paged import FAULTS, Office, office
from tests.paging.shipped import FASTER
from tests.servers import Certificates, ServerMissing
from tests.servers.releases import RELEASES

pytestmark = needs_namespaces
SHORT: Final = Pace(
    scrape=1,
    evaluation=1,
    timing=FASTER,
    probes={"session": {"interval": "5s"}, "path": {"interval": "5s"}},
    diagnosis={"quiet": "10s"},
)
IN_TIME: Final = 60.0
LONGEST: Final = 90.0


@pytest.fixture(scope="module")
def watched(certificates: Certificates) -> Iterator[Office]:
    """Have a monitoring of both releases, side by side."""
    try:
        with office(certificates, SHORT, list(RELEASES.values())) as found:
            yield found
    except ServerMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_paged_by_its_name_and_told_to_be_over(watched: Office, name: str) -> None:
    pages = watched.pages(FAULTS[name], LONGEST)
    assert pages.keys() == RELEASES.keys()
    seen = watched.exporter.incidents(), watched.exporter.log
    for page in pages.values():
        assert page.after is not None, (page.told, seen)
        assert page.after < IN_TIME, (page.told, seen)
        assert page.over is not None, (page.told, seen)
