"""What commands say, and where."""

import sys


def say(text: str) -> None:
    """Write what was asked for."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """Write what is wrong."""
    sys.stderr.write(text + "\n")
