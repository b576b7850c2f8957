"""An examination carried out before somebody's eyes, and its report in the form that was asked for."""

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import Protocol, TextIO

from exporter.examination.report import Progress, Report
from exporter.terminal.document import document
from exporter.terminal.interrupting import interrupted
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


class Examining(Protocol):
    """What is watched."""

    def run(self, show: Callable[[Progress], None]) -> Report:
        """Look, show how far it has got, and report."""
        ...

    def end(self) -> None:
        """Have `run` return soon."""
        ...


def watched(examination: Examining, screen: Screen, errors: TextIO) -> Report:
    """Carry out an examination, with its progress on `errors`; Ctrl-C ends it."""
    with _shown(screen, errors) as show, interrupted(examination.end):
        return examination.run(show)


def report_in(form: Form, report: Report, host: str, reading: Reading, screen: Screen, output: TextIO) -> None:
    """Write a report made on `host` to `output`."""
    if form is Form.JSON:
        output.write(json.dumps(document(report, host), indent=2, ensure_ascii=screen.ascii_only) + "\n")
    elif form is Form.MARKDOWN:
        output.write(markdown(report, host) + "\n")
    else:
        lines = lined(reading(report), screen.width, ascii_only=screen.ascii_only)
        if screen.coloured:
            from exporter.terminal.live import coloured  # noqa: PLC0415  rich is an extra

            coloured(lines, output)
        else:
            output.writelines(f"{written(line)}\n" for line in lines)
    output.flush()


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
        for line in news.lines(progress):
            errors.write(f"{line}\n")
        errors.flush()

    yield tell
