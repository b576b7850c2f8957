"""Log lines: one event a line, as logfmt or JSON, whatever a peer may have put into its words."""

import json
import logging
import re
import sys
import time
from typing import Any, TextIO

LEVELS = ("debug", "info", "warn", "error")
FORMATS = ("logfmt", "json")

_PLAIN = re.compile(r"[^\s\"=\\\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_MOST_CHARACTERS = 4000
"""What of one value is kept; a peer can say as much as it likes."""


def set_up(level: str, style: str, stream: TextIO = sys.stderr) -> None:
    """Send our log to `stream` in the given style, from `level` on."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Lines(style))
    logging.basicConfig(handlers=[handler], level=getattr(logging, level.upper()), force=True)
    # They report each run of each job as an event of its own.
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    # It tells of each client that makes no sense or breaks off; anybody could fill the log.
    logging.getLogger("tornado.general").setLevel(logging.ERROR)


class _Lines(logging.Formatter):
    """Writes a record and its `fields` as one line."""

    def __init__(self, style: str) -> None:
        super().__init__()
        self._write = _json if style == "json" else _logfmt

    def format(self, record: logging.LogRecord) -> str:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        level = "warn" if record.levelno == logging.WARNING else record.levelname.lower()
        event: dict[str, Any] = {
            "ts": f"{stamp}.{int(record.msecs):03d}Z",
            "level": level,
            "msg": record.getMessage(),
        }
        event |= getattr(record, "fields", {})
        if record.exc_info:
            event["traceback"] = self.formatException(record.exc_info)
        return self._write({name: _shortened(value) for name, value in event.items()})


def _shortened(value: object) -> object:
    if isinstance(value, str) and len(value) > _MOST_CHARACTERS:
        return value[:_MOST_CHARACTERS] + "…"
    return value


def _json(event: dict[str, object]) -> str:
    return json.dumps(event, default=str)


def _logfmt(event: dict[str, object]) -> str:
    return " ".join(f"{name}={_quoted(str(value))}" for name, value in event.items())


def _quoted(text: str) -> str:
    # JSON's quoting is what logfmt readers undo, and it leaves no control character in.
    return text if _PLAIN.fullmatch(text) else json.dumps(text)
