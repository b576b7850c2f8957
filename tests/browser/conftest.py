"""One browser for all tests of a file, and one exporter that watches what is well and what is broken."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.driving import chromium
from tests.browser.troubled import ILL, troubled
from tests.servers import Postgres, ServerMissing
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium; skip the test where there is none, but never so in CI."""
    try:
        with chromium() as started:
            yield started
    except ServerMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def base(postgres: Postgres) -> Iterator[str]:
    """Give where the exporter is, once it has told what is wrong with everything that is broken."""
    with troubled(postgres) as running:
        wait_for(lambda: {one["target"] for one in running.incidents()} == set(ILL), 60)
        yield f"http://{running.address}"
