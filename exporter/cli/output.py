"""What commands say, and where."""

import contextlib
import sys
from typing import Final

from exporter import __version__

VERSION: Final = f"conndrop-exporter {__version__}"
"""What is said of ourselves."""


class OutputLost(OSError):
    """What was asked for cannot be written; the text says why."""


def say(text: str) -> None:
    """Write what was asked for; raises OutputLost, and BrokenPipeError where nobody reads it any more."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputLost(f"the output cannot be written: {error.strerror}") from None


def complain(text: str) -> None:
    """Write what is wrong, where that can be done."""
    with contextlib.suppress(OSError):
        sys.stderr.write(text + "\n")
