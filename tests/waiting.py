"""Waiting for what must come about, never longer than a deadline."""

import contextlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
LONGEST = 20.0
SHORTEST = 0.01
ATTEMPTS = 5


def wait_for(condition: Callable[[], object], seconds: float = LONGEST) -> None:
    """Ask until `condition` holds; fail when it does not come about.

    From one question to the next it rests as long as asking took, so that others get the processor, too.
    """
    deadline = time.monotonic() + seconds
    while True:
        asked = time.monotonic()
        if condition():
            return
        answered = time.monotonic()
        assert answered < deadline, "did not come about"
        time.sleep(max(SHORTEST, answered - asked))


def in_time(what: Callable[[], T], seconds: float) -> T:
    """Give what comes of `what`; fail where it takes longer than that again and again.

    A busy machine is late now and then; who waits for too long is late each time.
    """
    for _ in range(ATTEMPTS):
        before = time.monotonic()
        found = what()
        if (took := time.monotonic() - before) <= seconds:
            return found
    raise AssertionError(f"took {took} s, and more than {seconds} s each time")


def unspoilt(what: Callable[[], T], holds: Callable[[T], object]) -> T:
    """Give what comes of `what` and holds; fail where it does not hold again and again.

    A busy machine spoils a scene now and then; a fault spoils each.
    """
    for _ in range(ATTEMPTS):
        if holds(found := what()):
            return found
    raise AssertionError(f"{found!r}, and no better each time")


@contextlib.contextmanager
def running(what: Callable[[], T]) -> Iterator["Future[T]"]:
    """Run `what` beside the block; its result is there after it."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(what)
