"""Examinations as tests run them."""

import os
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import URL

from exporter.examination.examination import Examination
from exporter.examination.plan import Plan
from exporter.examination.report import Finding, Progress, Report, Side, State
from exporter.model import Cause


class Shown:
    """Takes in progress, and does something once it is as a test wants it."""

    def __init__(
        self, when: Callable[[Progress], bool] = lambda _: False, then: Callable[[], object] = lambda: None
    ) -> None:
        self.all: list[Progress] = []
        self._when, self._then = when, then

    def __call__(self, progress: Progress) -> None:
        self.all.append(progress)
        if self._when(progress):
            self._then()


def examined(where: str, show: Callable[[Progress], None] = lambda _: None, **plan: Any) -> Report:
    """Examine what stands there."""
    return Examination(Plan(where=where, **plan)).run(show)


def states(report: Report) -> Mapping[Side, State]:
    """Give how far each side has got."""
    return {look.side: look.state for look in report.looks}


def causes(report: Report) -> list[Cause | None]:
    """Give the causes of all findings."""
    return [finding.cause for finding in report.findings]


def of(report: Report, cause: Cause | None) -> Finding:
    """Give the one finding of a cause."""
    (found,) = (finding for finding in report.findings if finding.cause is cause)
    return found


def called(text: str) -> tuple[dict[str, Any], URL]:
    """Run what is printed up to the call itself; give its keywords, and the URL."""
    names: dict[str, Any] = {"taken": lambda url, **words: (words, url)}
    exec(re.sub(r"^engine = \w+", "engine = taken", text, flags=re.MULTILINE), names)  # noqa: S102  what it is for
    keywords, url = names["engine"]
    return keywords, url


def alive() -> set[str]:
    """Name all threads, and this process's children."""
    tasks = f"/proc/{os.getpid()}/task"
    children = "".join(_read(f"{tasks}/{task}/children") for task in os.listdir(tasks))  # noqa: PTH208  as text
    return {*children.split(), *(f"{thread.name} {thread.ident}" for thread in threading.enumerate())}


def _read(path: str) -> str:
    try:
        with open(path) as file:  # noqa: PTH123  a thread may have gone
            return file.read()
    except OSError:
        return ""
