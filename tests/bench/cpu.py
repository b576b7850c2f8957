"""What a process and all its children have used of the processors."""

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

TICK = 1 / os.sysconf("SC_CLK_TCK")


def cpu_seconds(roots: Iterable[int]) -> float:
    """Give user and system time of these processes and of all below them, in seconds.

    Of a process, the greater of two figures: that of its living threads, to the nanosecond, and that of
    all it ever had, in ticks. What children used that have ended counts for their parents.
    """
    return sum(_used(pid) for pid in tree(roots))


@contextlib.contextmanager
def account() -> Iterator["Account"]:
    """Open an account; the processes in it must have ended before the block does."""
    group = _new_group()
    try:
        yield Account(group)
    finally:
        if group:
            group.rmdir()


class Account:
    """What a process and all below it use, to the microsecond even if they are short-lived.

    So the kernel counts for a control group; where there can be none, it is as good as `cpu_seconds`.
    """

    def __init__(self, group: Path | None) -> None:
        self._group = group
        self._root = 0
        self._others: list[int] = []

    def watch(self, root: int, *, but: Iterable[int] = ()) -> None:
        """Begin to account for a process and what it has started and will start, `but` for some threads.

        These are its own, and go on as long as it does.
        """
        self._root, self._others = root, list(but)
        if self._group:
            for pid in tree([root]):
                with contextlib.suppress(ProcessLookupError):  # it has just ended
                    (self._group / "cgroup.procs").write_text(str(pid))

    def seconds(self) -> float:
        """Give the user and system time so far; only differences mean anything."""
        others = sum(_thread(Path(f"/proc/{self._root}/task/{number}")) for number in self._others)
        if self._group is None:
            return cpu_seconds([self._root]) - others
        return int((self._group / "cpu.stat").read_text().split()[1]) / 1e6 - others


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


def _new_group() -> Path | None:
    for line in Path("/proc/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2":
            with contextlib.suppress(OSError):  # in a container it may not be written to
                return Path(tempfile.mkdtemp(prefix="conndrop-bench-", dir=place))
    return None


def _used(pid: int) -> float:
    # A process or thread that has just ended takes part no more.
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        user, system, children_user, children_system = (int(field) * TICK for field in fields[11:15])
        alive = 0.0
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                alive += _thread(task)
        return max(alive, user + system) + children_user + children_system
    return 0.0


def _thread(task: Path) -> float:
    return int((task / "schedstat").read_text().split()[0]) / 1e9


def tree(roots: Iterable[int]) -> set[int]:
    """Give the numbers of these processes and of all below them."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found = set(roots)
    while more := {pid for pid, parent in parents.items() if parent in found and pid not in found}:
        found |= more
    return found
