"""End to end: a fault in the lab, and the page that names it. `make pages` has it as it is by default."""

import os
from collections.abc import Iterator, Mapping
from typing import Final

import pytest

from tests.networks import needs_namespaces
from tests.paging.monitoring import Pace
from tests.paging.paged import FAULTS, Office, Page, office
from tests.paging.shipped import FASTER
from tests.servers import Certificates, ServerMissing
from tests.servers.releases import RELEASES
from tests.waiting import unspoilt

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
    pages = unspoilt(lambda: watched.pages(FAULTS[name], LONGEST), all_in_time)
    assert pages.keys() == RELEASES.keys()


def all_in_time(pages: Mapping[str, Page]) -> bool:
    """Whether each release paged in time, and told that it was over."""
    return all(
        page.after is not None and page.after < IN_TIME and page.over is not None for page in pages.values()
    )
