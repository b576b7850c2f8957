"""Starting what is measured, and scraping it."""

import contextlib
import http.client
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from tests.bench.plan import say
from tests.lab.namespace import Namespace, start
from tests.waiting import wait_for

HEADERS = {"Accept": "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "Accept-Encoding": "gzip"}
"""As Prometheus asks."""
LONGEST_START = 120.0


class ProcessEnded(Exception):
    """A program that should have gone on did not."""


@contextlib.contextmanager
def started(
    *words: str, output: int | None = None, inside: Namespace | None = None, aloud: bool = False
) -> "Iterator[subprocess.Popen[bytes]]":
    """Run a program for the length of the block; show what it said after ProcessEnded, or where `aloud`."""
    begin = inside.start if inside else start
    with tempfile.TemporaryFile() as said:
        to = said.fileno() if output is None else output
        process = begin(*words, stdin=subprocess.DEVNULL, stdout=to, stderr=said)
        try:
            yield process
        except ProcessEnded:
            said.seek(0)
            raise RuntimeError(f"{words[0]} ended: {said.read()[-2000:].decode(errors='replace')}") from None
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if aloud:
                said.seek(0)
                say(said.read().decode(errors="replace").rstrip())


def fetch(url: str, *, compressed: bool = False) -> bytes:
    """Get a page as it is sent; raises OSError or HTTPException."""
    parts = urlsplit(url)
    connection = _connection(parts.scheme, parts.hostname or "", parts.port)
    with contextlib.closing(connection):
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request("GET", target, headers=HEADERS if compressed else {})
        return connection.getresponse().read()


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme != "https":
        return http.client.HTTPConnection(host, port, timeout=20)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # who it is does not matter here
    return http.client.HTTPSConnection(host, port, timeout=20, context=context)


def answers(url: str) -> bool:
    """Whether a page can be had."""
    try:
        fetch(url)
    except (OSError, http.client.HTTPException):
        return False
    return True


def wait_until_up(process: "subprocess.Popen[bytes]", url: str) -> None:
    """Wait until a page can be had; raise ProcessEnded if the process gives up."""
    wait_for(lambda: process.poll() is not None or answers(url), LONGEST_START)
    if process.poll() is not None:
        raise ProcessEnded


@contextlib.contextmanager
def scraped(url: str, every: float) -> Iterator[None]:
    """Fetch a page as Prometheus would, every so many seconds."""
    ended = threading.Event()

    def scrape() -> None:
        due = time.monotonic()
        while not ended.wait(max(0.0, due - time.monotonic())):
            with contextlib.suppress(OSError, http.client.HTTPException):
                fetch(url, compressed=True)
            due = max(due + every, time.monotonic())

    thread = threading.Thread(target=scrape)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
