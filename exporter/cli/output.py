"""What commands say, and where."""

import sys
from typing import Final

from exporter import __version__

VERSION: Final = f"conndrop-exporter {__version__}"
"""What is said of ourselves."""


def say(text: str) -> None:
    """Write what was asked for."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """Write what is wrong."""
    sys.stderr.write(text + "\n")
