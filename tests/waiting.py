"""Waiting for what must come about, never longer than a deadline."""

import contextlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
LONGEST = 20.0


def wait_for(condition: Callable[[], object], seconds: float = LONGEST) -> None:
    """Ask until `condition` holds; fail when it does not come about."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not come about"
        time.sleep(0.01)


@contextlib.contextmanager
def running(what: Callable[[], T]) -> Iterator["Future[T]"]:
    """Run `what` beside the block; its result is there after it."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(what)
