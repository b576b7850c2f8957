"""How the C library keeps memory: many threads do little each, and now and then there is a large text."""

import ctypes
from typing import Final

MOST_ARENAS: Final = (-8, 2)
"""M_ARENA_MAX of glibc's mallopt: the interpreter's lock lets one thread allocate at a time anyway, and what
is freed in one of its eight arenas for each processor serves none of the others."""
LARGE: Final = (-3, 1 << 20)
"""M_MMAP_THRESHOLD in bytes: pages of metrics go back to the system when they have been sent."""


def spare_memory(library: object = None) -> None:
    """Settle it for this process, from now on; a C `library` that is not glibc knows itself what it does."""
    mallopt = getattr(library or ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for setting in (MOST_ARENAS, LARGE):
            mallopt(*setting)
