"""A program that serves HTTP on loopback, here or in a network of the lab."""

import contextlib
import json
import os
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode

from tests.lab.exporter import Network
from tests.waiting import wait_for

PATIENCE: Final = 10.0
"""Seconds that an answer may take."""
START_WITHIN: Final = 60.0
END_WITHIN: Final = 30.0


class Service:
    """What listens at `address`, host:port as it is seen in its own network."""

    def __init__(self, inside: Network, address: str) -> None:
        self._inside = inside
        self.address = address

    def get(self, path: str, **query: str) -> bytes:
        """Fetch a page; raises OSError."""
        return self._ask(f"http://{self.address}{path}?{urlencode(query)}")

    def post(self, path: str, document: object) -> bytes:
        """Send a document as JSON; raises OSError."""
        return self._ask(f"http://{self.address}{path}", json.dumps(document).encode())

    def document(self, path: str, **query: str) -> Any:
        """Fetch JSON; raises OSError."""
        return json.loads(self.get(path, **query))

    def answer(self, path: str, **query: str) -> bytes:
        """Fetch a page, or what is said in place of it; raises OSError where nothing is."""
        url = f"http://{self.address}{path}?{urlencode(query)}"

        def ask() -> bytes:
            try:
                with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
                    return bytes(answer.read())
            except HTTPError as refusal:
                with refusal:
                    return refusal.read()

        return self._inside.run(ask)

    def up(self, path: str) -> bool:
        """Tell whether a page can be had."""
        with contextlib.suppress(OSError):
            self.get(path)
            return True
        return False

    def _ask(self, url: str, content: bytes | None = None) -> bytes:
        request = urllib.request.Request(url, content, {"Content-Type": "application/json"})  # noqa: S310  http

        def ask() -> bytes:
            try:
                with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310  http
                    return bytes(answer.read())
            except HTTPError as refusal:
                with refusal:
                    raise URLError(f"{refusal.code} {refusal.read().decode(errors='replace')}") from None

        return self._inside.run(ask)


@contextlib.contextmanager
def serving(
    service: Service,
    inside: Network,
    words: Sequence[str],
    ready: str,
    *,
    environment: Mapping[str, str] = os.environ,
    ends_with: int = 0,
) -> Iterator[None]:
    """Run what the words start in a network until the block ends; `ready` is a page that it has by then.

    It must end by itself, with this status, when it is told to. What it said is shown where it does not.
    """
    with tempfile.TemporaryDirectory(prefix="conndrop-service-") as directory:
        log = Path(directory, "log")
        with log.open("wb") as output:
            process: subprocess.Popen[bytes] = inside.run(
                lambda: subprocess.Popen(
                    words, stdout=output, stderr=output, stdin=subprocess.DEVNULL, env=environment
                )
            )
        try:
            wait_for(lambda: process.poll() is not None or service.up(ready), START_WITHIN)
            assert process.poll() is None, log.read_text(errors="replace")
            yield
            process.terminate()
            assert process.wait(END_WITHIN) == ends_with, log.read_text(errors="replace")
        finally:
            process.kill()
            process.wait()
