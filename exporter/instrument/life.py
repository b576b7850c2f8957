"""What is known of one connection that an application has."""

import os
import time
from dataclasses import dataclass, field
from typing import Any, Final

LIFE: Final = "conndrop"
"""Where a connection's `info` keeps its life."""


@dataclass(slots=True)
class Life:
    """Who opened the connection, and when in monotonic seconds.

    It has `rested` in the pool and not been of use since, it is `dead` once its end has been told, and
    `committing` from the COMMIT on until something else is begun.
    """

    pid: int = field(default_factory=os.getpid)
    born: float = field(default_factory=time.monotonic)
    rested: bool = False
    dead: bool = False
    committing: bool = False


def life_of(of: Any) -> Life | None:
    """Find it in the `info` of a connection, its record, or what SQLAlchemy hands out.

    None where it was open before the watch began, or is a connection no more: asked for its `info` then,
    SQLAlchemy would open another one.
    """
    if getattr(of, "invalidated", False) or getattr(of, "closed", False):
        return None
    return of.info.get(LIFE)  # type: ignore[no-any-return]
