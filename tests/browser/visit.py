"""One reader with a browser, and everything that went wrong before their eyes or behind their back."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, ViewportSize

from tests.browser.driving import PATIENCE

SMALL: Final[ViewportSize] = {"width": 320, "height": 640}
LARGE: Final[ViewportSize] = {"width": 1280, "height": 800}
BROKEN_OFF: Final = "net::ERR_ABORTED"
"""What becomes of a page's own refresh when the reader goes on to another page."""


@dataclass  # without slots: Playwright leaves a mark on whom it calls back
class Visit:
    """A page of `context` that only `base` may be asked for; `troubles` is what must not be."""

    base: str
    context: BrowserContext
    page: Page
    troubles: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Begin to take down what happens."""
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.troubles.append(f"script: {error}"))
        self.page.on("request", self._asked)
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._answered)

    def go(self, path: str) -> Response:
        """Open a page of the exporter."""
        answer = self.page.goto(self.base + path)
        assert answer is not None, path
        return answer

    def links(self) -> list[str]:
        """Give the paths, with queries, of all links on the page that lead to the exporter itself."""
        found = self.page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
        inside = [urlsplit(link) for link in found if link.startswith(f"{self.base}/")]
        return sorted({f"{link.path}?{link.query}".removesuffix("?") for link in inside})

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(f"console of {self.page.url}: {message.text}")

    def _asked(self, request: Request) -> None:
        self.fetched.append(request.url)
        if not request.url.startswith((f"{self.base}/", "data:")):
            self.troubles.append(f"{self.page.url} asks {request.url}")

    def _failed(self, request: Request) -> None:
        if request.failure != BROKEN_OFF:
            self.troubles.append(f"{request.url} failed: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.troubles.append(f"{response.url}: status {response.status}")


@contextlib.contextmanager
def visit(browser: Browser, base: str, size: ViewportSize = LARGE, **options: Any) -> Iterator[Visit]:
    """Come with a browser of one's own; `options` are Playwright's of a context, such as its colours."""
    # Colours that are on their way to others would be judged as they are then.
    options = {"reduced_motion": "reduce", **options}
    context = browser.new_context(viewport=size, **options)
    try:
        one = Visit(base=base, context=context, page=context.new_page())
        one.watch()
        yield one
    finally:
        context.close()
