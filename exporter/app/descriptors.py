"""How many descriptors we may have."""

import contextlib
import resource
from typing import Final

DESCRIPTORS: Final = 1 << 20
"""As many as anybody needs; some hosts allow a thousand times that, or any number."""


def allow_descriptors() -> None:
    """Have as many descriptors as this host allows us: a held connection takes two."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if most == resource.RLIM_INFINITY else min(most, DESCRIPTORS)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(allowed, wanted), most))
