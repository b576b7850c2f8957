"""The command line."""

import io
import os
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

from exporter.cli.output import VERSION, OutputLost, complain
from exporter.cli.parsing import Parser

COMMANDS: Final[Mapping[str, str]] = {
    "run": "running",
    "check": "checking",
    "healthy": "healthy",
    "diagnose": "diagnose",
    "idle": "idle",
    "path": "path",
    "schema": "references",
    "metrics": "references",
    "causes": "causes",
    "alerts": "alerting",
    "dashboards": "dashboarding",
    "demo": "demo",
}
"""The module in which each command is; only that of the command asked for is loaded, as all take a second."""
END_WITHIN = 1.5
"""Seconds that threads may take to end once everything has been told to."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0 good, 1 cannot be done, 2 a mistake in the command."""
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115  it was closed: `>&-`
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115
    arguments = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # what a terminal cannot show must not end us
    try:
        parsed = _parser(arguments).parse_args(arguments)
        status: int = parsed.command(parsed)
    except KeyboardInterrupt:
        status = 130  # as a shell says it: ended by SIGINT
    except BrokenPipeError:  # whoever read us has gone
        status = 1
        _discard_output()
    except OutputLost as error:
        status = 2
        _discard_output()
        complain(str(error))
    _end_soon(status)
    return status


def _discard_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser(words: Sequence[str] = ()) -> Parser:
    parser = Parser(prog="conndrop", description="Finds out why database connections drop.")
    parser.add_argument("--version", action="version", version=VERSION)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for module in _wanted(words):
        import_module(f"{__name__}.{module}").add(commands)
    return parser


def _wanted(words: Sequence[str]) -> Iterable[str]:
    """Give the modules that are needed to understand these words."""
    if words[:1] == ["--version"]:
        return ()
    return (COMMANDS[words[0]],) if words and words[0] in COMMANDS else dict.fromkeys(COMMANDS.values())


def _end_soon(status: int) -> None:
    """See to it that the process ends even if a thread hangs in a library."""
    last_resort = threading.Timer(END_WITHIN, os._exit, (status,))
    last_resort.daemon = True
    last_resort.start()
