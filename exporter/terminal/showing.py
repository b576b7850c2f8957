"""An examination carried out before somebody's eyes, and its report in the form that was asked for."""

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TextIO

from exporter.examination.report import Progress, Report
from exporter.terminal.document import document
from exporter.terminal.markdown import markdown
from exporter.terminal.parts import Part, lined, written
from exporter.terminal.progress import News
from exporter.terminal.screen import Screen

Reading = Callable[[Report], Iterable[Part]]
"""From a report to what people read."""


class Form(StrEnum):
    """In what form a report is written."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """In what form a report is written, on which `host` it was made, and what it is read on."""

    form: Form
    host: str
    reading: Reading
    screen: Screen


class Examining(Protocol):
    """What is watched."""

    def run(self, show: Callable[[Progress], None]) -> Report:
        """Look, show how far it has got, and report."""
        ...

    def end(self) -> None:
        """Have `run` return soon."""
        ...


def watched(examination: Examining, screen: Screen, errors: TextIO) -> Report:
    """Carry out an examination, with its progress on `errors`."""
    with _shown(screen, errors) as show:
        return examination.run(show)


def write(report: Report, paper: Paper, output: TextIO) -> None:
    """Write a report."""
    screen = paper.screen
    if paper.form is Form.JSON:
        told = json.dumps(document(report, paper.host), indent=2, ensure_ascii=screen.ascii_only)
        output.write(f"{told}\n")
    elif paper.form is Form.MARKDOWN:
        output.write(f"{markdown(report, paper.host)}\n")
    else:
        lines = lined(paper.reading(report), screen.width, ascii_only=screen.ascii_only)
        if screen.coloured:
            from exporter.terminal.live import coloured  # noqa: PLC0415  rich is an extra

            coloured(lines, output)
        else:
            output.writelines(f"{written(line)}\n" for line in lines)
    output.flush()


def discard(stream: TextIO) -> None:
    """Send to nowhere what has been and will be written to a stream that takes no more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextlib.contextmanager
def _shown(screen: Screen, errors: TextIO) -> Iterator[Callable[[Progress], None]]:
    """Give what shows progress."""
    if screen.live:
        from exporter.terminal.live import living  # noqa: PLC0415  rich is an extra

        with living(errors, ascii_only=screen.ascii_only) as show:
            yield show
        return
    news = News()

    def tell(progress: Progress) -> None:
        try:
            errors.writelines(f"{line}\n" for line in news.lines(progress))
            errors.flush()
        except OSError:  # whoever read the progress has gone, and the report is still wanted
            discard(errors)

    yield tell
