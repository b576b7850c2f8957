"""Network namespaces without names: they end with whoever holds them, and leave nothing behind."""

import contextlib
import ctypes
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")
CLONE_NEWNET = 0x40000000
OWN = Path("/proc/thread-self/ns/net")
LONGEST = 120.0
SEARCHED = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
"""Where programs are looked for; an ordinary user's PATH often lacks the system's."""


def enter_new_network() -> None:
    """Give the calling thread, and what it starts from now on, a network with nothing but a loopback."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    command("ip", "link", "set", "lo", "up")


def command(*words: str) -> str:
    """Run a program in the calling thread's network and return what it printed; show why it failed."""
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, timeout=60, env=os.environ | {"PATH": SEARCHED}
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def start(*words: str, **options: Any) -> "subprocess.Popen[bytes]":
    """Start a program in the calling thread's network; ending it is the caller's."""
    return subprocess.Popen(words, env=os.environ | {"PATH": SEARCHED}, **options)


class Namespace:
    """A network namespace; it lives as long as this object is open, or a process runs in it."""

    def __init__(self) -> None:
        def new() -> int:
            enter_new_network()
            return os.open(OWN, os.O_RDONLY | os.O_CLOEXEC)

        self._fd = _in_thread(new)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def path(self) -> str:
        """A path by which `ip` finds the namespace, as long as this process runs."""
        return f"/proc/{os.getpid()}/fd/{self._fd}"

    def fileno(self) -> int:
        """Give the descriptor that keeps the namespace."""
        return self._fd

    def run(self, what: Callable[[], T]) -> T:
        """Run `what` in a thread inside; sockets and processes it opens stay inside for good."""

        def inside() -> T:
            _enter(self._fd)
            return what()

        return _in_thread(inside)

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Let the calling thread, and what it starts, live inside for the length of the block."""
        before = os.open(OWN, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _enter(self._fd)
            yield
        finally:
            _enter(before)
            os.close(before)

    def command(self, *words: str) -> str:
        """Run a program inside and return what it printed."""
        return self.run(lambda: command(*words))

    def start(self, *words: str, **options: Any) -> "subprocess.Popen[bytes]":
        """Start a program inside; ending it is the caller's."""
        return self.run(lambda: start(*words, **options))

    def close(self) -> None:
        """Let go of the namespace."""
        os.close(self._fd)


def _enter(network: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(network, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def _in_thread(what: Callable[[], T]) -> T:
    outcome: list[T] = []
    errors: list[BaseException] = []

    def inside() -> None:
        try:
            outcome.append(what())
        except BaseException as error:  # noqa: BLE001  carried to the caller's thread
            errors.append(error)

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join(LONGEST)
    if errors:
        raise errors[0]
    assert outcome, "did not end"
    return outcome[0]
