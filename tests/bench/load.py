"""The load under which accuracy is judged: a thread that is always busy, and a garbage collector at work."""

import gc
import threading
import time

OBJECTS = 500_000
"""What the garbage collector must look through each time: about 50 ms."""
COLLECT_EVERY = 1.0


def burden() -> None:
    """Begin to keep this process busy, for as long as it lives; returns at once."""
    for what in (_compute, _collect):
        threading.Thread(target=what, daemon=True).start()


def _compute() -> None:
    while True:
        sum(number * number for number in range(1000))


def _collect() -> None:
    kept = [[number] for number in range(OBJECTS)]
    while kept:
        gc.collect()
        time.sleep(COLLECT_EVERY)


if __name__ == "__main__":
    burden()
    threading.Event().wait()
