"""How the parts of the demo begin and end: whenever a signal comes, no process and no file stays behind."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)
"""What ends the demo; the last is the alarm that --for sets."""
STOP_WITHIN: Final = 10.0
"""Seconds that what is told to end may take."""
START_WITHIN: Final = 30.0
"""Seconds that what is started may take until it does its work."""


class DemoError(Exception):
    """The demo cannot run; the text says what to do about it."""


@contextmanager
def undisturbed() -> Iterator[None]:
    """Hold signals back while something must not be left half done; what came meanwhile comes after it."""
    held = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


@contextmanager
def own_directory() -> Iterator[Path]:
    """Make a directory that is gone afterwards, with all that is in it."""
    directory: Path | None = None
    try:
        with undisturbed():  # within `try`: what was held back ends us here, with the directory made
            directory = Path(tempfile.mkdtemp(prefix="conndrop-demo-"))
        yield directory
    finally:
        with undisturbed():
            if directory is not None:
                _remove(directory)


@contextmanager
def own_group(command: Sequence[Any], **options: Any) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a command in a group of its own, so that Ctrl-C reaches it through us only; leave nobody of it."""
    process: subprocess.Popen[bytes] | None = None
    try:
        with undisturbed():  # as above
            process = subprocess.Popen(command, process_group=0, **options)  # noqa: S603  of our own choosing
        yield process
    finally:
        with undisturbed():
            if process is not None:
                _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a group: what a command started may outlive it, such as servers of initdb, and go on writing."""
    deadline = time.monotonic() + STOP_WITHIN
    with suppress(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(process.pid, signal.SIGKILL)
            process.poll()
            time.sleep(0.01)
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()


def _remove(directory: Path) -> None:
    """Remove a directory into which somebody who is ending may still be writing."""
    deadline = time.monotonic() + STOP_WITHIN
    while directory.exists():
        shutil.rmtree(directory, ignore_errors=time.monotonic() < deadline)
        time.sleep(0.01)
