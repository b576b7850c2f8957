"""Log lines, one to each event: a message as logfmt, and the same as fields of the record.

No line holds what came from a server, from a statement or its parameters: only names of our own, codes,
and names of classes.
"""

import json
import logging
import os
import re
from typing import Final

NAME: Final = "conndrop.app"
PLAIN: Final = re.compile(r"[^\s\"=\\\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def logger() -> logging.Logger:
    """Give the logger of the instrumentation."""
    return logging.getLogger(NAME)


def say(log: logging.Logger, level: int, event: str, target: str, **words: object) -> None:
    """Write a line; words that are None or empty are left out."""
    if not log.isEnabledFor(level):
        return
    told = {"event": event, "target": target, **words}
    told = {name: word for name, word in told.items() if word not in (None, "")} | {"pid": os.getpid()}
    log.log(level, " ".join(f"{name}={_quoted(word)}" for name, word in told.items()), extra=told)


def _quoted(word: object) -> str:
    text = f"{word:.3f}" if isinstance(word, float) else str(word)
    # JSON's quoting is what logfmt readers undo, and it leaves no control character in.
    return text if PLAIN.fullmatch(text) else json.dumps(text)
