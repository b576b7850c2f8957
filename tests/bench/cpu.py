"""What a process and all its children have used of the processors."""

import contextlib
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

TICK = 1 / os.sysconf("SC_CLK_TCK")


def cpu_seconds(roots: Iterable[int]) -> float:
    """Give user and system time of these processes and of all below them, in seconds.

    Of a process, the greater of two figures: that of its living threads, to the nanosecond, and that of
    all it ever had, in ticks. What children used that have ended counts for their parents.
    """
    return sum(_used(pid) for pid in _tree(roots))


def used_per(roots: Iterable[int], done: Callable[[], float], seconds: float) -> float:
    """Watch these processes for so long; give the processor time for each thing `done` counted."""
    roots = list(roots)
    before, used = done(), cpu_seconds(roots)
    time.sleep(seconds)
    used = cpu_seconds(roots) - used
    return used / (done() - before)


def sent_packets(*, loopback: bool = False) -> int:
    """Count the packets that have left through the interfaces of the calling thread's network."""
    lines = Path("/proc/thread-self/net/dev").read_text().splitlines()[2:]
    counters = {name.strip(): numbers.split() for name, _, numbers in (line.partition(":") for line in lines)}
    return sum(int(numbers[9]) for name, numbers in counters.items() if loopback or name != "lo")


def _used(pid: int) -> float:
    # A process or thread that has just ended takes part no more.
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        user, system, children_user, children_system = (int(field) * TICK for field in fields[11:15])
        alive = 0.0
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                alive += int((task / "schedstat").read_text().split()[0]) / 1e9
        return max(alive, user + system) + children_user + children_system
    return 0.0


def _tree(roots: Iterable[int]) -> set[int]:
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found = set(roots)
    while more := {pid for pid, parent in parents.items() if parent in found and pid not in found}:
        found |= more
    return found
