"""A real terminal, in tmux: what stands on it, keys, its size, and how its command ended."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.servers.database import PASSWORD
from tests.waiting import wait_for

COMMAND: Final = (sys.executable, "-m", "exporter")
VARIABLE: Final = "ORDERS_DB_PASSWORD"
ENDED: Final = "ended with "
SHELL: Final = ("bash", "-mc", f'trap : INT; "$@"; echo "{ENDED}$?"; exec sleep 600', "bash")
"""tmux itself does not always know how a command ended; and a shell is what people have, with jobs."""
SETTINGS: Final = """\
set -g default-terminal tmux-256color
set -g history-limit 5000
set -g status off
"""

needs_tmux = pytest.mark.skipif(not shutil.which("tmux"), reason="a terminal needs the package tmux")


class Pane:
    """A command in a terminal of its own."""

    def __init__(self, tmux: Callable[..., str]) -> None:
        self._tmux = tmux

    def text(self) -> str:
        """Give what stands on the screen, and what has scrolled out of it."""
        return self._tmux("capture-pane", "-p", "-S", "-")

    def shows(self, text: str) -> None:
        """Wait until a text stands there."""
        self.shows_like(re.escape(text))

    def shows_like(self, pattern: str) -> None:
        """Wait until what a pattern describes stands there."""
        try:
            wait_for(lambda: re.search(pattern, self.text()))
        except AssertionError:
            raise AssertionError(f"{pattern!r} is not shown:\n{self.text()}") from None

    def resize(self, width: int, height: int) -> None:
        """Make the terminal larger or smaller."""
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    def press(self, *keys: str) -> None:
        """Press keys, in tmux's words: C-c, Enter, or text."""
        self._tmux("send-keys", *keys)

    def status(self) -> int:
        """Wait until the command has ended by itself, and give its exit status."""
        self.shows(ENDED)
        return int(self.text().rpartition(ENDED)[2].split()[0])

    def has_its_own_screen(self) -> bool:
        """Whether a live display covers what stood there before."""
        return self._said("alternate_on") == "1"

    def words(self) -> str:
        """Give the command line as other users of the host see it."""
        shell = self._said("pane_pid")
        (child,) = Path(f"/proc/{shell}/task/{shell}/children").read_text().split()
        return Path(f"/proc/{child}/cmdline").read_text()

    def _said(self, name: str) -> str:
        return self._tmux("display-message", "-p", f"#{{{name}}}").strip()


@contextlib.contextmanager
def pane(
    *words: str, size: tuple[int, int] = (80, 24), environ: Mapping[str, str] | None = None
) -> Iterator[Pane]:
    """Run conndrop in a terminal; the password of the suite's servers is in `VARIABLE`."""
    with tempfile.TemporaryDirectory(prefix="conndrop-tmux-") as directory:
        settings = Path(directory, "tmux.conf")
        settings.write_text(SETTINGS)
        variables = {"LANG": "C.UTF-8", VARIABLE: PASSWORD} | dict(environ or {})

        def tmux(*arguments: str) -> str:
            command = ["tmux", "-S", f"{directory}/socket", "-f", str(settings), "-u", *arguments]
            return subprocess.run(
                command, check=True, capture_output=True, text=True, env=_bare() | {"LANG": "C.UTF-8"}
            ).stdout

        width, height = map(str, size)
        given = [part for name, value in variables.items() for part in ("-e", f"{name}={value}")]
        tmux("new-session", "-d", "-x", width, "-y", height, *given, "--", *SHELL, *COMMAND, *words)
        try:
            yield Pane(tmux)
        finally:
            tmux("kill-server")


def conndrop(*words: str, environ: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    """Run conndrop without a terminal."""
    variables = _bare() | {"LANG": "C.UTF-8", VARIABLE: PASSWORD} | dict(environ or {})
    command: Sequence[str] = [*COMMAND, *words]
    return subprocess.run(
        command, check=False, capture_output=True, encoding="utf-8", env=variables, timeout=60,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def _bare() -> dict[str, str]:
    """Give our variables without those that tell of a terminal or a language."""
    told = ("TERM", "LANG", "LC_", "COLUMNS", "LINES", "NO_COLOR", "TMUX")
    return {name: value for name, value in os.environ.items() if not name.startswith(told)}
