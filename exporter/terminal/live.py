"""What needs rich: a screen that changes, and colours. Imported only where there is a terminal for it."""

import contextlib
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from exporter.examination.report import Progress
from exporter.terminal.parts import Line, Tone
from exporter.terminal.progress import frame

STYLES: Final[Mapping[Tone, str]] = {
    Tone.PLAIN: "",
    Tone.STRONG: "bold",
    Tone.FAINT: "dim",
    Tone.GOOD: "green",
    Tone.NOTICE: "bold yellow",
    Tone.BAD: "bold red",
}


@contextlib.contextmanager
def living(stream: TextIO, *, ascii_only: bool) -> Iterator[Callable[[Progress], None]]:
    """Give what shows progress on a screen of its own, which goes with the block as it came.

    Ctrl-Z does nothing meanwhile: a shell would come back to a screen that is not its own, without a cursor.
    """
    console = Console(file=stream, force_terminal=True)

    def show(progress: Progress) -> None:
        lines = frame(progress, console.width, console.height, ascii_only=ascii_only)
        live.update(_text(lines), refresh=True)

    before = signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    try:
        with Live(
            console=console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
        ) as live:
            yield show
    finally:
        signal.signal(signal.SIGTSTP, before)


def coloured(lines: Iterable[Line], stream: TextIO) -> None:
    """Write lines in colours; none is broken."""
    console = Console(file=stream, force_terminal=True)
    for line in lines:
        console.print(_text([line]), soft_wrap=True)


def _text(lines: Iterable[Line]) -> Text:
    text = Text(no_wrap=True, overflow="crop")
    for number, line in enumerate(lines):
        text.append("\n" if number else "")
        for told, tone in line:
            text.append(told, STYLES[tone])
    text.rstrip()
    return text
