"""A page that renews itself while what it shows comes and goes."""

import threading
from collections.abc import Iterator
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.visit import LARGE, visit
from tests.seen import healthy, incident, server, session, target
from tests.status import Status

SECONDS = 6_000
"""Milliseconds after which a page has renewed itself."""


class Quiet(WSGIRequestHandler):
    """Says nothing of requests."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's own name
        """Say nothing."""


@pytest.fixture
def status() -> Status:
    """Three targets, of one of which a session and the server were seen."""
    found = Status(targets=[target("a"), target("b"), target("orders")])
    found.see([session(), server("orders"), session()])
    return found


@pytest.fixture
def base(status: Status) -> Iterator[str]:
    """Serve the pages; give where."""
    with make_server("127.0.0.1", 0, status.site, handler_class=Quiet) as served:
        thread = threading.Thread(target=served.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}"
        served.shutdown()
        thread.join(10)


def test_what_is_new_above_leaves_what_is_below_alone(browser: Browser, base: str, status: Status) -> None:
    """A path and idle timeouts appear between: what is unfolded and focused below stays so."""
    with visit(browser, base, LARGE) as reader:
        page = reader.page
        page.clock.install()
        reader.go("/targets/orders")
        page.locator("#server-more summary").click()
        page.evaluate("() => { document.getElementById('server').same = true; }")
        status.see(healthy("orders"))
        page.clock.fast_forward(SECONDS)
        expect(page.locator("#path")).to_be_visible()
        order = page.locator("main > section").evaluate_all("found => found.map(each => each.id)")
        wanted = ["verdict", "session", "delay", "path", "idle", "held", "server", "failures", "probes"]
        assert order == wanted
        assert page.evaluate("() => document.getElementById('server').same")
        assert page.locator("#server-more").get_attribute("open") is not None
        assert page.evaluate("() => document.activeElement.parentElement.id") == "server-more"
        assert reader.troubles == []


def test_a_target_that_moves_up_keeps_the_focus_and_the_trouble_is_told(
    browser: Browser, base: str, status: Status
) -> None:
    with visit(browser, base, LARGE) as reader:
        page = reader.page
        page.clock.install()
        reader.go("/")
        page.get_by_role("link", name="orders").focus()
        status.see([*healthy("a"), *healthy("b")])
        status.incidents = [incident("orders")]
        page.clock.fast_forward(SECONDS)
        expect(page.get_by_role("status")).to_contain_text("1 of 3 targets is in trouble: orders")
        rows = page.locator("tbody tr").evaluate_all("found => found.map(each => each.id)")
        assert rows == ["target-orders", "target-a", "target-b"]
        assert page.evaluate("() => document.activeElement.textContent") == "orders"
        status.targets = [target("b")]
        page.clock.fast_forward(SECONDS)
        expect(page.locator("tbody tr")).to_have_count(1)
        assert reader.troubles == []


def test_a_target_that_is_taken_out_is_told_of(browser: Browser, base: str, status: Status) -> None:
    with visit(browser, base, LARGE) as reader:
        page = reader.page
        page.clock.install()
        reader.go("/targets/orders")
        status.targets = []
        page.clock.fast_forward(SECONDS)
        expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing at this address")
        assert "lost" not in (page.locator("#live").get_attribute("class") or "")
