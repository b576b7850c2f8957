"""A page that stays open: what it shows stays true, and its reader stays where they are."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Final

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.visit import SMALL, visit
from tests.lab.exporter import HERE, Exporter, exporter, only
from tests.servers.database import free_port
from tests.waiting import wait_for

SECOND: Final = 1000
"""Milliseconds, as the browser's clock goes."""
TARGET: Final = {
    "name": "down",
    "url": "postgresql://probe@127.0.0.1:1/shop",
    "probes": only(session={"interval": "1s", "timeout": "1s"}, tcp={"interval": "1s", "timeout": "1s"}),
}


@pytest.fixture(scope="module")
def listen() -> str:
    """Give an address that an exporter can come back to."""
    return f"127.0.0.1:{free_port()}"


@pytest.fixture
def running(listen: str) -> Iterator[Exporter]:
    """Run an exporter that has seen something."""
    with exporter(HERE, [TARGET], listen=listen) as started:
        wait_for(started.incidents)
        yield started


def refreshed(page: Page) -> None:
    """Let the page's clock go on until it has asked for itself anew."""
    with page.expect_response(page.url) as answer:
        page.clock.fast_forward(6 * SECOND)
    assert answer.value.request.resource_type == "fetch"
    answer.value.finished()


def later(page: Page, moment: Locator, before: str) -> bool:
    """Whether a page says after a refresh that it is of another second."""
    refreshed(page)
    return moment.inner_text() != before


def test_a_refresh_leaves_the_reader_where_they_are(browser: Browser, running: Exporter) -> None:
    """What differs is changed, and nothing else: scrolling, focus, what is unfolded, and what is the same."""
    with visit(browser, f"http://{running.address}", SMALL) as reader:
        page = reader.page
        page.clock.install()
        reader.go("/targets/down")
        page.locator("#session-figures summary").click()
        link = page.get_by_role("link", name="its latest log").last
        link.focus()
        page.evaluate("() => { window.scrollTo(0, 400); document.getElementById('name').same = true; }")
        moment, focused = page.locator("footer time"), page.evaluate("() => document.activeElement.href")
        before = moment.inner_text()
        wait_for(lambda: later(page, moment, before))
        assert page.evaluate("() => window.scrollY") == 400
        assert page.evaluate("() => document.activeElement.href") == focused
        assert page.evaluate("() => document.getElementById('name').same")
        assert page.locator("#session-figures").get_attribute("open") is not None
        assert reader.troubles == []


def test_a_page_says_when_the_exporter_has_gone_and_when_it_is_back(browser: Browser, listen: str) -> None:
    with ExitStack() as first, visit(browser, f"http://{listen}") as reader:
        first.enter_context(exporter(HERE, [TARGET], listen=listen))
        page = reader.page
        page.clock.install()
        reader.go("/")
        status = page.get_by_role("status")
        expect(status).to_have_text("")
        first.close()
        page.clock.fast_forward(6 * SECOND)
        expect(status).to_contain_text("The exporter has not been reached since")
        expect(page.locator("tbody tr")).to_have_count(1)
        with exporter(HERE, [TARGET], listen=listen):
            refreshed(page)
            expect(status).not_to_contain_text("has not been reached")
