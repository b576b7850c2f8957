"""Chromium, driven by Playwright: Debian's own, without a window and without anything fetched."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, expect, sync_playwright

from tests.servers import ServerMissing

PROGRAM: Final = Path("/usr/bin/chromium")
PATIENCE: Final = 15_000.0
"""Milliseconds that any step in the browser may take."""


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium in the calling thread's network; raises ServerMissing where it is not installed."""
    if not PROGRAM.exists():
        raise ServerMissing("no Chromium found: install the package chromium")
    expect.set_options(timeout=PATIENCE)
    words = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=words, timeout=PATIENCE)
        try:
            yield browser
        finally:
            browser.close()
