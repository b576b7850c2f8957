"""Keys as they are pressed, and a terminal that is as it was before when that is over."""

import contextlib
import os
import select
import termios
import tty
from collections.abc import Iterator
from typing import Final

MOST: Final = 64
CONTROL: Final = 6
"""Where the control characters are among a terminal's attributes."""
NO_KEY: Final = b"\0"
ENDED: Final = "\x04"
"""What is given where the terminal is gone, and where Ctrl-D is pressed."""


class Keyboard:
    """Reads a terminal that gives each key at once."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def keys(self, seconds: float) -> str:
        """Wait so long for keys at most, and give those that were pressed; arrows and the like are none."""
        readable, _, _ = select.select([self._descriptor], [], [], seconds)
        if not readable:
            return ""
        try:
            pressed = os.read(self._descriptor, MOST)
        except OSError:
            return ENDED
        if not pressed:
            return ENDED
        return "" if pressed.startswith(b"\x1b") else pressed.decode("ascii", "replace")


@contextlib.contextmanager
def keyboard(descriptor: int) -> Iterator[Keyboard]:
    """Let each key be read at once, and not shown; Ctrl-C stays what it is. All is put back at the end.

    Ctrl-Z does nothing meanwhile: a shell would come back to a terminal that is not its own.
    """
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor, termios.TCSADRAIN)
        changed = termios.tcgetattr(descriptor)
        changed[CONTROL][termios.VSUSP] = NO_KEY
        termios.tcsetattr(descriptor, termios.TCSADRAIN, changed)
        yield Keyboard(descriptor)
    finally:
        with contextlib.suppress(termios.error):  # the terminal may be gone
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
