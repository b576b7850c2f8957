"""What can be shown where: terminals, pipes, locales, and a machine without rich; and who is asked to end."""

import io
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import TextIO

import pytest

from exporter.examination.report import Progress, Report
from exporter.terminal.reading import diagnosed
from exporter.terminal.screen import Screen, screen_of
from exporter.terminal.showing import Form, Paper, watched, write
from tests.terminal.made import ILL, progress

XTERM = {"TERM": "xterm", "LANG": "de_DE.UTF-8"}


@pytest.fixture
def terminal() -> Iterator[TextIO]:
    """Give a stream that leads to a terminal."""
    other, own = pty.openpty()
    with os.fdopen(own, "w", encoding="utf-8") as stream:
        yield stream
    os.close(other)


def test_a_terminal_shows_everything(terminal: TextIO) -> None:
    assert screen_of(terminal, terminal, XTERM, plain=False) == Screen(coloured=True, live=True)


@pytest.mark.parametrize(
    ("environ", "plain"),
    [
        (XTERM, True),
        (XTERM | {"TERM": "dumb"}, False),
        (XTERM | {"NO_COLOR": "1"}, False),
        ({"LANG": "C.UTF-8"}, False),
    ],
)
def test_nothing_but_lines_where_that_is_wanted(
    terminal: TextIO, environ: dict[str, str], *, plain: bool
) -> None:
    assert screen_of(terminal, terminal, environ, plain=plain) == Screen()


def test_pipes_and_files(terminal: TextIO) -> None:
    file = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    assert screen_of(file, terminal, XTERM, plain=False) == Screen()
    assert screen_of(terminal, file, XTERM, plain=False) == Screen(coloured=True)


@pytest.mark.parametrize(
    ("environ", "encoding", "ascii_only"),
    [
        ({}, "utf-8", False),
        ({"LANG": "C"}, "utf-8", True),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "POSIX"}, "utf-8", True),
        ({"LANG": "C", "LC_ALL": "C.UTF-8"}, "utf-8", False),
        ({"LANG": "de_DE.ISO-8859-1"}, "iso-8859-1", True),
    ],
)
def test_alphabets(environ: dict[str, str], encoding: str, *, ascii_only: bool) -> None:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    assert screen_of(file, file, environ, plain=False).ascii_only == ascii_only


def test_without_rich_there_are_lines() -> None:
    """It is an extra; nothing but the display needs it."""
    program = (
        "import sys; sys.modules['rich'] = None\n"
        "import exporter.cli\n"
        "from exporter.terminal.screen import screen_of\n"
        "print(screen_of(sys.stdout, sys.stderr, {'TERM': 'xterm'}, plain=False).live)\n"
        "sys.exit(any(name.startswith('rich.') for name in sys.modules))"
    )
    other, own = pty.openpty()
    with os.fdopen(own, "wb"), os.fdopen(other, "rb") as read:
        subprocess.run([sys.executable, "-c", program], check=True, stdout=own, stderr=own)
        assert b"False" in read.readline()


class Watched:
    """An examination that shows one progress."""

    def run(self, show: Callable[[Progress], None]) -> Report:
        show(progress())
        return ILL

    def end(self) -> None:
        """It has ended."""


@pytest.mark.parametrize("live", [True, False])
def test_progress_is_shown_as_it_can_be(*, live: bool) -> None:
    errors = io.StringIO()
    watched(Watched(), Screen(live=live), errors)
    assert ("\x1b[?1049h" in errors.getvalue()) == live
    assert "open in 61 ms" in errors.getvalue()


@pytest.mark.parametrize("coloured", [True, False])
def test_reports_are_written_as_they_can_be(*, coloured: bool) -> None:
    output = io.StringIO()
    write(
        ILL, Paper(form=Form.TEXT, host="app-1", reading=diagnosed, screen=Screen(coloured=coloured)), output
    )
    assert ("\x1b[" in output.getvalue()) == coloured
    assert "What to do:" in output.getvalue()
