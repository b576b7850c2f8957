"""What is asked of a server about its sessions, and the numbers in its answers."""

from collections.abc import Callable, Sequence
from typing import Any

from exporter.model import Cause, ProbeError

Ask = Callable[..., Sequence[Sequence[Any]]]
"""Runs SQL with its parameters, and gives the rows."""


def numbers(rows: Sequence[Sequence[Any]], count: int = 1) -> tuple[int, ...]:
    """Read so many numbers from the first row; raise ProbeError where they are not there.

    Not all who speak a protocol are the server that it was made for.
    """
    try:
        return tuple(int(rows[0][place]) for place in range(count))
    except (IndexError, TypeError, ValueError):
        raise ProbeError(Cause.UNKNOWN, "the server does not tell of its sessions as others do") from None
