"""`conndrop healthy`: whether an exporter goes on; for health checks where no curl is, as in its image."""

import argparse
import ssl
import threading
from concurrent.futures import Future, wait
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from exporter.cli.output import complain, say
from exporter.cli.parsing import read_by

DEFAULT: Final = "http://127.0.0.1:10054/"
WITHIN: Final = 4.0
"""Seconds that all may take."""
LONGEST: Final = 500
"""Bytes of an answer that are shown."""
OTHERWISE: Final = {
    401: "it wants a password here, too: run it with --web.healthy-without-credentials",
    404: "is it served below a path? Then that belongs to the URL",
}
"""What to say of a status in place of what came with it."""


def add(commands: Any) -> None:
    """Add the command to the parser's `commands`."""
    parser = commands.add_parser(
        "healthy",
        help="ask a running exporter whether it is well",
        description="Ask a running exporter whether it is well; end with 0 if so, or else 1, and why.",
    )
    parser.add_argument(
        "url", type=read_by(_url), nargs="?", default=DEFAULT, metavar="URL",
        help=f"under which its pages are (default {DEFAULT}); no certificate is looked at",
    )  # fmt: skip
    parser.set_defaults(command=_run)


def _url(text: str) -> SplitResult:
    """Read a URL; raise ValueError in words for people."""
    url = urlsplit(text)
    if url.scheme not in ("http", "https") or not url.hostname or "@" in url.netloc:
        raise ValueError(f"{text!r} cannot be asked; write http://host:port/, without a password")
    _ = url.port  # raises ValueError, in words, where it is none
    return url


def _run(parsed: argparse.Namespace) -> int:
    try:
        status, words = _asked(parsed.url)
    except (OSError, HTTPException) as error:
        cut_off = isinstance(error, ConnectionResetError) and parsed.url.scheme == "http"
        further = "; if it has TLS, its URL begins with https://" if cut_off else ""
        where = f"{parsed.url.scheme}://{parsed.url.netloc}{parsed.url.path}"  # all that is asked for
        complain(f"not healthy: {_printable(f'{where}: {_words(error)}')}{further}")
        return 1
    if status == 200:
        say(_printable(words))
        return 0
    complain(f"not healthy: {status}: {OTHERWISE.get(status, _printable(words))}")
    return 1


def _asked(url: SplitResult) -> tuple[int, str]:
    """Give status and words of the answer; raises OSError, TimeoutError after WITHIN, and HTTPException.

    It is asked in a thread: nothing else ends the wait for a dead resolver.
    """
    answer: Future[tuple[int, str]] = Future()

    def ask() -> None:
        try:
            answer.set_result(_answer(url))
        except Exception as error:  # noqa: BLE001  carried to whoever waits
            answer.set_exception(error.with_traceback(None))  # whose frames would keep the socket

    threading.Thread(target=ask, daemon=True).start()
    if not wait([answer], WITHIN).done:
        raise TimeoutError(f"no answer within {WITHIN:g} s")
    return answer.result()


def _answer(url: SplitResult) -> tuple[int, str]:
    connection = _connection(url)
    try:
        connection.request("GET", f"{url.path.rstrip('/')}/-/healthy")
        answer = connection.getresponse()
        words = answer.read(LONGEST).decode(errors="replace").strip()
    finally:
        connection.close()
    return answer.status, words


def _words(error: OSError | HTTPException) -> str:
    """Say what went wrong, without its number."""
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__


def _printable(words: str) -> str:
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in words)


def _connection(url: SplitResult) -> HTTPConnection:
    host = url.hostname or ""
    if url.scheme == "http":
        return HTTPConnection(host, url.port)
    # Its name and its authority say nothing here: what answers on this address is asked, and told no secret.
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return HTTPSConnection(host, url.port, context=context)
