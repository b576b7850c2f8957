"""What can be done to processes from outside: to freeze them, and to see where they listen."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from tests.waiting import wait_for

LISTEN = "0A"


def family(pid: int) -> list[int]:
    """Give a process and all that descend from it, the eldest first."""
    found = [pid]
    for one in found:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{one}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


@contextlib.contextmanager
def frozen(*pids: int) -> Iterator[None]:
    """Let processes stand still: their sockets stay, and the kernel goes on answering for them."""
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        wait_for(lambda: all(map(stands_still, pids)))
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def stands_still(pid: int) -> bool:
    """Tell whether all threads of a process have come to a stop: each goes on until it is told."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if (task / "stat").read_text().rpartition(")")[2].split()[0] not in "TtZX":
                return False
    return True


def listens(pid: int, port: int) -> bool:
    """Tell whether anybody listens on a TCP port in the network of a process; nobody is connected to."""
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            if state == LISTEN and int(local.rsplit(":", 1)[1], 16) == port:
                return True
    return False
