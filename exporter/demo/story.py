"""What the demo says on the terminal: a line for whatever somebody should know of, and no other."""

import logging
import re
import textwrap
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from exporter.settings import format_duration

UNPRINTABLE: Final = re.compile(r"[^\x20-\x7e\xa0-\U0010ffff]+")
"""What must not reach a terminal out of somebody else's words."""
WHO: Final = 13
NARROWEST: Final = 20
"""Columns for who it is that a line is about, and for what there is to say, at least."""


@dataclass(frozen=True, slots=True)
class Use:
    """One use of the application's pool: when it began (monotonic), its `pool_recycle`, whether it failed."""

    at: float
    recycle: int
    failed: bool


class Story:
    """Tells what the application meets, what the exporter finds, and what comes of heeding that.

    `heed` hands the recommended pool_recycle to the application, where that is wanted; how often it fails is
    then compared over `stretch` seconds before and after. Lines have `width` columns at most. May be told
    things from any thread.
    """

    def __init__(
        self,
        say: Callable[[str], None],
        *,
        stretch: float,
        heed: Callable[[int], None] | None,
        width: int = 100,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._say = say
        self._width = width
        self._stretch = stretch
        self._heed = heed
        self._now = now
        self._begun = now()
        self._lock = threading.Lock()
        self._uses: list[Use] = []
        self._error: str | None = None
        self._named: str | None = None
        self._recycle: int | None = None
        self._proven: str | None = None
        self._heeded: float | None = None
        self._compared = False

    def used(self, told: Mapping[str, Any]) -> None:
        """Take in how a use of the application's pool went, in its own words."""
        with self._lock:
            error, before = told["error"], self._error
            self._error = error
            self._uses.append(Use(told["begun"], told["recycle"], error is not None))
            if error is not None and error != before:  # of a row of failures, the first
                waited = f"no answer for {told['seconds']:.0f} s: " if told["seconds"] >= 1 else ""
                self._tell("application", f"{waited}{error}")
            self._compare()

    def logged(self, record: logging.LogRecord) -> None:
        """Take in a line of the exporter's log."""
        fields = getattr(record, "fields", {})
        with self._lock:
            match record.getMessage():
                case "incident named" if fields["cause"] != self._named:
                    self._named = fields["cause"]
                    self._tell("conndrop", f"names a cause: {fields['cause']}", str(fields["summary"]))
                case "idle timeout found" if self._recycle is None:
                    self._found(fields)
                case "idle timeout found" if fields["cause"] not in ("unknown", self._proven):
                    self._proven = fields["cause"]
                    self._tell("conndrop", f"has tried in five ways who ends them: {self._proven}")

    def end(self) -> str:
        """Give the last line, once all has ended."""
        with self._lock:
            failed = sum(use.failed for use in self._uses)
            return "\n".join(
                self._lines("end", f"the application met {_errors(failed)}; nothing of the demo is left")
            )

    def _found(self, fields: Mapping[str, str]) -> None:
        """Tell what is known of the timeout, and what to do about it; do it where that is wanted."""
        recycle = self._recycle = round(float(fields["pool_recycle"]))
        self._tell(
            "conndrop",
            f"found: connections live when idle for {fields['survived']} s, and not for {fields['killed']} s",
            f"to do: create_engine(…, pool_recycle={recycle})",
        )
        if self._heed is None:
            self._tell("", "With --apply the application does so, and its errors stop.")
            return
        self._heeded = self._now()
        self._heed(recycle)
        self._tell("application", f"has pool_recycle={recycle} from now on")

    def _compare(self) -> None:
        """Compare the application before and after, once it has been so for long enough."""
        now, since, stretch = self._now(), self._heeded, self._stretch
        if self._compared or since is None or now < since + stretch:
            return
        self._compared = True
        before = sum(use.failed for use in self._uses if since - stretch <= use.at < since)
        # One that begins before the application has read what to do is of neither.
        heeding = [use for use in self._uses if use.recycle == self._recycle]
        after = sum(use.failed for use in heeding if since <= use.at < since + stretch)
        last = format_duration(round(stretch))
        verdict = "" if after else ": the errors have stopped"
        self._tell("application", f"{_errors(before)} in the {last} before, {after or 'none'} after{verdict}")

    def _tell(self, who: str, *lines: str) -> None:
        self._say("\n".join(self._lines(who, *lines)))

    def _lines(self, who: str, *lines: str) -> Iterator[str]:
        """Put before the first line when it was and who is meant, and break those that are too long."""
        minutes, seconds = divmod(round(self._now() - self._begun), 60)
        first = f"{minutes:02}:{seconds:02}  {who:<{WHO}}"
        for line in lines:
            for part in textwrap.wrap(UNPRINTABLE.sub(" ", line), max(NARROWEST, self._width - len(first))):
                yield f"{first}{part}"
                first = " " * len(first)


class Ear(logging.Handler):
    """Hears what the exporter logs."""

    def __init__(self, heard: Callable[[logging.LogRecord], None]) -> None:
        super().__init__(logging.INFO)
        self._heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        """Pass on what was logged."""
        self._heard(record)


def _errors(count: int) -> str:
    return f"{count} error{'' if count == 1 else 's'}"
