"""What is asked of a server about itself and its sessions, and the numbers in its answers."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from exporter.model import Cause, ProbeError

Ask = Callable[..., Sequence[Sequence[Any]]]
"""Runs SQL with its parameters, and gives the rows."""
MOST: Final = 2**63
"""Not reached by anything that a server counts."""


@contextmanager
def understood(detail: str) -> Iterator[None]:
    """Turn what an answer raises that is not what was asked for into a ProbeError with these words.

    Not all who speak a protocol are the server that it was made for.
    """
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError):
        raise ProbeError(Cause.UNKNOWN, detail) from None


def numbers(rows: Sequence[Sequence[Any]], count: int = 1) -> tuple[int, ...]:
    """Read so many numbers from the first row; raise ProbeError where they are not there."""
    with understood("the server does not tell of its sessions as others do"):
        return tuple(int(rows[0][place]) for place in range(count))


def count(value: Any) -> int:
    """Read what a server would count; raise what `understood` turns for what it would not."""
    number = int(value)
    if not 0 <= number < MOST:
        raise ValueError(value)
    return number


def finite(value: Any) -> float:
    """Read a number; raise what `understood` turns for what is none, or has no end."""
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number


def seconds(value: Any) -> float:
    """Read a time; one that had not begun yet when it was looked at is 0. Raises as `finite` does."""
    return max(0.0, finite(value))
