"""What can be done to processes from outside: to freeze them, and to see where they listen."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

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
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def listens(pid: int, port: int) -> bool:
    """Tell whether anybody listens on a TCP port in the network of a process; nobody is connected to."""
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            if state == LISTEN and int(local.rsplit(":", 1)[1], 16) == port:
                return True
    return False
