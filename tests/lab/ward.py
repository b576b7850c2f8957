"""Who cleans up when nobody else can: ends every process inside some networks, and removes directories.

The networks and directories belong to whoever holds the ward's standard input. When that closes, in good
order or because its holder was killed, nothing is left behind.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.lab.namespace import Namespace

GRACE = 3.0
"""Seconds that a process has to end in good order."""


class Ward:
    """Cleans up after this process, at the latest when it dies."""

    def __init__(self, networks: Iterable[Namespace], directories: Iterable[Path]) -> None:
        numbers = [network.fileno() for network in networks]
        words = [sys.executable, "-m", "tests.lab.ward", ",".join(map(str, numbers)), *map(str, directories)]
        # A session of its own: what is typed at the terminal does not reach it.
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, pass_fds=numbers, start_new_session=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=60)


def inside(networks: Sequence[int]) -> list[int]:
    """Find the processes in these networks, but for this one and the one that began it."""
    wanted = {(status.st_dev, status.st_ino) for status in map(os.fstat, networks)}
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            status = (process / "ns" / "net").stat()
            if (status.st_dev, status.st_ino) in wanted:
                found.append(int(process.name))
    return sorted(set(found) - {os.getpid(), os.getppid()})


def end(networks: Sequence[int], *numbers: signal.Signals) -> bool:
    """Send signals to all that live in these networks, frozen or not; tell whether there were any."""
    found = inside(networks)
    for pid in found:
        with contextlib.suppress(ProcessLookupError):
            for number in (*numbers, signal.SIGCONT):
                os.kill(pid, number)
    return bool(found)


def main(networks: Sequence[int], directories: Sequence[str]) -> None:
    """Wait for the end of standard input and clean up."""
    sys.stdin.read()
    # PostgreSQL gives its shared memory back upon SIGQUIT, and cannot upon SIGKILL.
    numbers, deadline = [signal.SIGQUIT, signal.SIGTERM], time.monotonic() + GRACE
    while end(networks, *numbers):
        numbers = [signal.SIGKILL] if time.monotonic() > deadline else numbers
        time.sleep(0.05)
    for directory in directories:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main([int(number) for number in sys.argv[1].split(",") if number], sys.argv[2:])
