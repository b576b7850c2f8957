"""The live table of a path, in a real terminal: keys, sizes, and how it ends."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.routers import Row
from tests.networks import needs_namespaces
from tests.tracing.chain import chain, place
from tests.waiting import wait_for

pytestmark = [
    needs_namespaces,
    pytest.mark.skipif(not shutil.which("tmux"), reason="needs the package tmux"),
]
COUNT = re.compile(r"^ 6\. 10\.0\.5\.2 .*?% +(\d+)", re.MULTILINE)
HEAD = "Host "
SIZES = ("COLUMNS", "LINES")
"""What pytest's workers say of a terminal, and rich believes."""


class Terminal:
    """A terminal of 100 columns and 24 lines with a shell in it, at the client of a row of routers."""

    def __init__(self, lab: Row, directory: Path) -> None:
        self._socket = str(directory / "tmux")
        usual = {name: value for name, value in os.environ.items() if name not in SIZES}
        environment = {**usual, "PS1": "$ ", "LC_ALL": "C.UTF-8", "TERM": "xterm", "HISTFILE": ""}
        words = ["new-session", "-d", "-x", "100", "-y", "24", "-c", str(directory), "sh"]
        lab.client.run(lambda: self._tmux("-f", "/dev/null", *words, env=environment))

    def _tmux(self, *words: str, env: dict[str, str] | None = None) -> str:
        done = subprocess.run(
            ["tmux", "-S", self._socket, *words],
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
            env=env,
        )
        return done.stdout

    def press(self, *keys: str) -> None:
        """Press keys, by tmux's names for them."""
        self._tmux("send-keys", *keys)

    def run(self, command: str) -> None:
        """Have the shell run a command."""
        self._tmux("send-keys", "-l", command)
        self.press("Enter")

    def resize(self, columns: int, lines: int) -> None:
        """Make the window another size."""
        self._tmux("resize-window", "-x", f"{columns}", "-y", f"{lines}")

    def text(self) -> str:
        """Give what is on the screen."""
        return self._tmux("capture-pane", "-p")

    def shows(self, *texts: str) -> None:
        """Wait until all of it is on the screen."""
        try:
            wait_for(lambda: all(text in self.text() for text in texts))
        except AssertionError:
            raise AssertionError(self.text()) from None

    def processes(self) -> list[int]:
        """Give what the shell runs."""
        shell = self._tmux("list-panes", "-F", "#{pane_pid}").strip()
        return [int(one) for one in Path(f"/proc/{shell}/task/{shell}/children").read_text().split()]

    def close(self) -> None:
        """End it all."""
        self._tmux("kill-server")


@pytest.fixture(scope="module")
def five() -> Iterator[Row]:
    with chain() as built:
        yield built


@pytest.fixture(scope="module")
def terminal(five: Row, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    opened = Terminal(five, tmp_path_factory.mktemp("terminal"))
    opened.run("stty -g >before")
    yield opened
    opened.close()


def command(lab: Row, *words: str) -> str:
    """Give a command line that clears the screen, follows the path, and tells what it has left behind."""
    path = f"{sys.executable} -m exporter path {place(lab)} -i 0.1 {' '.join(words)}"
    return f"clear; {path}; echo status $?; stty -g | cmp - before && echo sane"


def started(terminal: Terminal, lab: Row, *words: str) -> None:
    terminal.run(command(lab, *words))
    terminal.shows(" 6. 10.0.5.2", "q quit")


def count(terminal: Terminal) -> int:
    found = COUNT.search(terminal.text())
    return int(found[1]) if found else 0


def test_keys_do_what_they_do_in_mtr(five: Row, terminal: Terminal) -> None:
    started(terminal, five)
    terminal.shows("TCP port 7777 of 10.0.5.2", "Loss%    Snt   Last    Avg   Best   Wrst  StDev")
    terminal.shows("No loss reaches TCP port 7777 of 10.0.5.2: all")
    terminal.press("p")
    terminal.shows("paused")
    terminal.press("d")
    terminal.shows("Loss%    Snt   Last    Avg  StDev   Jttr   Javg")
    before = count(terminal)
    assert before
    terminal.press("r")  # nothing is sent meanwhile: nothing comes after it
    terminal.shows("Too early to say: the first round is under way.")
    terminal.press("?")
    terminal.shows("space  resume")
    terminal.press("x")
    terminal.shows(HEAD)
    terminal.press("C-z", "Space", "n", "Up")
    wait_for(lambda: count(terminal))
    assert "paused" not in terminal.text()
    terminal.press("q")
    terminal.shows(" 6. 10.0.5.2", "status 0", "sane")
    assert "q quit" not in terminal.text()


def test_it_fits_windows_of_all_sizes(five: Row, terminal: Terminal) -> None:
    started(terminal, five)
    terminal.resize(50, 11)
    terminal.shows("… 3 more …", " 1. 10.0.0.2", " 6. 10.0.5.2")
    assert "StDev" not in terminal.text()
    terminal.resize(30, 5)
    wait_for(lambda: "q quit" not in terminal.text() and " 6. 10.0.5.2" in terminal.text())
    terminal.resize(160, 40)
    terminal.shows("q quit", " 3. 10.0.2.2", "StDev")
    terminal.press("C-c")
    terminal.shows(" 6. 10.0.5.2", "No loss reaches", "status 0", "sane")


def test_the_end_of_its_rounds_and_a_signal_leave_the_terminal_as_it_was(
    five: Row, terminal: Terminal
) -> None:
    terminal.resize(100, 24)
    started(terminal, five, "-n")
    terminal.shows("No loss")
    (process,) = terminal.processes()
    os.kill(process, signal.SIGTERM)
    terminal.shows(" 6. 10.0.5.2", "No loss", "status 143", "sane")
    terminal.run(command(five, "-c", "4"))
    terminal.shows(" 6. 10.0.5.2", "all 4 packets to it were answered", "status 0", "sane")


def test_a_terminal_that_goes_away_ends_it(five: Row, tmp_path: Path) -> None:
    """As when a connection to the host breaks: nothing goes on unseen."""
    opened = Terminal(five, tmp_path)
    started(opened, five)
    (process,) = opened.processes()
    opened.close()
    wait_for(lambda: not Path(f"/proc/{process}/exe").exists())
