"""Log lines, one to each event: a message as logfmt, and the same as fields of the record.

No line holds what came from a server, from a statement or its parameters: only names of our own, codes,
and names of classes.
"""

import json
import logging
import os
import re
from contextvars import ContextVar
from typing import Final

NAME: Final = "conndrop.app"
PLAIN: Final = re.compile(r"[^\s\"=\\\x00-\x1f\x7f-\x9f\u2028\u2029]+")

SAYING: Final[ContextVar[bool]] = ContextVar("conndrop_saying", default=False)
"""Whether a line is being written, in this thread or task."""


def logger() -> logging.Logger:
    """Give the logger of the instrumentation."""
    return logging.getLogger(NAME)


def say(log: logging.Logger, level: int, event: str, target: str, **words: object) -> None:
    """Write a line; words that are None or empty are left out.

    What a handler does at the database, as one does that writes lines to a table, is told no line of: it
    would be for ever. No error of a handler's reaches the application, which has not called it.
    """
    if SAYING.get() or not log.isEnabledFor(level):
        return
    told = {"event": event, "target": target, **words}
    told = {name: word for name, word in told.items() if word not in (None, "")} | {"pid": os.getpid()}
    token = SAYING.set(True)
    try:
        _write(log, level, told)
    except Exception:  # noqa: BLE001, S110  whoever writes lines has failed: there is nowhere to tell it
        pass
    finally:
        SAYING.reset(token)


def _write(log: logging.Logger, level: int, told: dict[str, object]) -> None:
    line = " ".join(f"{name}={_quoted(word)}" for name, word in told.items())
    try:
        log.log(level, line, extra=told)
    except KeyError:  # the application's own records have a field of one of these names already
        log.log(level, line)


def _quoted(word: object) -> str:
    text = f"{word:.3f}" if isinstance(word, float) else str(word)
    # JSON's quoting is what logfmt readers undo, and it leaves no control character in.
    return text if PLAIN.fullmatch(text) else json.dumps(text)
