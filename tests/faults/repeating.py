"""Doing the same again and again beside what goes on."""

import contextlib
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def repeating(what: Callable[[], object], seconds: float) -> Iterator[None]:
    """Do something now and every so many seconds until the block ends; what it raises is raised then."""
    over = threading.Event()
    errors: list[Exception] = []

    def repeat() -> None:
        try:
            while not over.is_set():
                what()
                over.wait(seconds)
        except Exception as error:  # noqa: BLE001  carried to whoever waits for the end
            errors.append(error)

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    if errors:
        raise errors[0]
