"""The path to one host, live, with mtr's keys."""

import sys
import threading
from dataclasses import replace
from typing import Final

from rich.console import Console
from rich.live import Live

from exporter.terminal.ending import ending
from exporter.terminal.keyboard import Keyboard, keyboard
from exporter.terminal.path import Watch, status
from exporter.terminal.path_report import Style
from exporter.terminal.path_table import Scene, View, last_words, screen

FRAME: Final = 0.25
"""Seconds between two looks at what has changed."""
END_WITHIN: Final = 2.0
"""Seconds that the round under way may take to end."""


def live(watch: Watch, style: Style) -> int:
    """Show the table until the rounds are over or somebody ends it; gives the exit status."""
    console = Console(highlight=False, markup=False, emoji=False)
    display = _Display(watch, View(style=style))
    tracing = _Tracing(watch)
    with ending(watch.stop.throw, at_once=False) as told:  # the terminal is put back
        try:
            with (
                keyboard(sys.stdin.fileno()) as keys,
                Live(console=console, screen=True, auto_refresh=False) as window,
            ):
                tracing.start()
                display.run(window, keys, tracing)
        finally:
            watch.stop.throw()
            if tracing.ident is not None:
                tracing.join(END_WITHIN)
        tracing.check()
        console.print(last_words(display.scene(), display.view, console.width))
    return status(watch.verdict(), told.signal)


class _Tracing(threading.Thread):
    """The rounds, beside the table; what goes wrong in them is raised by `check`."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(name="path", daemon=True)
        self._watch = watch
        self._error: BaseException | None = None

    def run(self) -> None:
        """Go round until there were enough rounds, or the switch is thrown."""
        try:
            self._watch.tracer.run(self._watch.seen)
        except BaseException as error:  # noqa: BLE001  carried to whoever asks
            self._error = error

    def check(self) -> None:
        """Raise what ended the rounds."""
        if self._error is not None:
            raise self._error


class _Display:
    """What is on the screen, and what keys do to it."""

    def __init__(self, watch: Watch, view: View) -> None:
        self._watch = watch
        self.view = view

    def run(self, window: Live, keys: Keyboard, tracing: threading.Thread) -> None:
        while not self._watch.stop.thrown and tracing.is_alive():
            window.update(screen(self.scene(), self.view, window.console), refresh=True)
            for key in keys.keys(FRAME):
                self._press(key)

    def scene(self) -> Scene:
        """Give what is known at this moment."""
        watch = self._watch
        return Scene(
            source=watch.source,
            destination=watch.destination,
            naming=watch.naming,
            trace=watch.seen.trace(),
            verdict=watch.verdict(),
        )

    def _press(self, key: str) -> None:
        view = self.view
        if view.help:
            self.view = replace(view, help=False)
            return
        match key:
            case "q" | "\x04":
                self._watch.stop.throw()
            case "p":
                self._watch.tracer.paused.set()
            case " ":
                self._watch.tracer.paused.clear()
            case "r":
                self._watch.seen.reset()
            case "n":
                self.view = replace(view, style=replace(view.style, names=not view.style.names))
            case "d":
                self.view = replace(view, jitter=not view.jitter)
            case "?" | "h":
                self.view = replace(view, help=True)
        self.view = replace(self.view, paused=self._watch.tracer.paused.is_set())
